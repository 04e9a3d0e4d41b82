import Bytes
import Foundation
import Testing

@Suite struct ZipReaderTests {
    private func archive(_ bytes: [UInt8], limits: Limits = Limits()) throws -> ZipReader {
        try ZipReader(ByteRegion(MappedFile(name: "a.zip", copying: bytes)), limits: limits)
    }

    @Test func readsWhatPythonWrites() throws {
        let zip = try archive(pythonArchive)
        #expect(zip.entries.map(\.name) == ["dynamic", "fixed", "empty", "stored", "é"])
        #expect(zip.entries.map(\.isDeflated) == [true, true, true, false, true])
        let contents = try zip.entries.map { try zip.contents($0).bytes() }
        #expect(contents[0].count == 1220)
        #expect(SHA256.hexadecimal(try zip.contents(zip.entries[0])) == "fc2cd461d9e6cc43a6dceb4cfa8980b2c6c2441cb185a227e16388d4d2364112")
        #expect(contents[1...] == [Array("aaaaaaaaaabbb".utf8), [], Array("stored bytes".utf8), [UInt8](repeating: 0, count: 3000)])
        #expect(zip["stored"]?.stored.bytes() == Array("stored bytes".utf8))
        #expect(zip["absent"] == nil)
    }

    @Test func refusesEveryTruncation() throws {
        for count in 1..<pythonArchive.count {
            let error = #expect(throws: ONNXError.self) { try archive(Array(pythonArchive[..<count])) }
            #expect(error?.code == .malformed)
        }
    }

    /// A changed byte is found, or is one that means nothing to the contents.
    @Test func neverMisreadsAFlippedBit() throws {
        let whole = try archive(pythonArchive)
        let expected = try whole.entries.map { try whole.contents($0).bytes() }
        for bit in 0..<(pythonArchive.count * 8) {
            var bytes = pythonArchive
            bytes[bit / 8] ^= 1 << (bit % 8)
            guard let zip = try? archive(bytes) else { continue }
            for (entry, content) in zip.entries.enumerated().compactMap({ index, entry in (try? zip.contents(entry).bytes()).map { (index, $0) } }) {
                #expect(content == expected[entry])
            }
        }
    }

    @Test func survivesRandomBytesInflated() throws {
        var random = SplitMix(state: 3)
        for _ in 0..<3000 {
            var bytes = pythonArchive
            for _ in 0..<4 { bytes[37 + Int(random.next() % 208)] = UInt8(truncatingIfNeeded: random.next()) }
            let zip = try archive(bytes)
            #expect(throws: ONNXError.self) { try zip.contents(zip.entries[0]) }
        }
    }

    struct BadArchive: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let message: String
        let change: @Sendable (inout [UInt8]) -> Void

        init(_ what: String, _ message: String, _ change: @escaping @Sendable (inout [UInt8]) -> Void) {
            testDescription = what
            self.message = message
            self.change = change
        }
    }

    /// In `pythonArchive` the directory starts at 425 and the end record at 680.
    @Test(arguments: [
        BadArchive("a comment that holds an end record", "two end records") {
            $0[700] = 22; $0 += [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 18)
        },
        BadArchive("trailing bytes", "there is no end record") { $0.append(0) },
        BadArchive("leading bytes", "doesn't end at 681") { $0.insert(0, at: 0) },
        BadArchive("another name in the local header", "contradicts the directory") { $0[30] = 0x78 },
        BadArchive("another checksum in the directory", "contradicts the directory") { $0[441] ^= 1 },
        BadArchive("encryption", "is encrypted") { $0[433] |= 1 },
        BadArchive("method 12", "compressed by method 12; stored (0) and deflated (8) are read") { $0[435] = 12 },
        BadArchive("more entries than there are", "6 zip entries don't fit a directory of 255 bytes") { ($0[688], $0[690]) = (6, 6) },
        BadArchive("fewer entries than there are", "bytes follow the last entry") { ($0[688], $0[690]) = (4, 4) },
        BadArchive("another disk", "several parts") { $0[684] = 1 },
        BadArchive("an entry outside", "offset 65280 is outside the 425 bytes that there are") { $0[425 + 43] = 0xFF },
        BadArchive("no zip", "is not a zip archive") { $0 = Array("<html></html>".utf8) },
    ])
    func refuses(_ bad: BadArchive) throws {
        var bytes = pythonArchive
        bad.change(&bytes)
        let error = #expect(throws: ONNXError.self) { try archive(bytes) }
        #expect(error?.message.contains(bad.message) == true, "\(String(describing: error))")
    }

    @Test func refusesTwoEntriesOfOneName() throws {
        let scratch = try Scratch()
        let file = try AtomicFile(path: scratch.path + "/a.zip")
        let writer = ZipWriter(file)
        try writer.entry("aa") { try $0.write([1]) }
        try writer.entry("ab") { try $0.write([2]) }
        try writer.finish()
        try file.commit()
        var bytes = ByteRegion(try MappedFile(path: file.path)).bytes()
        for index in bytes.indices.dropLast() where bytes[index] == 0x61 && bytes[index + 1] == 0x62 { bytes[index + 1] = 0x61 }
        let error = #expect(throws: ONNXError.self) { try archive(bytes) }
        #expect(error?.message.contains("the zip entry \"aa\" occurs twice") == true)
    }

    @Test(arguments: [(200, false), (900, false), (1100, true)])
    func boundsTheRatio(_ ratio: Int, _ fits: Bool) throws {
        var limits = Limits()
        limits.inflateRatio = ratio
        let zip = try archive(bombArchive, limits: limits)
        if fits {
            #expect(try zip.contents(zip.entries[0]).bytes() == [UInt8](repeating: 0, count: 1_000_000))
        } else {
            let error = #expect(throws: ONNXError.self) { try zip.contents(zip.entries[0]) }
            #expect(error?.code == .limit && error?.remedy == "raise the limit inflateRatio")
        }
    }

    /// The second entry's header lies inside the first entry's bytes.
    @Test func refusesOverlappingEntries() throws {
        let scratch = try Scratch()
        let file = try AtomicFile(path: scratch.path + "/a.zip")
        let writer = ZipWriter(file)
        try writer.entry("outer") { try $0.write([UInt8](repeating: 0, count: 200)) }
        try writer.entry("inner") { try $0.write([1]) }
        try writer.finish()
        try file.commit()
        var bytes = ByteRegion(try MappedFile(path: file.path)).bytes()
        let zip = try archive(bytes)
        let (outer, inner) = (zip.entries[0].stored, zip.entries[1].stored)
        let header = Array(bytes[(outer.offset + 200)..<(inner.offset + 1)])
        bytes.replaceSubrange(outer.offset..<(outer.offset + header.count), with: header)
        let record = try #require(bytes.lastIndex(of: UInt8(ascii: "i"))) - 46
        let offset = UInt32(outer.offset)
        for index in 0..<4 { bytes[record + 42 + index] = UInt8(truncatingIfNeeded: offset >> (8 * UInt32(index))) }
        let error = #expect(throws: ONNXError.self) { try archive(bytes) }
        #expect(error?.message == "the zip entries \"outer\" and \"inner\" overlap")
    }

    @Test func boundsTheNumberOfEntries() throws {
        var limits = Limits()
        limits.zipEntries = 5
        _ = try archive(pythonArchive, limits: limits)
        limits.zipEntries = 4
        let error = #expect(throws: ONNXError.self) { try archive(pythonArchive, limits: limits) }
        #expect(error?.code == .limit)
    }

    @Test func comparesTheChecksumUnlessItIsLeftOut() throws {
        var bytes = pythonArchive
        let content = try #require(archive(bytes)["stored"]).stored.offset
        bytes[content] ^= 0xFF
        let damaged = try archive(bytes)
        let entry = try #require(damaged["stored"])
        let error = #expect(throws: ONNXError.self) { try damaged.contents(entry) }
        #expect(error?.message.contains("the bytes are damaged") == true)
        _ = try damaged.contents(entry, verify: false)
        // Local header and directory entry without a checksum.
        let local = content - 36 + 14
        let central = 425 + 53 + 51 + 51 + 16
        for index in 0..<4 { (bytes[local + index], bytes[central + index]) = (0, 0) }
        let unsummed = try archive(bytes)
        #expect(try unsummed.contents(#require(unsummed["stored"])).bytes()[0] == UInt8(ascii: "s") ^ 0xFF)
    }
}

@Suite struct ZipWriterTests {
    @Test func entriesComeBackAligned() throws {
        let scratch = try Scratch()
        let file = try AtomicFile(path: scratch.path + "/a.zip")
        let writer = ZipWriter(file)
        let contents = [("a", 0), ("some/longer::name", 1), ("é", 63), ("b", 64), ("big", 700_000)].map { name, count in
            (name, (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        }
        for (name, bytes) in contents { try writer.entry(name) { try $0.write(bytes) } }
        #expect(throws: ONNXError.self) { try writer.entry("a") { _ in } }
        try writer.finish()
        try file.commit()
        let zip = try ZipReader(ByteRegion(MappedFile(path: file.path)))
        #expect(zip.entries.map(\.name) == contents.map(\.0))
        for (index, (_, bytes)) in contents.enumerated() {
            let entry = zip.entries[index]
            #expect(entry.stored.offset % 64 == 0)
            #expect(try zip.contents(entry).bytes() == bytes)
            #expect(bytes.isEmpty || entry.crc32 != 0)
        }
    }
}

@Suite struct ChecksumTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    ])
    func sha256OfKnownTexts(_ text: String, _ hash: String) throws {
        #expect(SHA256.hexadecimal(ByteRegion(try MappedFile(name: "text", copying: Array(text.utf8)))) == hash)
    }

    @Test func sha256InPartsIsTheSame() throws {
        let bytes = [UInt8](repeating: 0x61, count: 1_000_000)
        let region = ByteRegion(try MappedFile(name: "a", copying: bytes))
        #expect(SHA256.hexadecimal(region) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        for part in [1000, 64, 63, 65, 4097] {
            var hash = SHA256()
            for start in stride(from: 0, to: bytes.count, by: part) {
                try region.slice(offset: start, count: min(part, bytes.count - start)).withBytes { hash.update($0) }
            }
            #expect(hash.hexadecimal() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        }
    }

    @Test(
        arguments: [("", 0), ("a", 0xE8B7_BE43), ("123456789", 0xCBF4_3926), ("The quick brown fox jumps over the lazy dog", 0x414F_A339)] as [(String, UInt32)]
    )
    func crc32OfKnownTexts(_ text: String, _ value: UInt32) throws {
        var checksum = CRC32()
        ByteRegion(try MappedFile(name: "text", copying: Array(text.utf8))).withBytes { checksum.update($0) }
        #expect(checksum.value == value)
    }
}

/// Five entries as Python's zipfile writes them: dynamic and fixed codes, nothing, stored, and a name that is not ASCII.
private let pythonArchive = decoded(
    """
    UEsDBBQAAAAIAAAAIQD8rrU90AAAAMQEAAAHAAAAZHluYW1pY31TWw7DIAy7ClcjarRNolul9YvTV4Oy2knKD0Qhjp0HontOun1f5fNOuWzPnB55XfNpL1p2Pqv+TfmZGOcxnBmw\
    naQ5ZC4Bz+pDQZUoq+wBIxxeWVt76IzNtLl8PwYSWC5kVYMBxxUwUgQJQU8/49iowTCXasu1uYkzVg5A5hFfQse57uNiQA8G1t5WKhGJabcFw8yGi0tFjRMxTn51KibUCGT6MAOO\
    yOvjFb67ERcMyv+yoKOcCzbX/0I/U7GbE/wtfJabXRSzhnYtYRzgOABQSwMEFAAAAAgAAAAhAGA1ReEIAAAADQAAAAUAAABmaXhlZEtMhIGkpCQAUEsDBBQAAAAIAAAAIQAAAAAA\
    AgAAAAAAAAAFAAAAZW1wdHkDAFBLAwQUAAAAAAAAACEAeHemDwwAAAAMAAAABgAAAHN0b3JlZHN0b3JlZCBieXRlc1BLAwQUAAAICAAAACEADVuG2hQAAAC4CwAAAgAAAMOp7cEx\
    AQAAAMKg9U9tDQ+gAACAdwNQSwECFAMUAAAACAAAACEA/K61PdAAAADEBAAABwAAAAAAAAAAAAAAgAEAAAAAZHluYW1pY1BLAQIUAxQAAAAIAAAAIQBgNUXhCAAAAA0AAAAFAAAA\
    AAAAAAAAAACAAfUAAABmaXhlZFBLAQIUAxQAAAAIAAAAIQAAAAAAAgAAAAAAAAAFAAAAAAAAAAAAAACAASABAABlbXB0eVBLAQIUAxQAAAAAAAAAIQB4d6YPDAAAAAwAAAAGAAAA\
    AAAAAAAAAACAAUUBAABzdG9yZWRQSwECFAMUAAAICAAAACEADVuG2hQAAAC4CwAAAgAAAAAAAAAAAAAAgAF1AQAAw6lQSwUGAAAAAAUABQD/AAAAqQEAAAAA
    """)

/// A million zeros, deflated about a thousand times.
private let bombArchive = decoded(
    """
    UEsDBBQAAAAIAAAAIQCey3kS2QMAAEBCDwABAAAAeu3BAQEAAACCIP+vbkhAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAArwZQSwECFAMUAAAACAAAACEAnst5EtkDAABAQg8AAQAAAAAA\
    AAAAAAAAgAEAAAAAelBLBQYAAAAAAQABAC8AAAD4AwAAAAA=
    """)

private func decoded(_ base64: String) -> [UInt8] {
    Data(base64Encoded: base64).map(Array.init) ?? []
}
