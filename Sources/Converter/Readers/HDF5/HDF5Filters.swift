internal import Bytes

/// What was done to a dataset's chunks before they were written: shuffled, deflated, or both.
struct HDF5Filters: Sendable {
    private enum Filter: Equatable {
        case deflate
        /// The first bytes of all elements, then the second ones, …
        case shuffle(width: Int)
    }

    private let filters: [Filter]
    private let file: HDF5File

    init(_ object: HDF5Object) throws(ONNXError) {
        file = object.file
        guard let message = try object.first(.filters) else {
            filters = []
            return
        }
        var cursor = ByteCursor(message)
        let version = try cursor.uint8()
        guard version == 1 || version == 2 else { throw cursor.error(.unsupported, "filters of version \(version); 1 and 2 are read") }
        let count = Int(try cursor.uint8())
        if version == 1 { try cursor.skip(6) }
        var filters: [Filter] = []
        for _ in 0..<count { filters.append(try Self.filter(&cursor, version: version, file)) }
        guard filters.count(where: { $0 == .deflate }) <= 1 else { throw cursor.error(.unsupported, "chunks that are deflated twice") }
        self.filters = filters
    }

    private static let names = [3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 307: "bzip2", 32_000: "lzf", 32_001: "blosc", 32_015: "zstd"]

    private static func filter(_ cursor: inout ByteCursor, version: UInt8, _ file: HDF5File) throws(ONNXError) -> Filter {
        let number = Int(try cursor.uint16())
        let nameCount = version == 1 || number >= 256 ? Int(try cursor.uint16()) : 0
        try cursor.skip(2)
        let count = Int(try cursor.uint16())
        try cursor.skip(nameCount)
        if version == 1 { try cursor.skip(min(cursor.remaining, (8 - nameCount % 8) % 8)) }
        var values: [UInt32] = []
        for _ in 0..<count { values.append(try cursor.uint32()) }
        if version == 1, count % 2 == 1 { try cursor.skip(min(cursor.remaining, 4)) }
        switch number {
        case 1: return .deflate
        case 2:
            guard let width = values.first, width > 0 else { throw cursor.error(.malformed, "a shuffle of elements of 0 bytes") }
            return .shuffle(width: Int(width))
        default:
            let name = names[number].map { "\($0), \(number)" } ?? "\(number)"
            throw file.refused(.unsupported, "the filter \(name); deflate (gzip) and shuffle are read", remedy: "write it again without that filter")
        }
    }

    /// Whether the bytes of a chunk may be fewer or more than its values.
    func isDeflated(except mask: UInt32) -> Bool { applied(except: mask).contains(.deflate) }

    /// The `count` bytes of values that `stored` holds. Filters whose bits `mask` sets were left out for this chunk.
    func undo(_ stored: ByteRegion, count: Int, except mask: UInt32) throws -> ByteRegion {
        var bytes = stored
        for filter in applied(except: mask).reversed() {
            switch filter {
            case .deflate:
                try file.checkExpansion(from: bytes.count, to: count)
                bytes = try inflatedZlib(bytes, count: count)
            case .shuffle(let width): bytes = try Self.unshuffled(bytes, width: width)
            }
        }
        guard bytes.count == count else { throw file.refused(.malformed, "a chunk of \(bytes.count) bytes where its values have \(count)") }
        return bytes
    }

    private func applied(except mask: UInt32) -> [Filter] {
        filters.enumerated().filter { index, _ in index >= 32 || mask >> UInt32(index) & 1 == 0 }.map(\.element)
    }

    private static func unshuffled(_ region: ByteRegion, width: Int) throws -> ByteRegion {
        let count = region.count / width
        if count == 0 { return region }
        let file = try MappedFile(name: region.file.name, count: region.count) { output in
            region.withBytes { input in
                unsafe output.withUnsafeMutableBytes { output in
                    unsafe input.withUnsafeBytes { input in
                        for byte in 0..<width {
                            for element in 0..<count { unsafe output[element * width + byte] = input[byte * count + element] }
                        }
                        // What is no whole element stays where it is.
                        for index in count * width..<input.count { unsafe output[index] = input[index] }
                    }
                }
            }
        }
        return ByteRegion(file)
    }
}
