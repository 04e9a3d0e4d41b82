internal import Bytes
internal import OrderedCollections
internal import TensorFiles

extension Checkpoint {
    /// The shards that an `.index.json` lists: `{"metadata": {…}, "weight_map": {"NAME": "model-00001-of-00002.safetensors", …}}`.
    ///
    /// Every shard lies beneath `folder`, and holds exactly the tensors that the index says.
    init(index: ByteRegion, folder: Folder, limits: Limits) throws {
        do {
            let shards = try weightMap(index, limits: limits)
            try self.init(names: shards, opened: Self.open(shards, folder, limits))
        } catch let error as ONNXError where error.place.first != quoted(index.file.name) {
            throw error.at(quoted(index.file.name))
        }
    }

    private static func open(
        _ names: OrderedDictionary<String, String>, _ folder: Folder, _ limits: Limits
    ) throws -> OrderedDictionary<String, Checkpoint> {
        let shards = OrderedSet(names.values)
        lazy var byKerasName = kerasNames(names.keys)
        var opened: OrderedDictionary<String, Checkpoint> = [:]
        for shard in shards {
            let file = ByteRegion(try folder.open(shard))
            switch FileKind(file) {
            case .zip: opened[shard] = try Checkpoint(pytorch: file, limits: limits)
            case .hdf5: opened[shard] = try Checkpoint(keras: file, limits: limits).renamed(by: byKerasName)
            default: opened[shard] = try Checkpoint(safetensors: SafetensorsFile(file, limits: limits))
            }
        }
        return opened
    }

    private init(names: OrderedDictionary<String, String>, opened: OrderedDictionary<String, Checkpoint>) throws(ONNXError) {
        guard let first = opened.values.first else { throw ONNXError(.malformed, "weight_map names no tensor") }
        for (shard, checkpoint) in opened {
            let place = ["shard \"\(quoted(shard))\""]
            guard checkpoint.format == first.format else { throw ONNXError(.malformed, "is of another format than the first", place: place) }
            for name in checkpoint.entries.keys where names[name] != shard {
                let found = names[name].map { "which the index gives to \"\(quoted($0))\": it stands in two shards, or in the wrong one" }
                throw ONNXError(.malformed, "holds the tensor \"\(quoted(name))\", \(found ?? "which the index doesn't name")", place: place, remedy: refetch)
            }
        }
        var entries: OrderedDictionary<String, Entry> = [:]
        for (name, shard) in names {
            guard let entry = opened[shard]?.entries[name] else {
                throw ONNXError(
                    .malformed, "lacks the tensor \"\(quoted(name))\" that the index gives to it", place: ["shard \"\(quoted(shard))\""], remedy: refetch)
            }
            entries[name] = entry
        }
        self.init(format: first.format, entries: entries, metadata: first.metadata)
    }
}

private let refetch = "fetch the index and all shards of one revision again"

/// The shard of each tensor, read piece by piece, so that too many shards end it early.
private func weightMap(_ index: ByteRegion, limits: Limits) throws(ONNXError) -> OrderedDictionary<String, String> {
    var reader = try JSONReader(index, limits: limits)
    var homes: OrderedDictionary<String, String>?
    if try reader.next() == .beginObject {
        while case .name(let key) = try reader.next() {
            let value = try reader.next()
            if key == "weight_map", value == .beginObject { homes = try shards(&reader, limits: limits) } else { try reader.skip(value) }
        }
        _ = try reader.next()
    }
    guard let homes else {
        throw ONNXError(
            .malformed, "is a JSON text without an object \"weight_map\", so no index of a sharded checkpoint",
            remedy: "give model.safetensors.index.json or pytorch_model.bin.index.json, or the file of the weights itself")
    }
    return homes
}

private func shards(_ reader: inout JSONReader, limits: Limits) throws(ONNXError) -> OrderedDictionary<String, String> {
    var homes: OrderedDictionary<String, String> = [:]
    var shards: Set<String> = []
    while case .name(let name) = try reader.next() {
        guard case .string(let shard) = try reader.next() else {
            throw reader.error(.malformed, "weight_map gives \"\(quoted(name))\" something else than the name of a shard")
        }
        shards.insert(shard)
        guard shards.count <= limits.shards else {
            throw reader.error(.limit, "more than \(limits.shards) shards", remedy: "raise the limit shards")
        }
        homes[name] = shard
    }
    return homes
}
