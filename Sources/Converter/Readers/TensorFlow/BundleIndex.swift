internal import Bytes
internal import OrderedCollections
internal import Tensors

/// What the index of a TensorFlow bundle says: how many data files there are, and where in them each tensor lies.
///
/// Source: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto
struct BundleIndex {
    let shardCount: Int
    /// By key.
    let entries: OrderedDictionary<String, BundleEntry>

    init(_ file: ByteRegion, limits: Limits) throws(ONNXError) {
        let table = try SSTable(file, limits: limits)
        // The header has the empty key, the least of all.
        guard let header = table.entries.first, header.key.isEmpty else {
            throw ONNXError(
                .unsupported, "is a table, but not the index of a bundle: it has no header", place: [quoted(file.file.name)],
                remedy: "save the checkpoint in TensorFlow's V2 format")
        }
        shardCount = try Self.shardCount(header.value)
        var entries: OrderedDictionary<String, BundleEntry> = [:]
        for entry in table.entries.dropFirst() {
            let start = ByteCursor(entry.value)
            // The keys of a variable's partitions begin so.
            guard entry.key.first != 0 else { throw start.error(.unsupported, "the bundle holds a variable in partitions; only whole ones are read") }
            guard entry.key.count <= limits.nameBytes, let name = String(validating: entry.key, as: UTF8.self) else {
                throw start.error(.malformed, "the name of a tensor is not UTF-8, or has more than \(limits.nameBytes) bytes")
            }
            entries[name] = try BundleEntry(name, entry.value, shardCount: shardCount, limits: limits)
        }
        self.entries = entries
    }

    private static func shardCount(_ header: ByteRegion) throws(ONNXError) -> Int {
        let start = ByteCursor(header)
        var fields = WireFields(header)
        var shards: UInt64 = 0
        while let field = try fields.next() {
            switch field {
            case (1, .integer(let value)): shards = value
            case (2, .integer(let value)) where value != 0: throw start.error(.unsupported, "a bundle of big-endian numbers")
            case (3, .bytes(let version)):
                var fields = WireFields(version)
                while let field = try fields.next() {
                    guard case (2, .integer(let least)) = field, least > 1 else { continue }
                    throw start.error(.unsupported, "a bundle for readers of version \(least); this one is of version 1")
                }
            default: break
            }
        }
        guard (1...99_999).contains(shards) else { throw start.error(.malformed, "a bundle of \(shards) data files") }
        return Int(shards)
    }
}

/// Where a tensor of a bundle lies, and what it is.
struct BundleEntry {
    let elementType: ElementType
    let shape: [Int]
    let shard: Int
    let offset: Int
    let byteCount: Int
    /// Masked.
    let checksum: UInt32

    init(_ name: String, _ message: ByteRegion, shardCount: Int, limits: Limits) throws(ONNXError) {
        let start = ByteCursor(message)
        let what = "the tensor \"\(quoted(name))\""
        func size(_ value: UInt64, _ of: String) throws(ONNXError) -> Int {
            guard let size = Int(exactly: value) else { throw start.error(.malformed, "\(what) has an impossible \(of), \(Int64(bitPattern: value))") }
            return size
        }
        var (type, shard, offset, count, checksum): (UInt64, UInt64, Int, Int, UInt64) = (0, 0, 0, 0, 0)
        var shape: [Int] = []
        var fields = WireFields(message)
        while let field = try fields.next() {
            switch field {
            case (1, .integer(let value)): type = value
            case (2, .bytes(let value)): shape = try Self.shape(value, what, limits)
            case (3, .integer(let value)): shard = value
            case (4, .integer(let value)): offset = try size(value, "offset")
            case (5, .integer(let value)): count = try size(value, "size")
            case (6, .integer(let value)): checksum = value
            default: break
            }
        }
        guard let elementType = Self.types[type] else {
            throw start.error(.unsupported, "\(what) has TensorFlow's type \(type), which no tensor here can hold")
        }
        guard shard < UInt64(shardCount) else { throw start.error(.malformed, "\(what) is in data file \(shard) of \(shardCount)") }
        do throws(ONNXError) {
            let expected = try Shape.byteCount(try Shape.count(shape), elementType)
            guard elementType == .string || expected == count else {
                throw start.error(.malformed, "\(what), \(elementType)\(Shape.text(shape)), has \(expected) bytes, but \(count) are stored")
            }
        } catch {
            throw error.place.isEmpty ? start.error(error.code, "\(what): \(error.message)") : error
        }
        self.elementType = elementType
        self.shape = shape
        self.shard = Int(shard)
        self.offset = offset
        byteCount = count
        self.checksum = UInt32(truncatingIfNeeded: checksum)
    }

    private static func shape(_ message: ByteRegion, _ what: String, _ limits: Limits) throws(ONNXError) -> [Int] {
        let start = ByteCursor(message)
        var shape: [Int] = []
        var fields = WireFields(message)
        while let field = try fields.next() {
            if case (3, .integer(let isUnknown)) = field, isUnknown != 0 { throw start.error(.malformed, "\(what) has no shape") }
            guard case (2, .bytes(let dimension)) = field else { continue }
            var size: UInt64 = 0
            var fields = WireFields(dimension)
            while let field = try fields.next() { if case (1, .integer(let value)) = field { size = value } }
            guard let size = Int(exactly: size) else { throw start.error(.malformed, "\(what) has the dimension \(Int64(bitPattern: size))") }
            guard shape.count < limits.rank else { throw start.error(.limit, "\(what) has more than \(limits.rank) axes") }
            shape.append(size)
        }
        return shape
    }

    /// By the numbers of TensorFlow's `DataType`.
    private static let types: [UInt64: ElementType] = [
        1: .float, 2: .double, 3: .int32, 4: .uint8, 5: .int16, 6: .int8, 7: .string, 8: .complex64, 9: .int64, 10: .bool, 14: .bfloat16, 17: .uint16,
        18: .complex128, 19: .float16, 22: .uint32, 23: .uint64,
    ]
}
