internal import Bytes

/// A table of keys and values, both bytes, sorted by key: LevelDB's format, in which TensorFlow keeps a bundle's index.
///
/// Source: https://github.com/google/leveldb/blob/main/doc/table_format.md
struct SSTable {
    struct Entry {
        let key: [UInt8]
        let value: ByteRegion
    }

    /// In the order of the keys.
    let entries: [Entry]

    private static let footerCount = 48
    private static let magic: UInt64 = 0xDB47_7524_8B80_FB57

    /// Whether the file ends as a table does.
    static func isTable(_ file: ByteRegion) -> Bool {
        guard file.count >= footerCount, let tail = try? file.slice(offset: file.count - 8, count: 8) else { return false }
        var cursor = ByteCursor(tail)
        return (try? cursor.uint64()) == magic
    }

    init(_ file: ByteRegion, limits: Limits) throws(ONNXError) {
        guard Self.isTable(file) else {
            throw ONNXError(
                .malformed, "is no index of a TensorFlow bundle, or cut short: the mark at its end is missing\(FileKind.hint(file, expected: .json))",
                place: [quoted(file.file.name)])
        }
        var footer = ByteCursor(try file.slice(offset: file.count - Self.footerCount, count: Self.footerCount))
        _ = try Block.Handle(&footer)
        let index = try Block.Handle(&footer)
        var budget = limits.structureBytes
        var entries: [Entry] = []
        var end = 0
        for block in try Block.entries(file, index, &budget) {
            var cursor = ByteCursor(block.value)
            let handle = try Block.Handle(&cursor)
            guard handle.offset >= end else { throw cursor.error(.malformed, "the table's blocks overlap or are out of order") }
            end = handle.offset + handle.count
            for entry in try Block.entries(file, handle, &budget) {
                if let last = entries.last, !last.key.lexicographicallyPrecedes(entry.key) {
                    throw cursor.error(.malformed, "the table's keys are out of order, or one is there twice")
                }
                entries.append(entry)
            }
        }
        self.entries = entries
    }
}

/// A block of a table: entries, each with the part of its key that the one before doesn't share, then the places to search from.
private enum Block {
    struct Handle {
        let offset: Int
        let count: Int

        init(_ cursor: inout ByteCursor) throws(ONNXError) {
            guard let offset = Int32(exactly: try cursor.varint()), let count = Int32(exactly: try cursor.varint()) else {
                throw cursor.error(.malformed, "a block beyond 2 GiB of the table")
            }
            self.offset = Int(offset)
            self.count = Int(count)
        }
    }

    /// `budget` counts the bytes of keys.
    static func entries(_ file: ByteRegion, _ handle: Handle, _ budget: inout Int) throws(ONNXError) -> [SSTable.Entry] {
        var cursor = ByteCursor(try contents(file, handle))
        var tail = cursor
        try tail.seek(max(0, handle.count - 4))
        // Restart points, for searching; reading in order needs none.
        let restarts = Int(try tail.uint32())
        guard restarts <= (handle.count - 4) / 4 else { throw tail.error(.malformed, "a block of \(handle.count) bytes with \(restarts) restart points") }
        let end = handle.count - 4 - 4 * restarts
        var entries: [SSTable.Entry] = []
        var key: [UInt8] = []
        while cursor.offset < end {
            let shared = try size(&cursor)
            let own = try size(&cursor)
            let count = try size(&cursor)
            guard shared <= key.count else { throw cursor.error(.malformed, "a key that shares \(shared) bytes with one of \(key.count)") }
            // An entry costs memory beyond its key.
            budget -= shared + own + 64
            guard budget >= 0 else { throw cursor.error(.limit, "the table's keys take more memory than the limit structureBytes allows") }
            key = try key[..<shared] + cursor.take(own).bytes()
            entries.append(SSTable.Entry(key: key, value: try cursor.take(count)))
        }
        guard cursor.offset == end else { throw cursor.error(.malformed, "an entry of a block reaches into its restart points") }
        return entries
    }

    private static func size(_ cursor: inout ByteCursor) throws(ONNXError) -> Int {
        let value = try cursor.varint()
        guard value <= UInt64(cursor.remaining) + 65_536 else { throw cursor.error(.malformed, "\(value) bytes expected, \(cursor.remaining) are left") }
        return Int(value)
    }

    /// The bytes of a block, once its checksum is right.
    private static func contents(_ file: ByteRegion, _ handle: Handle) throws(ONNXError) -> ByteRegion {
        let covered = try file.slice(offset: handle.offset, count: handle.count + 1)
        var trailer = ByteCursor(try file.slice(offset: handle.offset + handle.count, count: 5))
        let compression = try trailer.uint8()
        let expected = try trailer.uint32()
        guard MaskedChecksum.of(covered) == expected else { throw trailer.error(.malformed, "the checksum of a block doesn't match: the bytes are damaged") }
        guard compression == 0 else {
            throw trailer.error(.unsupported, "a block that is compressed (kind \(compression), 1 is snappy); TensorFlow writes its bundles without")
        }
        return try covered.slice(offset: 0, count: handle.count)
    }
}

/// CRC-32C as LevelDB and TensorFlow store it, changed so that a checksum of checksums is no worse than another.
///
/// Source: https://github.com/google/leveldb/blob/main/util/crc32c.h
enum MaskedChecksum {
    static func of(_ regions: ByteRegion...) -> UInt32 {
        var checksum = CRC32(.castagnoli)
        for region in regions { region.withBytes { checksum.update($0) } }
        return masked(checksum.value)
    }

    static func masked(_ value: UInt32) -> UInt32 { (value >> 15 | value << 17) &+ 0xA282_EAD8 }
}
