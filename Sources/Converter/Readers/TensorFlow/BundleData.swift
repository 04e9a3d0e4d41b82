internal import Bytes
internal import OrderedCollections
internal import TensorFiles
internal import Tensors

/// The data files of a TensorFlow bundle. A tensor's checksum is compared when it is read.
struct BundleData: Sendable {
    private let shards: [Int: ByteRegion]

    /// Opens the files that `entries` lie in, beneath `folder`. `prefix` is the index file's name without ".index".
    init(_ index: BundleIndex, prefix: String, in folder: Folder) throws(ONNXError) {
        var shards: [Int: ByteRegion] = [:]
        for entry in index.entries.values where shards[entry.shard] == nil {
            let name = "\(prefix).data-\(Self.five(entry.shard))-of-\(Self.five(index.shardCount))"
            shards[entry.shard] = ByteRegion(try folder.open(name))
        }
        self.shards = shards
        try checkPlaces(Array(index.entries.values))
    }

    private static func five(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    /// Says at once that a data file is cut short, or that two tensors share bytes, which would let a small bundle ask for much work.
    private func checkPlaces(_ entries: [BundleEntry]) throws(ONNXError) {
        var end = (shard: 0, offset: 0)
        for entry in entries.sorted(by: { ($0.shard, $0.offset, $0.byteCount) < ($1.shard, $1.offset, $1.byteCount) }) {
            let region = try bytes(entry)
            guard entry.shard != end.shard || entry.offset >= end.offset else {
                throw ONNXError(.malformed, "two tensors share the bytes at \(entry.offset)", place: [quoted(region.file.name)])
            }
            end = (entry.shard, entry.offset + entry.byteCount)
        }
    }

    /// The bytes of `entry`.
    private func bytes(_ entry: BundleEntry) throws(ONNXError) -> ByteRegion {
        guard let shard = shards[entry.shard] else { throw ONNXError(.io, "data file \(entry.shard) is not open") }
        guard entry.offset <= shard.count, entry.byteCount <= shard.count - entry.offset else {
            let (end, overflow) = entry.offset.addingReportingOverflow(entry.byteCount)
            let missing = overflow ? "it ends far before" : "\(end - shard.count) bytes are missing"
            throw ONNXError(
                .malformed, "\(entry.byteCount) bytes from \(entry.offset) are expected, but the file has \(shard.count): \(missing)",
                place: [quoted(shard.file.name)], remedy: "copy or download the file again")
        }
        return try shard.slice(offset: entry.offset, count: entry.byteCount)
    }

    /// The values of `entry`, where they are.
    func tensor(_ entry: BundleEntry, limits: Limits) throws -> Tensor {
        let bytes = try bytes(entry)
        if entry.elementType == .string { return try Tensor(strings: strings(entry, limits).map(Self.text), shape: entry.shape) }
        guard MaskedChecksum.of(bytes) == entry.checksum else {
            throw ONNXError(.malformed, "the checksum doesn't match: the bytes are damaged", place: [quoted(bytes.file.name)])
        }
        return try Tensor(entry.elementType, entry.shape, Storage(bytes))
    }

    private static func text(_ region: ByteRegion) throws(ONNXError) -> String {
        var cursor = ByteCursor(region)
        return try cursor.string(region.count)
    }

    /// The elements of a tensor of strings: all lengths as varints, a checksum of the lengths, then the bytes.
    ///
    /// Source: WriteStringTensor in tensorflow/core/util/tensor_bundle/tensor_bundle.cc
    func strings(_ entry: BundleEntry, _ limits: Limits) throws -> [ByteRegion] {
        let bytes = try bytes(entry)
        var cursor = ByteCursor(bytes)
        let count = try Shape.count(entry.shape)
        // Each length takes a byte at least.
        guard count <= cursor.remaining else { throw cursor.error(.malformed, "\(count) strings in \(cursor.remaining) bytes") }
        var lengths: [Int] = []
        var fixed: [UInt8] = []
        for _ in 0..<count {
            let length = try cursor.varint()
            guard length <= UInt64(bytes.count) else { throw cursor.error(.malformed, "a string of \(length) bytes, \(cursor.remaining) are left") }
            lengths.append(Int(length))
            fixed += (0..<(length > UInt64(UInt32.max) ? 8 : 4)).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) }
        }
        let covered = ByteRegion(try MappedFile(name: bytes.file.name, copying: fixed))
        guard try MaskedChecksum.of(covered) == cursor.uint32() else { throw cursor.error(.malformed, "the checksum of the strings' lengths doesn't match") }
        let sum = try bytes.slice(offset: cursor.offset - 4, count: bytes.count - cursor.offset + 4)
        guard MaskedChecksum.of(covered, sum) == entry.checksum else { throw cursor.error(.malformed, "the checksum doesn't match: the bytes are damaged") }
        var strings: [ByteRegion] = []
        for length in lengths { strings.append(try cursor.take(length)) }
        guard cursor.isAtEnd else { throw cursor.error(.malformed, "\(cursor.remaining) bytes follow the last string") }
        return strings
    }
}
