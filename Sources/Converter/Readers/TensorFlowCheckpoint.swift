package import Bytes
internal import OrderedCollections
internal import Tensors

extension Checkpoint {
    /// A TensorFlow bundle: the index in `file`, called NAME.index, and the data files NAME.data-00000-of-0000N beneath `folder`.
    ///
    /// A tensor is named by its variable, "tf_distil_bert_model/distilbert/embeddings/word_embeddings/weight", where the bundle tells (a checkpoint of
    /// objects, TensorFlow 2), else by its key, which is the variable's name in TensorFlow 1. Whatever else is saved, the optimizer's variables and
    /// counters, is listed under its names too. The order is that of the keys.
    package init(tensorflow file: ByteRegion, folder: Folder, limits: Limits = Limits()) throws {
        let index = try BundleIndex(file, limits: limits)
        guard let stem = file.file.name.split(separator: "/").last, stem.hasSuffix(".index") else {
            throw ONNXError(
                .usage, "the index of a bundle must be called NAME.index, so that its data files can be found", place: [quoted(file.file.name)],
                remedy: "give the file its name back")
        }
        let data = try BundleData(index, prefix: String(stem.dropLast(".index".count)), in: folder)
        let names = try Self.fullNames(index, data, limits)
        var entries: OrderedDictionary<String, Entry> = [:]
        for (key, entry) in index.entries where key != ObjectGraph.key {
            // A key that is another variable's full name keeps its right to it.
            let full = names[key].flatMap { index.entries[$0] == nil ? $0 : nil }
            let name = full ?? key
            entries[name] = Entry(name: name, shape: entry.shape, elementType: entry.elementType) {
                do {
                    return try data.tensor(entry, limits: limits)
                } catch let error as ONNXError {
                    throw error.at("tensor \"\(quoted(name))\"")
                }
            }
        }
        self.init(format: .tensorflow, entries: entries)
    }

    private static func fullNames(_ index: BundleIndex, _ data: BundleData, _ limits: Limits) throws -> [String: String] {
        guard let entry = index.entries[ObjectGraph.key], entry.elementType == .string else { return [:] }
        return try data.strings(entry, limits).first.map { graph throws(ONNXError) in try ObjectGraph.fullNames(graph) } ?? [:]
    }
}
