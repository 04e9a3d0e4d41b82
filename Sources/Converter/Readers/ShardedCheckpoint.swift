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
        guard shards.count <= limits.shards else {
            throw ONNXError(.limit, "\(shards.count) shards are above the limit of \(limits.shards)", remedy: "raise the limit shards")
        }
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

/// The shard of each tensor.
private func weightMap(_ index: ByteRegion, limits: Limits) throws(ONNXError) -> OrderedDictionary<String, String> {
    guard let members = try JSONValue(index, limits: limits)["weight_map"]?.members else {
        throw ONNXError(
            .malformed, "is a JSON text without \"weight_map\", so no index of a sharded checkpoint",
            remedy: "give model.safetensors.index.json or pytorch_model.bin.index.json, or the file of the weights itself")
    }
    var shards: OrderedDictionary<String, String> = [:]
    for member in members {
        guard let shard = member.value.string else {
            throw ONNXError(.malformed, "weight_map gives \"\(quoted(member.name))\" \(member.value.kind), but the name of a shard is expected")
        }
        shards[member.name] = shard
    }
    return shards
}
