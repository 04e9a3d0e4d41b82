import Bytes
import Converter
import OrderedCollections
import Tensors
import Testing

private let folder = checkpoints + "/tensorflow/"

/// A LevelDB table of these blocks, with right checksums.
private struct Table {
    typealias Pair = (key: [UInt8], value: [UInt8])

    private(set) var bytes: [UInt8] = []
    /// Where the blocks are.
    private var places: [Range<Int>] = []
    private var handles: [Pair] = []

    init(_ blocks: [[Pair]], compression: UInt8 = 0) {
        for pairs in blocks { handles.append((pairs.last?.key ?? [], add(Self.block(pairs), compression))) }
        finish(index: handles)
    }

    /// An index of this one's own making.
    init(_ blocks: [[Pair]], index: ([[UInt8]]) -> [Pair]) {
        let places = blocks.map { add(Self.block($0)) }
        finish(index: index(places))
    }

    private mutating func finish(index: [Pair]) {
        let footer = [0, 0] + add(Self.block(index))
        bytes += footer + [UInt8](repeating: 0, count: 40 - footer.count) + littleEndian(0xDB47_7524_8B80_FB57 as UInt64)
    }

    /// Gives the block's handle.
    private mutating func add(_ block: [UInt8], _ compression: UInt8 = 0) -> [UInt8] {
        let handle = varint(bytes.count) + varint(block.count)
        places.append(bytes.count..<bytes.count + block.count)
        bytes += block + [compression] + littleEndian(Self.checksum(block + [compression]))
        return handle
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var checksum = CRC32(.castagnoli)
        unsafe bytes.withUnsafeBytes { unsafe checksum.update($0.bytes) }
        return (checksum.value >> 15 | checksum.value << 17) &+ 0xA282_EAD8
    }

    /// What a changed copy of `bytes` is with right checksums, so that a reader goes on past them.
    func sealed(_ changed: [UInt8]) -> [UInt8] {
        var changed = changed
        for place in places {
            changed.replace(at: place.upperBound + 1, with: littleEndian(Self.checksum(Array(changed[place.lowerBound...place.upperBound]))))
        }
        return changed
    }

    private static func block(_ pairs: [Pair]) -> [UInt8] {
        var block: [UInt8] = []
        var last: [UInt8] = []
        for pair in pairs {
            let shared = zip(last, pair.key).prefix { $0 == $1 }.count
            block += varint(shared) + varint(pair.key.count - shared) + varint(pair.value.count) + pair.key[shared...] + pair.value
            last = pair.key
        }
        return block + littleEndian(UInt32(0)) + littleEndian(UInt32(1))
    }
}

private func varint(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = UInt64(value)
    while rest > 127 {
        bytes.append(UInt8(rest & 127) | 128)
        rest >>= 7
    }
    return bytes + [UInt8(rest)]
}

/// A protobuf field that holds an integer, or bytes.
private func field(_ number: Int, _ value: Int) -> [UInt8] { varint(number << 3) + varint(value) }
private func field(_ number: Int, _ value: [UInt8]) -> [UInt8] { varint(number << 3 | 2) + varint(value.count) + value }

/// A header for `shards` data files.
private func header(_ shards: Int = 1) -> Table.Pair { ([], field(1, shards)) }

/// An entry for floats.
private func entry(_ name: String, shape: [Int], count: Int? = nil, type: Int = 1, shard: Int = 0, offset: Int = 0, more: [UInt8] = []) -> Table.Pair {
    let dimensions = shape.flatMap { field(2, field(1, $0)) }
    let size = count ?? shape.reduce(4, *)
    return (Array(name.utf8), field(1, type) + field(2, dimensions) + field(3, shard) + field(4, offset) + field(5, size) + more)
}

@Suite struct TensorFlowCheckpointTests {
    @Test(arguments: ["base", "fill-mask", "training", "tensorflow-1", "several-files"])
    func readsAsTensorFlowDoes(_ name: String) throws {
        let checkpoint = try Checkpoint(contentsOf: folder + "bundles/\(name)/ckpt.index")
        #expect(checkpoint.format == .tensorflow)
        try expectEqual(checkpoint, folder + "bundles/\(name)/ckpt.expected.safetensors")
    }

    @Test func variablesHaveTheirFullNames() throws {
        let base = try Checkpoint(contentsOf: folder + "bundles/base/ckpt.index").entries
        #expect(base["tf_distil_bert_model/distilbert/embeddings/word_embeddings/weight"]?.shape == [24, 8])
        #expect(base["tf_distil_bert_model/distilbert/transformer/layer_._1/attention/q_lin/kernel"] != nil)
        let training = try Checkpoint(contentsOf: folder + "bundles/training/ckpt.index").entries
        #expect(training["only/kernel"]?.shape == [3, 2])
        #expect(training.keys.contains("Adam/m/only/kernel"), "\(training.keys)")
    }

    @Test func tablesOfManyBlocksAreRead() throws {
        let blocks = (0..<50).map { block in
            (block == 0 ? [header()] : []) + (0..<20).map { entry("name/\(100 + block)/\(100 + $0)", shape: [0], count: 0) }
        }
        let checkpoint = try open(Table(blocks).bytes)
        #expect(checkpoint.entries.count == 1000)
        #expect(checkpoint.entries.keys.last == "name/149/119")
    }

    private static let refusals: [(ReaderRefusal, Table)] = [
        (ReaderRefusal("no header", .unsupported, "is a table, but not the index of a bundle: it has no header"), Table([[entry("a", shape: [1])]])),
        (ReaderRefusal("empty", .unsupported, "it has no header"), Table([[]])),
        (ReaderRefusal("no data files", .malformed, "a bundle of 0 data files"), Table([[header(0)]])),
        (ReaderRefusal("a million data files", .malformed, "a bundle of 1000000 data files"), Table([[header(1_000_000)]])),
        (ReaderRefusal("big-endian", .unsupported, "a bundle of big-endian numbers"), Table([[([], field(1, 1) + field(2, 1))]])),
        (ReaderRefusal("for newer readers", .unsupported, "a bundle for readers of version 9"), Table([[([], field(1, 1) + field(3, field(2, 9)))]])),
        (ReaderRefusal("compressed", .unsupported, "a block that is compressed (kind 1, 1 is snappy)"), Table([[header()]], compression: 1)),
        (ReaderRefusal("order", .malformed, "the table's keys are out of order"), Table([[header(), entry("b", shape: [0]), entry("a", shape: [0])]])),
        (ReaderRefusal("twice", .malformed, "or one is there twice"), Table([[header(), entry("a", shape: [0])], [entry("a", shape: [0])]])),
        (ReaderRefusal("blocks overlap", .malformed, "the table's blocks overlap or are out of order"), Table([[header()]]) { [([1], $0[0]), ([2], $0[0])] }),
        (ReaderRefusal("block beyond the end", .malformed, "don't lie within"), Table([[header()]]) { _ in [([1], varint(1 << 30) + varint(9))] }),
        (
            ReaderRefusal("block of 2^63", .malformed, "a block beyond 2 GiB"),
            Table([[header()]]) { _ in [([1], [0] + [UInt8](repeating: 0xFF, count: 9) + [1])] }
        ),
        (ReaderRefusal("type", .unsupported, "the tensor \"a\" has TensorFlow's type 21"), Table([[header(), entry("a", shape: [1], type: 21)]])),
        (ReaderRefusal("data file", .malformed, "the tensor \"a\" is in data file 3 of 1"), Table([[header(), entry("a", shape: [1], shard: 3)]])),
        (
            ReaderRefusal("size", .malformed, "the tensor \"a\", float[2,3], has 24 bytes, but 20 are stored"),
            Table([[header(), entry("a", shape: [2, 3], count: 20)]])
        ),
        (ReaderRefusal("overflow", .limit, "more elements than 64 bits can count"), Table([[header(), entry("a", shape: [1 << 40, 1 << 40], count: 4)]])),
        (ReaderRefusal("rank", .limit, "has more than 32 axes"), Table([[header(), entry("a", shape: [Int](repeating: 1, count: 40), count: 4)]])),
        (
            ReaderRefusal("negative", .malformed, "has the dimension -1"),
            Table([[header(), ([97], field(1, 1) + field(2, field(2, [8] + [UInt8](repeating: 0xFF, count: 9) + [1])))]])
        ),
        (
            ReaderRefusal("beyond the end", .malformed, "4 bytes from 100 are expected, but the file has 8: 96 bytes are missing"),
            Table([[header(), entry("a", shape: [1], offset: 100)]])
        ),
        (
            ReaderRefusal("shared bytes", .malformed, "two tensors share the bytes at 3"),
            Table([[header(), entry("a", shape: [1]), entry("b", shape: [1], offset: 3)]])
        ),
        (ReaderRefusal("no such file", .io, "cannot be opened"), Table([[header(2), entry("a", shape: [1], shard: 1)]])),
        (ReaderRefusal("checksum", .malformed, "the checksum doesn't match: the bytes are damaged"), Table([[header(), entry("a", shape: [1])]])),
        (ReaderRefusal("UTF-8", .malformed, "the name of a tensor is not UTF-8"), Table([[header(), ([0xFF], field(1, 1))]])),
        (ReaderRefusal("wire", .malformed, "a protobuf field of the kind 3"), Table([[header(), ([97], [0x0B])]])),
        (ReaderRefusal("wire length", .malformed, "a protobuf field of 1000 bytes, 0 are left"), Table([[header(), ([97], varint(18) + varint(1000))]])),
    ]

    @Test(arguments: refusals.indices)
    func refuses(_ index: Int) throws {
        let (refusal, table) = Self.refusals[index]
        let scratch = try Scratch()
        try scratch.write([UInt8](0..<8), to: "x.data-00000-of-00001")
        let error = failure(try scratch.write(table.bytes, to: "x.index"))
        refusal.check(error)
        #expect(error?.place.isEmpty == false)
    }

    @Test func refusesPartitions() {
        ReaderRefusal("", .unsupported, "the bundle holds a variable in partitions").check(failure(folder + "refused/partitions.index"))
    }

    @Test func refusesAnotherName() throws {
        let scratch = try Scratch()
        let path = try scratch.write(Table([[header()]]).bytes, to: "renamed")
        ReaderRefusal("", .usage, "the index of a bundle must be called NAME.index").check(failure(path))
    }

    @Test func keysThatShareTooMuchAreBounded() throws {
        var limits = Limits()
        limits.structureBytes = 100_000
        let long = String(repeating: "x", count: 1000)
        let pairs = [header()] + (0..<200).map { entry(long + "\(100 + $0)", shape: [0], count: 0) }
        let scratch = try Scratch()
        try scratch.write([0], to: "x.data-00000-of-00001")
        let path = try scratch.write(Table([pairs]).bytes, to: "x.index")
        _ = try Checkpoint(contentsOf: path)
        ReaderRefusal("", .limit, "take more memory than the limit structureBytes").check(failure(path, limits: limits))
    }

    @Test func everyCutIsRefused() throws {
        let scratch = try Scratch()
        let (index, data) = try (bytes(folder + "bundles/training/ckpt.index"), bytes(folder + "bundles/training/ckpt.data-00000-of-00001"))
        try scratch.write(data, to: "x.data-00000-of-00001")
        for count in 1..<index.count {
            #expect(failure(try scratch.write(index.prefix(count), to: "x.index"))?.code == .malformed, "\(count)")
        }
        let path = try scratch.write(index, to: "x.index")
        for count in stride(from: 1, to: data.count, by: 13) {
            try scratch.write(data.prefix(count), to: "x.data-00000-of-00001")
            #expect(failure(path)?.code == .malformed, "\(count)")
        }
    }

    /// Checksums cover everything but the footer, whose first handle and padding mean nothing to a reader.
    @Test func everyFlippedBitIsFound() throws {
        let scratch = try Scratch()
        for name in ["ckpt.index", "ckpt.data-00000-of-00001"] {
            let (index, data) = try (bytes(folder + "bundles/training/ckpt.index"), bytes(folder + "bundles/training/ckpt.data-00000-of-00001"))
            let count = name == "ckpt.index" ? index.count - 48 : data.count
            for place in stride(from: 0, to: count, by: 3) {
                var damaged = name == "ckpt.index" ? index : data
                damaged[place] ^= 1 << UInt8(place % 8)
                let path = try scratch.write(name == "ckpt.index" ? damaged : index, to: "x.index")
                try scratch.write(name == "ckpt.index" ? data : damaged, to: "x.data-00000-of-00001")
                // The index of metadata, an empty block that nothing needs, is the only one that isn't read.
                let error = failure(path)
                #expect(error?.code == .malformed || isUnread(place, index), "\(name) \(place)")
            }
        }
    }

    private func isUnread(_ place: Int, _ index: [UInt8]) -> Bool { place >= index.count - 48 - 60 }

    @Test func noMutationCrashes() throws {
        // A table with what an index can hold, whose checksums are made right after each change.
        let table = Table([
            [header(), entry("a/b", shape: [1, 2]), entry("a/c", shape: [], offset: 8, more: field(6, 99))],
            [entry("b/a", shape: [], count: 6, type: 7, offset: 12), entry("b/b", shape: [2], type: 3, offset: 18)],
        ])
        try mutate(table.bytes) { file, scratch in
            try scratch.write([UInt8](0..<26), to: "x.data-00000-of-00001")
            expectAnswer(try scratch.write(table.sealed(file), to: "x.index"))
        }
    }

    @Test(arguments: ["base", "tensorflow-1"])
    func noMutationOfTheDataCrashes(_ name: String) throws {
        let index = try bytes(folder + "bundles/\(name)/ckpt.index")
        try mutate(bytes(folder + "bundles/\(name)/ckpt.data-00000-of-00001")) { file, scratch in
            try scratch.write(file, to: "x.data-00000-of-00001")
            expectAnswer(try scratch.write(index, to: "x.index"))
        }
    }

    private func open(_ index: [UInt8]) throws -> Checkpoint {
        let scratch = try Scratch()
        try scratch.write([UInt8](0..<8), to: "x.data-00000-of-00001")
        return try Checkpoint(contentsOf: scratch.write(index, to: "x.index"))
    }
}
