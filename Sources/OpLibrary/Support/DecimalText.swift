/// Numbers as Cast writes them in strings.
enum DecimalText {
    /// The shortest digits that give the value back; without an exponent from 1e-4 up to 1e16.
    static func of<T: BinaryFloatingPoint & CustomStringConvertible>(_ value: T) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-INF" : "INF" }
        let text = value.description
        let magnitude = Double(value.magnitude)
        guard let mark = text.firstIndex(of: "e"), magnitude >= 1e-4, magnitude < 1e16, let exponent = Int(text[text.index(after: mark)...]) else {
            return text
        }
        let sign = value < 0 ? "-" : ""
        let parts = text[..<mark].drop { $0 == "-" }.split(separator: ".")
        let (whole, fraction) = (String(parts[0]), parts.count > 1 && parts[1] != "0" ? String(parts[1]) : "")
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + whole + fraction }
        let padded = fraction + String(repeating: "0", count: Swift.max(0, exponent - fraction.count))
        let rest = padded.dropFirst(exponent)
        return sign + whole + padded.prefix(exponent) + "." + (rest.isEmpty ? "0" : rest)
    }

    /// The number that `text` is, cut to a whole one; nil where the type can't hold it.
    static func wholeNumber<T: FixedWidthInteger>(_ text: String) -> T? { Double(text).flatMap { T(exactly: $0.rounded(.towardZero)) } }
}
