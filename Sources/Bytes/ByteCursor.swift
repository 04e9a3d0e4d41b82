/// Reads a region from front to back; a read past the end is an error that says where.
@safe
package struct ByteCursor {
    package let region: ByteRegion
    /// Where the next read happens, counted from the region's start.
    @usableFromInline package private(set) var offset = 0
    @usableFromInline let base: UnsafeRawPointer
    @usableFromInline let count: Int

    package init(_ region: ByteRegion) {
        self.region = region
        unsafe base = unsafe region.unsafeBase
        count = region.count
    }

    /// Bytes that are left.
    @inlinable
    package var remaining: Int { count - offset }

    @inlinable
    package var isAtEnd: Bool { offset == count }

    /// The error at the place of the next read.
    package func error(_ code: ONNXError.Code, _ message: String, remedy: String? = nil) -> ONNXError {
        ONNXError(code, message, place: [quoted(region.file.name), "offset \(region.offset + offset)"], remedy: remedy)
    }

    @usableFromInline
    func cutShort(_ needed: Int) -> ONNXError {
        error(.malformed, "\(needed) bytes expected, \(remaining) are left")
    }

    /// The next integer, little-endian.
    @inlinable
    package mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(as type: T.Type = T.self) throws(ONNXError) -> T {
        let size = MemoryLayout<T>.size
        guard size <= remaining else { throw cutShort(size) }
        defer { withExtendedLifetime(region) {} }
        let value = unsafe base.loadUnaligned(fromByteOffset: offset, as: T.self)
        offset += size
        return T(littleEndian: value)
    }

    @inlinable
    package mutating func uint8() throws(ONNXError) -> UInt8 { try integer() }
    @inlinable
    package mutating func uint16() throws(ONNXError) -> UInt16 { try integer() }
    @inlinable
    package mutating func uint32() throws(ONNXError) -> UInt32 { try integer() }
    @inlinable
    package mutating func uint64() throws(ONNXError) -> UInt64 { try integer() }

    /// A 64-bit size or offset that must fit an `Int`.
    package mutating func size64() throws(ONNXError) -> Int {
        let value = try uint64()
        guard let size = Int(exactly: value) else {
            offset -= 8
            throw error(.malformed, "the size \(value) is not possible")
        }
        return size
    }

    /// A base-128 integer of at most 10 bytes, as protobuf writes them.
    @inlinable
    package mutating func varint() throws(ONNXError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try uint8()
            // The tenth byte holds the one bit that is left.
            guard shift < 63 || (shift == 63 && byte < 2) else { throw error(.malformed, "an integer of more than 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    /// The next byte, which stays the next.
    @inlinable
    package func peek() -> UInt8? {
        defer { withExtendedLifetime(region) {} }
        return offset < count ? unsafe base.load(fromByteOffset: offset, as: UInt8.self) : nil
    }

    /// The next `count` bytes.
    package mutating func take(_ count: Int) throws(ONNXError) -> ByteRegion {
        guard count >= 0, count <= remaining else { throw cutShort(count) }
        let part = try region.slice(offset: offset, count: count)
        offset += count
        return part
    }

    /// The next `count` bytes, which must be UTF-8.
    package mutating func string(_ count: Int) throws(ONNXError) -> String {
        let start = self
        let bytes = try take(count).bytes()
        guard let text = String(validating: bytes, as: UTF8.self) else { throw start.error(.malformed, "text that is not UTF-8") }
        return text
    }

    package mutating func skip(_ count: Int) throws(ONNXError) {
        guard count >= 0, count <= remaining else { throw cutShort(count) }
        offset += count
    }

    /// Continues at `offset` from the region's start.
    package mutating func seek(_ offset: Int) throws(ONNXError) {
        guard offset >= 0, offset <= count else { throw error(.malformed, "offset \(offset) is outside the \(count) bytes that there are") }
        self.offset = offset
    }
}
