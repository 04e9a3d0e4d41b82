/// Reads the numbers that Tools/unicode-tables writes: five bits a character from "0" on, low bits first, 32 added where more follow.
@safe
struct NumberReader {
    private let text: StaticString
    private var position = 0

    init(_ text: StaticString) { self.text = text }

    /// The next number, or 0 after the end.
    mutating func next() -> Int {
        var value = 0
        var shift = 0
        while position < text.utf8CodeUnitCount, shift < 60 {
            let character = unsafe text.utf8Start[position]
            position += 1
            guard character >= 48 else { continue }
            value |= Int((character - 48) & 31) << shift
            if character < 80 { break }
            shift += 5
        }
        return value
    }

    /// The next number with its sign.
    mutating func nextSigned() -> Int {
        let value = next()
        return value & 1 == 0 ? value >> 1 : -(value + 1) >> 1
    }
}
