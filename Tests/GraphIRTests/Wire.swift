/// Protobuf bytes written by hand, for files that no writer would make.
enum Wire {
    static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func tag(_ number: Int, _ wireType: Int) -> [UInt8] { varint(UInt64(number << 3 | wireType)) }
    static func int(_ number: Int, _ value: Int) -> [UInt8] { tag(number, 0) + varint(UInt64(bitPattern: Int64(value))) }
    static func bytes(_ number: Int, _ bytes: [UInt8]) -> [UInt8] { tag(number, 2) + varint(UInt64(bytes.count)) + bytes }
    static func text(_ number: Int, _ text: String) -> [UInt8] { bytes(number, Array(text.utf8)) }
    static func packed(_ number: Int, _ values: [Int]) -> [UInt8] { bytes(number, values.flatMap { varint(UInt64(bitPattern: Int64($0))) }) }
    static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] { (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> T($0 * 8)) } }
    static func floats(_ values: [Float]) -> [UInt8] { values.flatMap { little($0.bitPattern) } }

    /// A model of IR 8 and opset 17 around the bytes of a GraphProto.
    static func model(graph: [UInt8]) -> [UInt8] { int(1, 8) + bytes(7, graph) + opset("", 17) }
    static func opset(_ domain: String, _ version: Int) -> [UInt8] { bytes(8, text(1, domain) + int(2, version)) }
    /// A TensorProto.
    static func tensor(_ type: Int, name: String = "w", dims: [Int], _ data: [UInt8]) -> [UInt8] {
        dims.flatMap { int(1, $0) } + int(2, type) + text(8, name) + data
    }
    static func raw(_ values: [UInt8]) -> [UInt8] { bytes(9, values) }
    static func initializer(_ tensor: [UInt8]) -> [UInt8] { bytes(5, tensor) }
    static func node(_ op: String, _ inputs: [String] = [], _ outputs: [String] = [], attributes: [[UInt8]] = []) -> [UInt8] {
        bytes(1, inputs.flatMap { text(1, $0) } + outputs.flatMap { text(2, $0) } + text(4, op) + attributes.flatMap { bytes(5, $0) })
    }
    static func attribute(_ name: String, _ type: Int, _ value: [UInt8]) -> [UInt8] { text(1, name) + int(20, type) + value }
}
