/// Writes a JSON text piece by piece to a sink; commas come by themselves.
///
/// Numbers have the fewest digits that read back to the same value; NaN and infinities are the strings "NaN", "Infinity" and "-Infinity".
package struct JSONWriter: ~Copyable {
    package typealias Sink = ([UInt8]) throws -> Void

    private let sink: Sink
    private var buffer: [UInt8] = []
    private var needsComma = false

    package init(to sink: @escaping Sink) {
        self.sink = sink
    }

    /// The text that `body` writes.
    package static func bytes(_ body: (inout JSONWriter) throws -> Void) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try withoutActuallyEscaping({ bytes += $0 }) { sink in
            var writer = JSONWriter(to: sink)
            try body(&writer)
            try writer.finish()
        }
        return bytes
    }

    /// Hands what is still buffered to the sink.
    package mutating func finish() throws {
        try sink(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Ends a line of JSON Lines.
    package mutating func endLine() throws {
        needsComma = false
        try append("\n")
        try finish()
    }

    package mutating func beginObject() throws { try open("{") }
    package mutating func endObject() throws { try close("}") }
    package mutating func beginArray() throws { try open("[") }
    package mutating func endArray() throws { try close("]") }

    /// The name of the member whose value comes next.
    package mutating func name(_ name: String) throws {
        try string(name)
        try append(":")
        needsComma = false
    }

    package mutating func null() throws { try scalar("null") }
    package mutating func bool(_ value: Bool) throws { try scalar(value ? "true" : "false") }
    package mutating func integer(_ value: some BinaryInteger) throws { try scalar(value.description) }
    package mutating func number(_ value: Double) throws { try scalar(value.isFinite ? value.description : nonFiniteName(value)) }
    package mutating func number(_ value: Float) throws { try scalar(value.isFinite ? value.description : nonFiniteName(Double(value))) }

    package mutating func string(_ value: String) throws {
        try comma()
        buffer.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): buffer += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): buffer += Array("\\n".utf8)
            case UInt8(ascii: "\r"): buffer += Array("\\r".utf8)
            case UInt8(ascii: "\t"): buffer += Array("\\t".utf8)
            case 0..<0x20: buffer += Array("\\u00".utf8) + [hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
            default: buffer.append(byte)
            }
        }
        try append("\"")
        needsComma = true
    }

    /// A whole tree.
    package mutating func value(_ value: JSONValue) throws {
        switch value {
        case .null: try null()
        case .bool(let value): try bool(value)
        case .integer(let value): try integer(value)
        case .unsigned(let value): try integer(value)
        case .number(let value): try number(value)
        case .string(let text): try string(text)
        case .array(let values):
            try beginArray()
            for element in values { try self.value(element) }
            try endArray()
        case .object(let members):
            try beginObject()
            for member in members {
                try name(member.name)
                try self.value(member.value)
            }
            try endObject()
        }
    }

    private mutating func open(_ bracket: String) throws {
        try comma()
        try append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: String) throws {
        try append(bracket)
        needsComma = true
    }

    private mutating func scalar(_ text: String) throws {
        try comma()
        try append(text)
        needsComma = true
    }

    private mutating func comma() throws {
        if needsComma { try append(",") }
    }

    private mutating func append(_ text: String) throws {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= 1 << 16 { try finish() }
    }
}

private let hexDigits = Array("0123456789abcdef".utf8)

private func nonFiniteName(_ value: Double) -> String {
    value.isNaN ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\""
}
