internal import Bytes

/// Bob Jenkins' lookup3, which guards the newer structures of HDF5.
///
/// Source: https://burtleburtle.net/bob/c/lookup3.c (hashlittle with the initial value 0)
enum HDF5Checksum {
    /// Reads the checksum of the bytes of the cursor's region from `start` to here, and compares.
    static func check(_ cursor: inout ByteCursor, from start: Int) throws(ONNXError) {
        let covered = try cursor.region.slice(offset: start, count: cursor.offset - start).bytes()
        let found = of(covered)
        let expected = try cursor.uint32()
        guard found == expected else { throw cursor.error(.malformed, "the checksum doesn't match: the bytes before it are damaged") }
    }

    static func of(_ bytes: [UInt8]) -> UInt32 {
        let start = 0xDEAD_BEEF &+ UInt32(truncatingIfNeeded: bytes.count)
        var (a, b, c) = (start, start, start)
        var index = 0
        func word(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | (index + offset + $1 < bytes.count ? UInt32(bytes[index + offset + $1]) << UInt32(8 * $1) : 0) }
        }
        func rotated(_ value: UInt32, _ bits: UInt32) -> UInt32 { value << bits | value >> (32 - bits) }
        while bytes.count - index > 12 {
            (a, b, c) = (a &+ word(0), b &+ word(4), c &+ word(8))
            a = (a &- c) ^ rotated(c, 4); c = c &+ b
            b = (b &- a) ^ rotated(a, 6); a = a &+ c
            c = (c &- b) ^ rotated(b, 8); b = b &+ a
            a = (a &- c) ^ rotated(c, 16); c = c &+ b
            b = (b &- a) ^ rotated(a, 19); a = a &+ c
            c = (c &- b) ^ rotated(b, 4); b = b &+ a
            index += 12
        }
        if index == bytes.count { return c }
        (a, b, c) = (a &+ word(0), b &+ word(4), c &+ word(8))
        c = (c ^ b) &- rotated(b, 14)
        a = (a ^ c) &- rotated(c, 11)
        b = (b ^ a) &- rotated(a, 25)
        c = (c ^ b) &- rotated(b, 16)
        a = (a ^ c) &- rotated(c, 4)
        b = (b ^ a) &- rotated(a, 14)
        return (c ^ b) &- rotated(b, 24)
    }
}
