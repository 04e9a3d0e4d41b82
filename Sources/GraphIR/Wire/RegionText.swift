internal import Bytes
internal import Glibc

func isUTF8(_ region: ByteRegion) -> Bool {
    defer { withExtendedLifetime(region) {} }
    let bytes = unsafe UnsafeBufferPointer(start: region.unsafeBase.assumingMemoryBound(to: UInt8.self), count: region.count)
    return unsafe (try? UTF8Span(validating: bytes.span)) != nil
}

func holdsNUL(_ region: ByteRegion) -> Bool {
    defer { withExtendedLifetime(region) {} }
    return unsafe memchr(region.unsafeBase, 0, region.count) != nil
}

func append(_ region: ByteRegion, to bytes: inout [UInt8]) {
    defer { withExtendedLifetime(region) {} }
    unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: region.unsafeBase, count: region.count))
}

extension ONNXError {
    /// The same error with something to do about it.
    func remedied(_ remedy: String) -> ONNXError {
        ONNXError(code, message, place: place, remedy: self.remedy ?? remedy)
    }
}
