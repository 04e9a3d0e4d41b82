internal import Bytes

/// The Python literals that the header of a .npy file consists of.
enum PythonLiteral: Equatable {
    case string(String)
    case integer(Int)
    case bool(Bool)
    /// A tuple or a list.
    case list([PythonLiteral])
    case dictionary([String: PythonLiteral])

    init(_ bytes: [UInt8]) throws(ONNXError) {
        var parser = Parser(bytes: bytes)
        self = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.peek == nil else { throw parser.unexpected("the end") }
    }

    private struct Parser {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

        func unexpected(_ expected: String) -> ONNXError {
            let found = peek.map { "\"\(quoted(String(UnicodeScalar($0))))\"" } ?? "the end"
            return ONNXError(.malformed, "the header has \(found) at its byte \(position), where \(expected) is expected")
        }

        mutating func skipSpace() {
            while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x09 { position += 1 }
        }

        private mutating func takes(_ byte: Character) -> Bool {
            skipSpace()
            guard peek == byte.asciiValue else { return false }
            position += 1
            return true
        }

        mutating func value(depth: Int) throws(ONNXError) -> PythonLiteral {
            guard depth < 8 else { throw ONNXError(.limit, "the header nests more than 8 deep") }
            skipSpace()
            switch peek {
            case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try string())
            case let byte? where isDigit(byte) || byte == UInt8(ascii: "-"): return .integer(try integer())
            case UInt8(ascii: "("): return .list(try list(until: ")", depth: depth))
            case UInt8(ascii: "["): return .list(try list(until: "]", depth: depth))
            case UInt8(ascii: "{"): return .dictionary(try dictionary(depth: depth))
            default:
                if takesWord("True") { return .bool(true) }
                if takesWord("False") { return .bool(false) }
                throw unexpected("a value")
            }
        }

        private mutating func takesWord(_ word: String) -> Bool {
            guard bytes[position...].starts(with: word.utf8) else { return false }
            position += word.utf8.count
            return true
        }

        private mutating func string() throws(ONNXError) -> String {
            let quote = bytes[position]
            position += 1
            let start = position
            while let byte = peek, byte != quote {
                guard byte != UInt8(ascii: "\\"), byte >= 0x20 else { throw unexpected("a plain character") }
                position += 1
            }
            guard peek == quote else { throw unexpected("the end of a string") }
            defer { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        private mutating func integer() throws(ONNXError) -> Int {
            let start = position
            if peek == UInt8(ascii: "-") { position += 1 }
            while let byte = peek, isDigit(byte) { position += 1 }
            let digits = String(decoding: bytes[start..<position], as: UTF8.self)
            guard let value = Int(digits) else { throw ONNXError(.malformed, "the header has the integer \(quoted(digits)), which is not possible") }
            // Python 2 wrote long integers so.
            if peek == UInt8(ascii: "L") { position += 1 }
            return value
        }

        private mutating func list(until end: Character, depth: Int) throws(ONNXError) -> [PythonLiteral] {
            position += 1
            var values: [PythonLiteral] = []
            while !takes(end) {
                values.append(try value(depth: depth + 1))
                guard takes(",") else {
                    guard takes(end) else { throw unexpected("\",\" or \"\(end)\"") }
                    break
                }
            }
            return values
        }

        private mutating func dictionary(depth: Int) throws(ONNXError) -> [String: PythonLiteral] {
            position += 1
            var values: [String: PythonLiteral] = [:]
            while !takes("}") {
                guard case .string(let key) = try value(depth: depth + 1) else { throw unexpected("a key in quotes") }
                guard takes(":") else { throw unexpected("\":\"") }
                guard values.updateValue(try value(depth: depth + 1), forKey: key) == nil else {
                    throw ONNXError(.malformed, "the header has the key '\(quoted(key))' twice")
                }
                guard takes(",") else {
                    guard takes("}") else { throw unexpected("\",\" or \"}\"") }
                    break
                }
            }
            return values
        }
    }
}

private func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
}
