internal import Bytes

/// The fields of one protobuf message, read one after the other. What is within a field is for the caller to read, or not.
///
/// Source: https://protobuf.dev/programming-guides/encoding/
struct WireFields {
    enum Value {
        /// A varint or an integer of fixed width.
        case integer(UInt64)
        case bytes(ByteRegion)
    }

    private var cursor: ByteCursor

    init(_ message: ByteRegion) {
        cursor = ByteCursor(message)
    }

    /// The next field; nil at the end of the message.
    mutating func next() throws(ONNXError) -> (number: Int, value: Value)? {
        if cursor.isAtEnd { return nil }
        let start = cursor
        let tag = try cursor.varint()
        guard let number = Int32(exactly: tag >> 3), number > 0 else { throw start.error(.malformed, "a protobuf field of the number \(tag >> 3)") }
        switch tag & 7 {
        case 0: return (Int(number), .integer(try cursor.varint()))
        case 1: return (Int(number), .integer(try cursor.uint64()))
        case 5: return (Int(number), .integer(UInt64(try cursor.uint32())))
        case 2:
            let count = try cursor.varint()
            guard count <= UInt64(cursor.remaining) else { throw start.error(.malformed, "a protobuf field of \(count) bytes, \(cursor.remaining) are left") }
            return (Int(number), .bytes(try cursor.take(Int(count))))
        default: throw start.error(.malformed, "a protobuf field of the kind \(tag & 7)")
        }
    }
}
