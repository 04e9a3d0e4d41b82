package import Bytes
package import Tensors

extension Storage {
    /// The bytes of `region`, not copied.
    package convenience init(_ region: ByteRegion) {
        unsafe self.init(borrowing: UnsafeMutableRawPointer(mutating: region.unsafeBase), byteCount: region.count, owner: region.file)
    }
}

extension ByteSink {
    /// The elements' bytes as the tensor holds them.
    func write(_ tensor: Tensor) throws(ONNXError) {
        let bytes = try tensor.bytes()
        try unsafe bytes.withPointer { base throws(ONNXError) in
            try unsafe write(UnsafeRawBufferPointer(start: base, count: bytes.count).bytes)
        }
    }
}
