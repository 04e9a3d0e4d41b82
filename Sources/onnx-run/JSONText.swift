internal import Bytes

/// Reports as JSON that people may read too: indented, keys in order.
enum JSONText {
    static func pretty(_ object: Any) throws -> String { try text(object, indent: "\n") + "\n" }

    /// `indent` is a newline and the spaces that the members' line ends begin with.
    private static func text(_ value: Any, indent: String) throws -> String {
        let inner = indent + "  "
        switch value {
        case let members as [String: Any]:
            let lines = try members.sorted { $0.key < $1.key }.map { try inner + string($0.key) + ": " + text($0.value, indent: inner) }
            return lines.isEmpty ? "{}" : "{" + lines.joined(separator: ",") + indent + "}"
        case let elements as [Any]:
            let lines = try elements.map { try inner + text($0, indent: inner) }
            return lines.isEmpty ? "[]" : "[" + lines.joined(separator: ",") + indent + "]"
        case let text as String: return try string(text)
        case let flag as Bool: return flag ? "true" : "false"
        case let integer as any BinaryInteger: return "\(integer)"
        case let number as Double where number.isFinite: return "\(number)"
        default: throw ONNXError(.unsupported, "the report holds '\(value)', which JSON has no form for")
        }
    }

    private static func string(_ text: String) throws -> String {
        String(decoding: try JSONWriter.bytes { try $0.string(text) }, as: UTF8.self)
    }
}
