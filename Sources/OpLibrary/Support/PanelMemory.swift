internal import Bytes
internal import Tensors

/// The memory that packed matrices stand in.
enum PanelMemory {
    /// The bytes of `count` elements, as the kernels count them for a matrix of so many rows and columns. Throws `.limit` when they can't be counted.
    static func byteCount<T: TensorElement>(_ count: Int, of type: T.Type, rows: Int, columns: Int) throws -> Int {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<T>.stride)
        guard !overflow, count >= 0 else { throw ONNXError(.limit, "a matrix of \(rows) x \(columns) is too large to pack") }
        return bytes
    }

    /// Elements that fill `storage`, which must have exactly `byteCount` bytes.
    static func elements<T: TensorElement>(of type: T.Type, filling storage: Storage, byteCount: Int) throws -> MutableElements<T> {
        guard storage.byteCount == byteCount else {
            throw ONNXError(.malformed, "a packed matrix has \(storage.byteCount) bytes, \(byteCount) expected")
        }
        return MutableElements<T>(storage, byteOffset: 0, count: byteCount / MemoryLayout<T>.stride)
    }
}
