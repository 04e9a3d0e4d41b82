/// The entries of a zip archive, stored or deflated, zip64 or not.
///
/// Strict where readers differ, so that no other program sees another archive in the same bytes: one central directory that ends where the file's end
/// record begins, local headers that agree with it, no entry twice and none over another.
/// Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
package struct ZipReader: Sendable {
    package struct Entry: Sendable {
        package let name: String
        /// Bytes once inflated.
        package let count: Int
        package let crc32: UInt32
        package let isDeflated: Bool
        /// The bytes as the archive holds them.
        package let stored: ByteRegion
    }

    package let entries: [Entry]
    private let indices: [String: Int]
    private let inflateRatio: Int

    package init(_ region: ByteRegion, limits: Limits = Limits()) throws(ONNXError) {
        let directory = try ZipDirectory(region, limits: limits)
        var cursor = ByteCursor(try region.slice(offset: directory.offset, count: directory.size))
        var headers: [ZipHeader] = []
        var indices: [String: Int] = [:]
        headers.reserveCapacity(directory.entryCount)
        for index in 0..<directory.entryCount {
            let header = try ZipHeader(&cursor)
            guard indices.updateValue(index, forKey: header.name) == nil else {
                throw cursor.error(.malformed, "the zip entry \"\(quoted(header.name))\" occurs twice")
            }
            headers.append(header)
        }
        guard cursor.isAtEnd else { throw cursor.error(.malformed, "\(cursor.remaining) bytes follow the last entry of the zip directory") }
        let body = try region.slice(offset: 0, count: directory.offset)
        let regions = try headers.map { header throws(ONNXError) in try header.content(in: body) }
        try refuseOverlaps(headers, regions, in: region)
        entries = zip(headers, regions).map { header, stored in
            Entry(name: header.name, count: header.count, crc32: header.crc32, isDeflated: header.isDeflated, stored: stored)
        }
        self.indices = indices
        inflateRatio = limits.inflateRatio
    }

    /// The entry of that name.
    package subscript(_ name: String) -> Entry? {
        indices[name].map { entries[$0] }
    }

    /// The bytes of `entry`: a part of the archive if they are stored, else inflated into memory of their own.
    ///
    /// The checksum is compared unless `verify` is false; a checksum of 0 means that the writer left it out, as torch can.
    package func contents(_ entry: Entry, verify: Bool = true) throws -> ByteRegion {
        let contents = entry.isDeflated ? try inflated(entry) : entry.stored
        if verify, entry.crc32 != 0 {
            var checksum = CRC32()
            contents.withBytes { checksum.update($0) }
            guard checksum.value == entry.crc32 else {
                throw ONNXError(
                    .malformed, "the checksum is \(hexadecimal(checksum.value)), but \(hexadecimal(entry.crc32)) is expected: the bytes are damaged",
                    place: place(entry))
            }
        }
        return contents
    }

    private func inflated(_ entry: Entry) throws -> ByteRegion {
        let (most, overflow) = entry.stored.count.multipliedReportingOverflow(by: inflateRatio)
        // A few bytes may inflate to a few hundred whatever the bound.
        guard overflow || entry.count <= max(most, 4096) else {
            throw ONNXError(
                .limit, "inflates from \(entry.stored.count) to \(entry.count) bytes, above the limit of \(inflateRatio) to 1", place: place(entry),
                remedy: "raise the limit inflateRatio")
        }
        let name = place(entry).joined(separator: ": ")
        let file = try MappedFile(name: name, count: entry.count) { output in
            try unsafe output.withUnsafeMutableBytes { bytes in
                var inflater = unsafe Inflater(entry.stored, into: bytes)
                try inflater.run()
            }
        }
        return ByteRegion(file)
    }

    private func place(_ entry: Entry) -> [String] {
        [quoted(entry.stored.file.name), "entry \"\(quoted(entry.name))\""]
    }
}

/// Where the central directory is, from the records at the file's end.
private struct ZipDirectory {
    var entryCount: Int
    var offset: Int
    var size: Int

    init(_ region: ByteRegion, limits: Limits) throws(ONNXError) {
        let end = try endRecord(region)
        var cursor = ByteCursor(region)
        try cursor.seek(end + 4)
        let disks = (try cursor.uint16(), try cursor.uint16())
        let counts = (Int(try cursor.uint16()), Int(try cursor.uint16()))
        (entryCount, size, offset) = (counts.1, Int(try cursor.uint32()), Int(try cursor.uint32()))
        var directoryEnd = end
        if let locator = try zip64Locator(region, before: end) {
            try cursor.seek(locator + 8)
            directoryEnd = try cursor.size64()
            guard try cursor.uint32() == 1 else { throw cursor.error(.unsupported, "a zip archive of several parts") }
            try cursor.seek(directoryEnd)
            guard try cursor.uint32() == 0x0606_4B50, try cursor.size64() == locator - directoryEnd - 12 else {
                throw cursor.error(.malformed, "the zip64 end record is not where its locator says")
            }
            try cursor.skip(12)
            let countHere = try cursor.size64()
            (entryCount, size, offset) = (try cursor.size64(), try cursor.size64(), try cursor.size64())
            guard countHere == entryCount else { throw cursor.error(.unsupported, "a zip archive of several parts") }
        } else {
            guard disks == (0, 0), counts.0 == counts.1 else { throw cursor.error(.unsupported, "a zip archive of several parts") }
        }
        guard size <= directoryEnd, offset == directoryEnd - size else {
            throw cursor.error(.malformed, "the zip directory (\(size) bytes at offset \(offset)) doesn't end at \(directoryEnd), where its end record begins")
        }
        guard entryCount <= limits.zipEntries else {
            throw cursor.error(.limit, "\(entryCount) zip entries are above the limit of \(limits.zipEntries)")
        }
        guard entryCount <= size / 46 else { throw cursor.error(.malformed, "\(entryCount) zip entries don't fit a directory of \(size) bytes") }
    }
}

/// The one end record whose comment reaches exactly to the end of the file.
private func endRecord(_ region: ByteRegion) throws(ONNXError) -> Int {
    var cursor = ByteCursor(region)
    var found: [Int] = []
    for offset in stride(from: region.count - 22, through: max(0, region.count - 22 - 0xFFFF), by: -1) {
        try cursor.seek(offset)
        guard cursor.peek() == 0x50, try cursor.uint32() == 0x0605_4B50 else { continue }
        try cursor.skip(16)
        if Int(try cursor.uint16()) == cursor.remaining { found.append(offset) }
    }
    guard let end = found.first else { throw ByteCursor(region).error(.malformed, "is not a zip archive, or cut short: there is no end record") }
    guard found.count == 1 else { throw ByteCursor(region).error(.malformed, "a zip archive with two end records, at \(found[1]) and \(end)") }
    return end
}

private func zip64Locator(_ region: ByteRegion, before end: Int) throws(ONNXError) -> Int? {
    guard end >= 20 else { return nil }
    var cursor = ByteCursor(region)
    try cursor.seek(end - 20)
    return try cursor.uint32() == 0x0706_4B50 ? end - 20 : nil
}

/// What the central directory says of an entry.
private struct ZipHeader {
    var name: String
    var flags: UInt16
    var method: UInt16
    var crc32: UInt32
    var storedCount: Int
    var count: Int
    var localOffset: Int

    var isDeflated: Bool { method == 8 }

    init(_ cursor: inout ByteCursor) throws(ONNXError) {
        let start = cursor
        guard try cursor.uint32() == 0x0201_4B50 else { throw start.error(.malformed, "an entry of the zip directory is expected") }
        try cursor.skip(4)
        flags = try cursor.uint16()
        method = try cursor.uint16()
        try cursor.skip(4)
        crc32 = try cursor.uint32()
        var sizes = ZipSizes(stored: Int(try cursor.uint32()), full: Int(try cursor.uint32()), offset: nil)
        let (nameCount, extraCount, commentCount) = (Int(try cursor.uint16()), Int(try cursor.uint16()), Int(try cursor.uint16()))
        try cursor.skip(8)
        sizes.offset = Int(try cursor.uint32())
        name = try cursor.string(nameCount)
        try sizes.readZip64(ByteCursor(try cursor.take(extraCount)))
        try cursor.skip(commentCount)
        (storedCount, count, localOffset) = (sizes.stored, sizes.full, sizes.offset ?? 0)
        // Bits 0, 6 and 13: encryption of several kinds.
        guard flags & 0x2041 == 0 else { throw start.error(.unsupported, "the zip entry \"\(quoted(name))\" is encrypted") }
        guard method == 0 || method == 8 else {
            throw start.error(.unsupported, "the zip entry \"\(quoted(name))\" is compressed by method \(method); stored (0) and deflated (8) are read")
        }
        guard method == 8 || storedCount == count else { throw start.error(.malformed, "a stored zip entry of two sizes, \(storedCount) and \(count)") }
    }

    /// The entry's bytes, after comparing its local header.
    func content(in region: ByteRegion) throws(ONNXError) -> ByteRegion {
        var cursor = ByteCursor(region)
        try cursor.seek(localOffset)
        let start = cursor
        guard try cursor.uint32() == 0x0403_4B50 else { throw start.error(.malformed, "the header of the zip entry \"\(quoted(name))\" is expected") }
        try cursor.skip(2)
        let (flags, method) = (try cursor.uint16(), try cursor.uint16())
        try cursor.skip(4)
        let crc32 = try cursor.uint32()
        var sizes = ZipSizes(stored: Int(try cursor.uint32()), full: Int(try cursor.uint32()), offset: nil)
        let (nameCount, extraCount) = (Int(try cursor.uint16()), Int(try cursor.uint16()))
        let localName = try cursor.string(nameCount)
        try sizes.readZip64(ByteCursor(try cursor.take(extraCount)))
        // Bit 3: the sizes follow the data, and the header may leave them 0.
        let isStreamed = flags & 8 != 0
        let agrees =
            (sizes.stored == storedCount && sizes.full == count && crc32 == self.crc32)
            || (isStreamed && [0, storedCount].contains(sizes.stored) && [0, count].contains(sizes.full) && [0, self.crc32].contains(crc32))
        guard localName == name, method == self.method, flags & 0x2041 == 0, agrees else {
            throw start.error(.malformed, "the header of the zip entry \"\(quoted(name))\" contradicts the directory")
        }
        return try cursor.take(storedCount)
    }
}

/// Sizes of 32 bits, which an extra field of 64 bits replaces where they are all ones.
private struct ZipSizes {
    var stored: Int
    var full: Int
    var offset: Int?

    mutating func readZip64(_ extra: ByteCursor) throws(ONNXError) {
        var extra = extra
        while extra.remaining >= 4 {
            let kind = try extra.uint16()
            var field = ByteCursor(try extra.take(Int(try extra.uint16())))
            guard kind == 1 else { continue }
            if full == 0xFFFF_FFFF { full = try field.size64() }
            if stored == 0xFFFF_FFFF { stored = try field.size64() }
            if offset == 0xFFFF_FFFF { offset = try field.size64() }
            return
        }
    }
}

private func refuseOverlaps(_ headers: [ZipHeader], _ regions: [ByteRegion], in archive: ByteRegion) throws(ONNXError) {
    let order = headers.indices.sorted { headers[$0].localOffset < headers[$1].localOffset }
    for (first, second) in zip(order, order.dropFirst()) {
        let end = regions[first].offset - archive.offset + regions[first].count
        guard end <= headers[second].localOffset else {
            let names = "\"\(quoted(headers[first].name))\" and \"\(quoted(headers[second].name))\""
            throw ByteCursor(archive).error(.malformed, "the zip entries \(names) overlap")
        }
    }
}

private func hexadecimal(_ value: UInt32) -> String {
    "0x" + String(value, radix: 16)
}
