public import Bytes

/// Where a model's files are: a folder, one file with others beside it, or a name in the local Hugging Face cache.
public struct ModelSource: Sendable {
    /// What was asked for, for messages.
    public let name: String
    /// The folder with the files.
    public let folder: String
    /// The path of the weights or the model: of those in the folder the first of `weightsPreference`; nil where it has none.
    public let weights: String?
    private let files: Folder

    /// The names of weights that are looked for in a folder, the first that is there wins; a TensorFlow bundle and an ONNX model come last.
    public static let weightsPreference = [
        "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5",
    ]
    /// The files that a tokenizer may be made of.
    public static let tokenizerFiles = ["tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"]
    /// The files that travel along with the weights: the model card and the licence.
    public static let documents = ["README.md", "LICENSE", "LICENSE.txt", "LICENSE.md"]

    /// Finds `source`: a path if there is something at it, else `NAME` or `NAME@REVISION` in the cache. A documented DistilBERT checkpoint is found under
    /// its old name (`distilbert-base-uncased`) and its new one (`distilbert/distilbert-base-uncased`) alike.
    ///
    /// - Throws: `ONNXError`: `.io` where nothing is found, with the command that fetches it; `.path` for a link that leaves the entry of the cache;
    ///   `.usage` for two revisions.
    public init(_ source: String, revision: String? = nil, cache: HuggingFaceCache = .standard) throws {
        name = source
        switch PathKind(source) {
        case .folder:
            files = try Folder(path: source)
            folder = source
            weights = try Self.weights(in: files)
        case .file:
            files = try Folder(containing: source)
            folder = files.path
            weights = source
        case .absent:
            files = try Self.cached(source, revision, cache)
            folder = files.path
            weights = try Self.weights(in: files)
        }
    }

    /// The path of the file `name` in the folder; nil where there is none.
    public func path(of name: String) -> String? {
        files.contains(name) ? files.path + "/" + name : nil
    }

    /// The bytes of the file `name` in the folder; nil where there is none.
    package func open(_ name: String) throws(ONNXError) -> ByteRegion? {
        try files.openIfPresent(name).map { ByteRegion($0) }
    }

    /// The checkpoint of the weights.
    ///
    /// - Throws: `.io` where there are none, and what `Checkpoint(contentsOf:)` throws.
    public func checkpoint(limits: Limits = Limits()) throws -> Checkpoint {
        guard let weights else {
            let expected = Self.weightsPreference.joined(separator: ", ")
            throw ONNXError(
                .io, "has no weights: none of \(expected), and no TensorFlow bundle", place: [quoted(folder)], remedy: "fetch the whole model, or give its file"
            )
        }
        // The file that a user named may be a link anywhere; one that was found in a folder may not leave it.
        if weights == name { return try Checkpoint(contentsOf: weights, limits: limits) }
        let file = ByteRegion(try files.open(String(weights.dropFirst(folder.count + 1))))
        return try Checkpoint(file, folder: { files }, limits: limits)
    }

    private static func weights(in folder: Folder) throws(ONNXError) -> String? {
        let names = try folder.names()
        let found = weightsPreference.first { names.contains($0) }
        let last = ["model.onnx", "onnx/model.onnx"].first { folder.contains($0) }
        return (found ?? names.first { $0.hasSuffix(".index") } ?? last).map { folder.path + "/" + $0 }
    }

    private static func cached(_ source: String, _ revision: String?, _ cache: HuggingFaceCache) throws(ONNXError) -> Folder {
        let parts = source.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 1 || revision == nil else {
            throw ONNXError(.usage, "names a revision, and another is given beside it", place: [quoted(source)], remedy: "give one of them")
        }
        // A file's name could be a model's too, but nobody means that.
        let isFile = [".onnx", ".safetensors", ".bin", ".h5", ".index", ".json"].contains { source.lowercased().hasSuffix($0) }
        guard !isFile, let repository = RepositoryName(parts[0]) else {
            throw ONNXError(.io, "is no file or folder, nor a name that a model could have", place: [quoted(source)], remedy: "check the path")
        }
        let wanted = parts.count == 2 ? parts[1] : revision
        for name in repository.names {
            if let folder = try cache.snapshot(of: name, revision: wanted ?? "main") { return folder }
        }
        let fetch = "hf download \(repository.current.text)" + (wanted.map { " --revision \(quoted($0))" } ?? "")
        throw ONNXError(
            .io, "is no file or folder, and not in the Hugging Face cache \(quoted(cache.path))", place: [quoted(source)],
            remedy: "check the path, or fetch it: \(fetch)")
    }
}
