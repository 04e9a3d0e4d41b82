package import Bytes
internal import OrderedCollections

extension Checkpoint {
    /// Keras weights in HDF5, as `save_weights`, or `save_pretrained` of transformers' TensorFlow classes, writes them.
    ///
    /// A tensor is named by its path in the file, `LAYER/WEIGHT`: "distilbert/tf_distil_bert_model/distilbert/embeddings/word_embeddings/weight:0".
    /// Of a whole model that Keras saved the weights are listed; shards by transformers have no layers, only weights.
    /// The order is that of the attributes `layer_names` and `weight_names`, by which Keras finds them too.
    package init(keras region: ByteRegion, limits: Limits = Limits()) throws {
        let file = try HDF5File(region, limits: limits)
        var reader = KerasReader(file)
        try self.init(format: .keras, entries: reader.entries(), metadata: reader.metadata())
    }
}

extension Checkpoint {
    /// What the tensors of Keras shards are called in their index, by their names in the shard, which lack the first component, the model's.
    ///
    /// Source: save_pretrained in transformers/modeling_tf_utils.py (4.x)
    static func kerasNames(_ indexed: some Sequence<String>) -> [String: String] {
        let pairs = indexed.map { name in
            let parts = name.split(separator: "/")
            return (name.contains("model.") || parts.count == 1 ? name : parts.dropFirst().joined(separator: "/"), name)
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    /// The same tensors, those that `names` knows under other names.
    func renamed(by names: [String: String]) -> Checkpoint {
        var renamed: OrderedDictionary<String, Entry> = [:]
        for entry in entries.values {
            let name = names[entry.name] ?? entry.name
            renamed[name] = Entry(name: name, shape: entry.shape, elementType: entry.elementType, read: entry.tensor)
        }
        return Checkpoint(format: format, entries: renamed, metadata: metadata)
    }
}

private struct KerasReader {
    private let file: HDF5File
    private var names: HDF5Namespace
    private var heaps: HDF5GlobalHeaps

    init(_ file: HDF5File) {
        self.file = file
        names = HDF5Namespace(file)
        heaps = HDF5GlobalHeaps(file)
    }

    mutating func entries() throws -> OrderedDictionary<String, Checkpoint.Entry> {
        let (start, layers) = try layers()
        var entries: OrderedDictionary<String, Checkpoint.Entry> = [:]
        for layer in layers {
            let object = try object(layer, from: start)
            if try object.first(.layout) != nil {
                try add(layer, object, to: &entries)
                continue
            }
            guard let weights = try list("weight_names", of: object) else {
                throw file.refused(.malformed, "the layer \"\(quoted(layer))\" has no attribute weight_names")
            }
            for weight in weights {
                let path = layer + "/" + weight
                if entries[path] == nil { try add(path, self.object(path, from: start), to: &entries) }
            }
        }
        return entries
    }

    /// What Keras says of itself.
    mutating func metadata() throws(ONNXError) -> [String: String] {
        let root = try HDF5Object(at: file.root, in: file, &names.budget)
        var metadata: [String: String] = [:]
        let attributes = try HDF5Attributes(of: root)
        for name in ["backend", "keras_version"] {
            if let text = try attributes[name]?.strings(&heaps, &names.budget).first { metadata[name] = text }
        }
        return metadata
    }

    /// The layers, and the address of the group that holds them.
    private mutating func layers() throws(ONNXError) -> (Int, [String]) {
        let root = try HDF5Object(at: file.root, in: file, &names.budget)
        if let layers = try list("layer_names", of: root) { return (file.root, layers) }
        if let start = try names.address("model_weights", from: file.root),
            let layers = try list("layer_names", of: HDF5Object(at: start, in: file, &names.budget))
        {
            return (start, layers)
        }
        throw file.refused(
            .malformed, "holds no weights as Keras 2 saves them: there is no attribute layer_names",
            remedy: "save them with transformers 4.x, save_pretrained or save_weights(\"NAME.h5\")")
    }

    /// The attribute of that name; Keras splits a long one into NAME0, NAME1, …
    private mutating func list(_ name: String, of object: HDF5Object) throws(ONNXError) -> [String]? {
        let attributes = try HDF5Attributes(of: object)
        if let whole = attributes[name] { return try whole.strings(&heaps, &names.budget) }
        var list: [String]?
        var part = 0
        while let attribute = attributes["\(name)\(part)"] {
            list = try (list ?? []) + attribute.strings(&heaps, &names.budget)
            part += 1
        }
        return list
    }

    private mutating func object(_ path: String, from start: Int) throws(ONNXError) -> HDF5Object {
        guard let object = try names.object(path, from: start) else {
            throw file.refused(.malformed, "\"\(quoted(path))\" is named by layer_names or weight_names, but not there")
        }
        return object
    }

    private func add(_ path: String, _ object: HDF5Object, to entries: inout OrderedDictionary<String, Checkpoint.Entry>) throws {
        let (file, what) = (file, "dataset \"\(quoted(path))\"")
        let dataset = try file.about(what) { try HDF5Dataset(object) }
        entries[path] = Checkpoint.Entry(name: path, shape: dataset.shape, elementType: dataset.elementType) {
            try file.about(what, dataset.tensor)
        }
    }
}
