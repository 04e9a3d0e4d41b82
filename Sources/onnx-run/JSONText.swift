internal import Bytes
internal import Foundation

/// Reports as JSON that people may read too: indented, keys in order.
enum JSONText {
    static func pretty(_ object: Any) throws -> String {
        guard JSONSerialization.isValidJSONObject(object) else { throw ONNXError(.unsupported, "the report holds a number that JSON can't") }
        let data = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
