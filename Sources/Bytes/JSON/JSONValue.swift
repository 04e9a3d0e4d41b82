/// A JSON text as a tree. Numbers keep what they are: 1 is an integer, 1.0 is not.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// An integer that only fits without a sign.
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    /// The members in the text's order; no name occurs twice.
    case object([Member])

    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// Reads the whole of `region`.
    package init(_ region: ByteRegion, limits: Limits = Limits(), allowsNonFinite: Bool = false) throws(ONNXError) {
        var reader = try JSONReader(region, limits: limits, allowsNonFinite: allowsNonFinite)
        let first = try reader.next()
        self = try reader.value(first)
        _ = try reader.next()
    }

    /// Reads `text`; `name` says in messages where it is from.
    package init(parsing text: String, name: String = "JSON", limits: Limits = Limits(), allowsNonFinite: Bool = false) throws {
        let file = try MappedFile(name: name, copying: Array(text.utf8))
        try self.init(ByteRegion(file), limits: limits, allowsNonFinite: allowsNonFinite)
    }

    /// The member of that name, if this is an object that has one.
    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The string, if it is one.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The integer, if it is one that fits. 1.0 is none.
    package var int: Int? {
        if case .integer(let value) = self { Int(exactly: value) } else { nil }
    }

    /// The number, integer or not.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    package var array: [JSONValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    package var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// What it is, for messages.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .unsigned: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONReader {
    /// The tree of the value whose first piece was `event`.
    package mutating func value(_ event: JSONEvent) throws(ONNXError) -> JSONValue {
        switch event {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .unsigned(let value): return .unsigned(value)
        case .number(let value): return .number(value)
        case .string(let value): return .string(value)
        case .beginArray:
            var values: [JSONValue] = []
            while true {
                let event = try next()
                if event == .endArray { return .array(values) }
                values.append(try value(event))
            }
        case .beginObject:
            var members: [JSONValue.Member] = []
            while case .name(let name) = try next() {
                let event = try next()
                members.append(JSONValue.Member(name, try value(event)))
            }
            return .object(members)
        case .endArray, .endObject, .name, .end: throw error(.malformed, "a value is expected")
        }
    }
}
