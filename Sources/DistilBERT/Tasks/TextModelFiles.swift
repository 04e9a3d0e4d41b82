internal import Bytes
internal import Converter
internal import GraphIR
internal import Tokenizers

/// What a model that reads text consists of, found from one path or name.
struct TextModelFiles {
    let model: Model
    let tokenizer: DistilBertTokenizer
    let configuration: TextModelConfiguration

    /// Where a folder without weights of its own may have its model, as transformers.js and optimum lay it out.
    private static let nested = "onnx/model.onnx"
    /// Where sentence-transformers says how the vectors of tokens become one.
    private static let pooling = "1_Pooling/config.json"
    /// The files that a tokenizer can be read from.
    private static let vocabularies = ["tokenizer.json", "vocab.txt"]

    /// `name` is a model's file, its folder, or its name in the Hugging Face cache; `tokenizer` the folder of the tokenizer's files, where it is another one.
    init(_ name: String, tokenizer: String?, limits: Limits) throws {
        let source = try ModelSource(name)
        guard let file = source.weights ?? source.path(of: Self.nested) else {
            let expected = (ModelSource.weightsPreference + ["model.onnx", Self.nested]).joined(separator: ", ")
            throw ONNXError(.io, "has no model: none of \(expected)", place: [quoted(source.folder)], remedy: "give the model's file")
        }
        let (model, native) = try Self.opened(source, file, limits)
        self.model = model
        let own = native.map { native in TokenizerFiles(place: name) { native.file($0) } }
        let places = try tokenizer.map { [TokenizerFiles(try ModelSource($0))] } ?? (own.map { [$0] } ?? []) + Self.places(source, file)
        guard let place = try places.first(where: { place in try Self.vocabularies.contains { try place.open($0) != nil } }) else {
            let looked = places.flatMap { place in Self.vocabularies.map { quoted(place.place + "/" + $0) } }.joined(separator: ", ")
            throw ONNXError(
                .io, "there is no tokenizer: none of \(looked)", place: [quoted(name)],
                remedy: tokenizer == nil ? "put the tokenizer's files beside the model, or name their folder with --tokenizer" : "name the folder that has them"
            )
        }
        self.tokenizer = try DistilBertTokenizer(files: place, limits: limits)
        let configured = try ((own.map { [$0] } ?? []) + Self.places(source, file) + [place]).first { try $0.open("config.json") != nil }
        var configuration =
            try configured.map { place in
                try TextModelConfiguration(place.json("config.json", limits) ?? .null, place: quoted(place.place + "/config.json"))
            } ?? TextModelConfiguration()
        for place in try Self.places(source, file) where configuration.poolingModes == nil {
            guard let pooling = try place.json(Self.pooling, limits) else { continue }
            try configuration.take(pooling: pooling, place: quoted(place.place + "/" + Self.pooling))
        }
        self.configuration = configuration
    }

    /// The model of an .onnx or a native file, or the one that a checkpoint and its config.json make; and the native file, if it is one.
    private static func opened(_ source: ModelSource, _ file: String, _ limits: Limits) throws -> (Model, NativeFile?) {
        let region = ByteRegion(try MappedFile(path: file))
        guard Checkpoint.recognises(region), !NativeFile.isNative(region) else {
            let opened = try ModelFile(contentsOf: file, limits: limits)
            return (opened.model, opened.native)
        }
        guard let text = try source.open("config.json") else {
            throw ONNXError(.io, "has no config.json", place: [quoted(source.folder)], remedy: "put the model's config.json beside its weights")
        }
        let config = try DistilBertConfig(text, limits: limits)
        let task = config.architectures.first.flatMap { DistilBertTask(architecture: $0) } ?? .base
        let network = try DistilBertNetwork(try source.checkpoint(limits: limits), config, task: task, seed: nil, semantics: .newest)
        // What a checkpoint lacks is drawn at random, which is for training and no answer to a text.
        if let missing = network.report?.items(.missing).first?.name {
            throw ONNXError(
                .shape, "the weight \"\(quoted(missing))\" of a \(task.architecture) is missing", place: [quoted(file)],
                remedy: "give a checkpoint that was trained for \(task.rawValue), or correct \"architectures\" in config.json")
        }
        return (try network.model(), nil)
    }

    /// The folder of the model, and the one around it where the model stands in a folder `onnx` of its own.
    private static func places(_ source: ModelSource, _ file: String) throws -> [TokenizerFiles] {
        let parts = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        guard parts.last == "onnx", file == source.name else { return [TokenizerFiles(source)] }
        let outer = parts.dropLast().joined(separator: "/")
        return [TokenizerFiles(source), TokenizerFiles(try ModelSource(parts.count == 1 ? "." : outer.isEmpty ? "/" : outer))]
    }
}

extension TokenizerFiles {
    fileprivate init(_ source: ModelSource) {
        self.init(place: source.folder) { name throws(ONNXError) in try source.open(name) }
    }
}
