/// A part of a file's bytes, which it keeps alive.
package struct ByteRegion: Sendable {
    package let file: MappedFile
    /// Where the region starts in the file.
    package let offset: Int
    package let count: Int

    package init(_ file: MappedFile) {
        self.init(file: file, offset: 0, count: file.count)
    }

    private init(file: MappedFile, offset: Int, count: Int) {
        self.file = file
        self.offset = offset
        self.count = count
    }

    /// The first byte. Whoever keeps it must keep `file` too.
    package var unsafeBase: UnsafeRawPointer {
        unsafe file.unsafeBase + offset
    }

    /// The `count` bytes from `offset` of this region.
    package func slice(offset: Int, count: Int) throws(ONNXError) -> ByteRegion {
        guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
            throw ONNXError(
                .malformed, "\(count) bytes from offset \(offset) don't lie within the \(self.count) bytes that there are", place: [quoted(file.name)])
        }
        return ByteRegion(file: file, offset: self.offset + offset, count: count)
    }

    /// Lends the bytes.
    package func withBytes<R, E: Error>(_ body: (borrowing RawSpan) throws(E) -> R) throws(E) -> R {
        let bytes = unsafe UnsafeRawBufferPointer(start: unsafeBase, count: count)
        return try body(unsafe bytes.bytes)
    }

    /// A copy of the bytes.
    package func bytes() -> [UInt8] {
        unsafe [UInt8](UnsafeRawBufferPointer(start: unsafeBase, count: count))
    }
}
