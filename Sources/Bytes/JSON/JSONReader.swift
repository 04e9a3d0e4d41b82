/// A piece of a JSON text.
package enum JSONEvent: Sendable, Equatable {
    case beginObject
    case endObject
    case beginArray
    case endArray
    /// The name of the member whose value comes next.
    case name(String)
    case string(String)
    case integer(Int64)
    /// An integer that only fits without a sign.
    case unsigned(UInt64)
    /// A number with a fraction or an exponent, or an integer of more than 64 bits, rounded to the nearest double.
    case number(Double)
    case bool(Bool)
    case null
    /// The text is complete.
    case end
}

/// Reads a JSON text piece by piece, holding none of it: a million numbers cost nothing but their events.
///
/// Follows RFC 8259 in UTF-8, and is stricter where readers differ: a name twice in an object, a byte-order mark, and a number beyond the range of a
/// double are errors. A lone surrogate (`\ud800`) becomes U+FFFD. `NaN`, `Infinity` and `-Infinity` are accepted only with `allowsNonFinite`.
@safe
package struct JSONReader {
    private struct Level {
        var isObject: Bool
        var isEmpty = true
        // By bytes: Swift calls composed and decomposed accents equal, JSON does not.
        var names: Set<[UInt8]> = []
    }

    private let region: ByteRegion
    private let base: UnsafeRawPointer
    private let count: Int
    private let depthLimit: Int
    private let allowsNonFinite: Bool
    private var levels: [Level] = []
    private var awaitsValue = true
    private var position = 0
    /// Where the last piece starts, counted from the region's start.
    package private(set) var offset = 0

    package init(_ region: ByteRegion, limits: Limits = Limits(), allowsNonFinite: Bool = false) throws(ONNXError) {
        self.region = region
        unsafe base = unsafe region.unsafeBase
        count = region.count
        depthLimit = limits.jsonDepth
        self.allowsNonFinite = allowsNonFinite
        guard count <= limits.jsonBytes else {
            throw ONNXError(
                .limit, "a JSON text of \(count) bytes is above the limit of \(limits.jsonBytes)", place: [quoted(region.file.name)],
                remedy: "raise the limit jsonBytes")
        }
        switch (byte(0), byte(1)) {
        case (0xEF, 0xBB): throw error(.malformed, "begins with a byte-order mark, which JSON must not have", remedy: "save it as UTF-8 without BOM")
        case (0xFE, 0xFF), (0xFF, 0xFE): throw error(.malformed, "is UTF-16, but JSON must be UTF-8", remedy: "save it as UTF-8 without BOM")
        default: break
        }
    }

    /// The next piece.
    package mutating func next() throws(ONNXError) -> JSONEvent {
        defer { withExtendedLifetime(region) {} }
        skipSpace()
        offset = position
        guard let last = levels.indices.last else {
            if awaitsValue {
                awaitsValue = false
                return try value()
            }
            guard position == count else { throw unexpected("the end") }
            return .end
        }
        if awaitsValue {
            awaitsValue = false
            return try value()
        }
        if byte(position) == (levels[last].isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
            position += 1
            return levels.removeLast().isObject ? .endObject : .endArray
        }
        if !levels[last].isEmpty {
            try take(UInt8(ascii: ","), levels[last].isObject ? "\",\" or \"}\"" : "\",\" or \"]\"")
            skipSpace()
            offset = position
        }
        levels[last].isEmpty = false
        return levels[last].isObject ? try name(last) : try value()
    }

    /// Passes over the rest of the value whose first piece was `event`.
    package mutating func skip(_ event: JSONEvent) throws(ONNXError) {
        guard event == .beginObject || event == .beginArray else { return }
        let depth = levels.count - 1
        while levels.count > depth { _ = try next() }
    }

    /// An error at the last piece, or at `offset`.
    package func error(_ code: ONNXError.Code, _ message: String, at offset: Int? = nil, remedy: String? = nil) -> ONNXError {
        let offset = offset ?? self.offset
        var line = 1
        var column = 1
        for index in 0..<min(offset, count) {
            let byte = byte(index)
            if byte == UInt8(ascii: "\n") { (line, column) = (line + 1, 1) } else if byte & 0xC0 != 0x80 { column += 1 }
        }
        let place = "line \(line), column \(column) (offset \(region.offset + offset))"
        return ONNXError(code, message, place: [quoted(region.file.name), place], remedy: remedy)
    }

    /// The byte at `index`, or 0, which no JSON text contains, after the end.
    @inline(__always)
    private func byte(_ index: Int) -> UInt8 {
        index < count ? unsafe base.load(fromByteOffset: index, as: UInt8.self) : 0
    }

    private mutating func skipSpace() {
        while true {
            switch byte(position) {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    private mutating func take(_ expected: UInt8, _ what: String) throws(ONNXError) {
        guard byte(position) == expected else { throw unexpected(what) }
        position += 1
    }

    private func unexpected(_ expected: String) -> ONNXError {
        guard position < count else { return error(.malformed, "the JSON text ends where \(expected) is expected", at: position) }
        let found = byte(position)
        let name = found > 0x20 && found < 0x7F ? "\"\(Character(Unicode.Scalar(found)))\"" : "byte \(found)"
        return error(.malformed, "\(name) found where \(expected) is expected", at: position)
    }

    private mutating func name(_ level: Int) throws(ONNXError) -> JSONEvent {
        guard byte(position) == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
        let name = try string()
        guard levels[level].names.insert(Array(name.utf8)).inserted else { throw error(.malformed, "the name \"\(quoted(name))\" occurs twice in one object") }
        skipSpace()
        try take(UInt8(ascii: ":"), "\":\"")
        awaitsValue = true
        return .name(name)
    }

    private mutating func value() throws(ONNXError) -> JSONEvent {
        switch byte(position) {
        case UInt8(ascii: "{"):
            try open(isObject: true)
            return .beginObject
        case UInt8(ascii: "["):
            try open(isObject: false)
            return .beginArray
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t") where takes("true"): return .bool(true)
        case UInt8(ascii: "f") where takes("false"): return .bool(false)
        case UInt8(ascii: "n") where takes("null"): return .null
        case UInt8(ascii: "N") where takes("NaN"): return .number(try nonFinite(.nan))
        case UInt8(ascii: "I") where takes("Infinity"): return .number(try nonFinite(.infinity))
        default: throw unexpected("a value")
        }
    }

    private mutating func open(isObject: Bool) throws(ONNXError) {
        guard levels.count < depthLimit else {
            throw error(.limit, "arrays and objects are nested more than \(depthLimit) deep", at: position, remedy: "raise the limit jsonDepth")
        }
        position += 1
        levels.append(Level(isObject: isObject))
    }

    private mutating func takes(_ word: StaticString) -> Bool {
        let end = position + word.utf8CodeUnitCount
        for index in 0..<word.utf8CodeUnitCount {
            let expected = unsafe word.utf8Start[index]
            if byte(position + index) != expected { return false }
        }
        position = end
        return true
    }

    private func nonFinite(_ value: Double) throws(ONNXError) -> Double {
        guard allowsNonFinite else { throw error(.malformed, "\(value.isNaN ? "NaN" : "Infinity") is not a JSON value", remedy: "write it as a string") }
        return value
    }

    private func text(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        let range = range.clamped(to: 0..<count)
        return unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count).assumingMemoryBound(to: UInt8.self)
    }
}

// Numbers.
extension JSONReader {
    private mutating func number() throws(ONNXError) -> JSONEvent {
        let start = position
        let isNegative = byte(position) == UInt8(ascii: "-")
        if isNegative {
            position += 1
            if byte(position) == UInt8(ascii: "I"), takes("Infinity") { return .number(-(try nonFinite(.infinity))) }
        }
        var digits = Digits()
        let first = position
        try takeDigits(&digits)
        guard position == first + 1 || byte(first) != UInt8(ascii: "0") else { throw error(.malformed, "a number begins with a needless 0") }
        var isInteger = true
        var scale = 0
        if byte(position) == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            let fraction = position
            try takeDigits(&digits)
            scale = fraction - position
        }
        if byte(position) | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            scale += try takeExponent()
        }
        if isInteger, !digits.overflowed {
            if !isNegative { return Int64(exactly: digits.value).map { .integer($0) } ?? .unsigned(digits.value) }
            if digits.value <= UInt64(Int64.max) + 1 { return .integer(Int64(truncatingIfNeeded: 0 &- digits.value)) }
        }
        if let value = digits.scaled(by: scale) { return .number(isNegative ? -value : value) }
        let digitsText = unsafe String(decoding: text(start..<position), as: UTF8.self)
        guard let value = Double(digitsText), value.isFinite else {
            throw error(.malformed, "the number is beyond the range of a double")
        }
        return .number(value)
    }

    private mutating func takeDigits(_ digits: inout Digits) throws(ONNXError) {
        let start = position
        while true {
            let digit = byte(position) &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            digits.append(digit)
            position += 1
        }
        guard position > start else { throw unexpected("a digit") }
    }

    /// The exponent; beyond ±9999 it stays there, which no longer matters.
    private mutating func takeExponent() throws(ONNXError) -> Int {
        position += 1
        let isNegative = byte(position) == UInt8(ascii: "-")
        if isNegative || byte(position) == UInt8(ascii: "+") { position += 1 }
        var digits = Digits()
        try takeDigits(&digits)
        let size = digits.overflowed ? 9999 : Int(min(digits.value, 9999))
        return isNegative ? -size : size
    }

    private struct Digits {
        var value: UInt64 = 0
        var overflowed = false

        mutating func append(_ digit: UInt8) {
            let (tens, high) = value.multipliedReportingOverflow(by: 10)
            let (sum, low) = tens.addingReportingOverflow(UInt64(digit))
            value = sum
            if high || low { overflowed = true }
        }

        /// value · 10^scale where one rounding gives the exact answer (Clinger's fast path).
        func scaled(by scale: Int) -> Double? {
            guard !overflowed, value <= 1 << 53, scale >= -22, scale <= 22 else { return nil }
            return scale < 0 ? Double(value) / powersOfTen[-scale] : Double(value) * powersOfTen[scale]
        }
    }
}

private let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]

// Strings.
extension JSONReader {
    private mutating func string() throws(ONNXError) -> String {
        let start = position + 1
        position = start
        while true {
            switch byte(position) {
            case UInt8(ascii: "\""):
                position += 1
                return try utf8(start..<(position - 1))
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw unexpected("a character of a string, or \"\\\"\" at its end")
            default: position += 1
            }
        }
    }

    private func utf8(_ range: Range<Int>) throws(ONNXError) -> String {
        guard let text = unsafe String(validating: text(range), as: UTF8.self) else { throw error(.malformed, "a string is not UTF-8") }
        return text
    }

    private mutating func escapedString(from start: Int) throws(ONNXError) -> String {
        var result = try utf8(start..<position)
        var plain = position
        while true {
            switch byte(position) {
            case UInt8(ascii: "\""):
                result += try utf8(plain..<position)
                position += 1
                return result
            case UInt8(ascii: "\\"):
                result += try utf8(plain..<position)
                position += 1
                result.unicodeScalars.append(try escape())
                plain = position
            case 0..<0x20: throw unexpected("a character of a string, or \"\\\"\" at its end")
            default: position += 1
            }
        }
    }

    private mutating func escape() throws(ONNXError) -> Unicode.Scalar {
        let letter = byte(position)
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): position += 1
        case UInt8(ascii: "u"):
            position += 1
            return try codePoint()
        default:
            guard let control = controls[letter] else { throw unexpected("one of \"\\/bfnrtu after a backslash") }
            position += 1
            return control
        }
        return Unicode.Scalar(letter)
    }

    private mutating func codePoint() throws(ONNXError) -> Unicode.Scalar {
        let first = try hex4()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, byte(position) == UInt8(ascii: "\\"), byte(position + 1) == UInt8(ascii: "u") else { return "\u{FFFD}" }
        let second = position
        position += 2
        let low = try hex4()
        guard (0xDC00..<0xE000).contains(low), let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (low - 0xDC00)) else {
            position = second
            return "\u{FFFD}"
        }
        return scalar
    }

    private mutating func hex4() throws(ONNXError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(byte(position))).hexDigitValue else { throw unexpected("a hexadecimal digit") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}

private let controls: [UInt8: Unicode.Scalar] = [
    UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
]
