/// Writes a zip archive of stored entries, each on a 64-byte boundary so that it can be mapped.
///
/// Every entry carries zip64 sizes, and its date is the first that zip knows: the same entries give the same bytes.
package final class ZipWriter {
    private struct Record {
        var name: [UInt8]
        var offset: Int
        var count: Int
        var crc32: UInt32
    }

    private let file: AtomicFile
    private var records: [Record] = []
    private var names: Set<String> = []

    package init(_ file: AtomicFile) {
        self.file = file
    }

    /// Adds an entry with the bytes that `body` writes.
    package func entry(_ name: String, _ body: (any ByteSink) throws -> Void) throws {
        guard names.insert(name).inserted else { throw ONNXError(.usage, "two entries are called \"\(quoted(name))\"", place: [quoted(file.path)]) }
        guard name.utf8.count <= 0xFFFF else { throw ONNXError(.limit, "an entry's name has more than 65535 bytes", place: [quoted(file.path)]) }
        var record = Record(name: Array(name.utf8), offset: file.position, count: 0, crc32: 0)
        let bare = localHeader(record, padding: 0)
        // An extra field takes 4 bytes at least.
        let padding = (64 - (file.position + bare.count + 4) % 64) % 64
        try file.write(localHeader(record, padding: 4 + padding))
        let sink = EntrySink(file)
        try body(sink)
        (record.count, record.crc32) = (sink.count, sink.checksum.value)
        try file.replace(at: record.offset, with: localHeader(record, padding: 4 + padding))
        records.append(record)
    }

    /// Writes the directory. The archive is complete once its file is committed.
    package func finish() throws {
        let start = file.position
        for record in records { try file.write(centralHeader(record)) }
        let size = file.position - start
        var end = LittleEndianBytes()
        let needsZip64 = records.count >= 0xFFFF || start + size >= 0xFFFF_FFFF
        if needsZip64 {
            let zip64 = file.position
            end.append(0x0606_4B50 as UInt32, 44 as UInt64, version, version, 0 as UInt32, 0 as UInt32)
            end.append(UInt64(records.count), UInt64(records.count), UInt64(size), UInt64(start))
            end.append(0x0706_4B50 as UInt32, 0 as UInt32, UInt64(zip64), 1 as UInt32)
        }
        let count = UInt16(clamping: records.count)
        end.append(0x0605_4B50 as UInt32, 0 as UInt16, 0 as UInt16, count, count)
        end.append(UInt32(clamping: size), needsZip64 ? UInt32.max : UInt32(start), 0 as UInt16)
        try file.write(end.bytes)
    }

    private func localHeader(_ record: Record, padding: Int) -> [UInt8] {
        var header = LittleEndianBytes()
        header.append(0x0403_4B50 as UInt32, version, nameIsUTF8, 0 as UInt16, 0 as UInt16, firstDate, record.crc32, UInt32.max, UInt32.max)
        header.append(UInt16(record.name.count), UInt16(20 + padding))
        header.bytes += record.name
        header.append(1 as UInt16, 16 as UInt16, UInt64(record.count), UInt64(record.count))
        if padding > 0 {
            header.append(paddingField, UInt16(padding - 4))
            header.bytes += [UInt8](repeating: 0, count: padding - 4)
        }
        return header.bytes
    }

    private func centralHeader(_ record: Record) -> [UInt8] {
        let isLarge = record.count >= 0xFFFF_FFFF || record.offset >= 0xFFFF_FFFF
        let size = isLarge ? UInt32.max : UInt32(record.count)
        var header = LittleEndianBytes()
        header.append(0x0201_4B50 as UInt32, version, version, nameIsUTF8, 0 as UInt16, 0 as UInt16, firstDate, record.crc32, size, size)
        header.append(UInt16(record.name.count), isLarge ? 28 as UInt16 : 0, 0 as UInt16, 0 as UInt16, 0 as UInt16, 0 as UInt32)
        header.append(isLarge ? UInt32.max : UInt32(record.offset))
        header.bytes += record.name
        if isLarge { header.append(1 as UInt16, 24 as UInt16, UInt64(record.count), UInt64(record.count), UInt64(record.offset)) }
        return header.bytes
    }
}

/// Counts and sums what an entry writes.
private final class EntrySink: ByteSink {
    var count = 0
    var checksum = CRC32()
    private let file: AtomicFile

    init(_ file: AtomicFile) {
        self.file = file
    }

    func write(_ bytes: borrowing RawSpan) throws(ONNXError) {
        count += bytes.byteCount
        checksum.update(bytes)
        try file.write(bytes)
    }
}

/// Version 4.5 of the format, the first with zip64.
private let version: UInt16 = 45
private let nameIsUTF8: UInt16 = 1 << 11
/// 1980-01-01.
private let firstDate: UInt16 = 0x21
/// The extra field that Android's zipalign pads with; other readers pass over it.
private let paddingField: UInt16 = 0xD935

private struct LittleEndianBytes {
    var bytes: [UInt8] = []

    mutating func append<each Word: FixedWidthInteger>(_ words: repeat each Word) {
        for word in repeat each words { append(word) }
    }

    private mutating func append(_ word: some FixedWidthInteger) {
        for index in 0..<(word.bitWidth / 8) { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * index))) }
    }
}
