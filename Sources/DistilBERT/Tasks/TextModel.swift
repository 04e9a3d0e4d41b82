internal import Bytes
public import GraphExecutor
public import GraphIR
internal import Tensors
public import Tokenizers

/// A model that reads text: an encoder with its tokenizer and what its config.json says.
///
/// ```swift
/// let model = try TextModel(contentsOf: "distilbert-sst2/model.onnx")
/// let classifier = try TextClassifier(model)
/// for answer in try classifier.classify(["A fine film."]) { print(answer.labels[0].label) }
/// ```
public final class TextModel: Sendable {
    /// The tokenizer.
    public let tokenizer: DistilBertTokenizer
    /// The most tokens that a text may have, special ones included; longer texts are cut or read in windows.
    public let maxLength: Int

    let configuration: TextModelConfiguration
    let session: Session
    let inputs: EncoderInputs
    /// Where the model is, for messages.
    private let place: [String]

    /// One of a model's outputs.
    struct Output: Sendable {
        let name: String
        /// How many axes it has, the batch's included.
        let rank: Int
        /// Whether the axis after the batch's is that of the tokens.
        let hasTokens: Bool
    }

    /// Opens an .onnx file beside its tokenizer, a native file, which carries all, a folder, or a model of the local Hugging Face cache by its name.
    ///
    /// - Parameters:
    ///   - path: The model, its folder or its name.
    ///   - tokenizer: The folder of the tokenizer's files, where it is another one.
    ///   - options: How the model runs.
    ///
    /// Throws `ONNXError`: `.io` for files that are missing, with those that were looked for; `.unsupported` for a model that takes more than text.
    public convenience init(contentsOf path: String, tokenizer: String? = nil, options: SessionOptions = SessionOptions()) throws {
        let files = try TextModelFiles(path, tokenizer: tokenizer, limits: options.limits)
        do {
            try self.init(model: files.model, tokenizer: files.tokenizer, configuration: files.configuration, options: options, place: [quoted(path)])
        } catch let error as ONNXError {
            throw error.at(quoted(path))
        }
    }

    /// A model that was built or read already, and its tokenizer. Classes are called LABEL_0, LABEL_1, ….
    public convenience init(model: Model, tokenizer: DistilBertTokenizer, options: SessionOptions = SessionOptions()) throws {
        try self.init(model: model, tokenizer: tokenizer, configuration: TextModelConfiguration(), options: options)
    }

    init(model: Model, tokenizer: DistilBertTokenizer, configuration: TextModelConfiguration, options: SessionOptions, place: [String] = []) throws {
        self.place = place
        inputs = try EncoderInputs(model.graph)
        var options = options
        // No task reads what stands where padding is.
        options.padding = .skip
        session = try Session(model: model, options: options)
        self.tokenizer = tokenizer
        self.configuration = configuration
        let limits = [tokenizer.options.modelMaxLength, configuration.maxPositions, inputs.fixedLength]
        maxLength = limits.compactMap { $0 }.min() ?? Int(Int32.max)
        guard maxLength > 2 else {
            throw ONNXError(
                .unsupported, "the model takes \(maxLength) tokens, which leaves no room for text", remedy: "see max_position_embeddings in config.json")
        }
    }

    /// The output that a task reads: by one of its names, else the `position`-th that has its form, since exporters name outputs as they like.
    ///
    /// Throws `.unsupported` where there is none.
    func output(_ names: [String], rank: Int, hasTokens: Bool, position: Int = 0, for task: String) throws(ONNXError) -> Output {
        let fitting = session.outputs.filter { info in
            guard let type = info.type else { return true }
            guard let shape = type.shape else { return type.elementType?.isFloatingPoint ?? true }
            let isAlongTokens = shape.count > 1 && inputs.lengthName != .unknown && shape[1] == inputs.lengthName
            return shape.count == rank && type.elementType?.isFloatingPoint ?? true && (hasTokens || !isAlongTokens)
        }
        guard let found = fitting.first(where: { names.contains($0.name) }) ?? (fitting.indices.contains(position) ? fitting[position] : nil) else {
            let form = hasTokens ? rank == 2 ? "[batch, sequence]" : "[batch, sequence, …]" : "[batch, classes]"
            let list = session.outputs.map { "'\(quoted($0.name))' \($0.type.map { "\($0)" } ?? "")" }.joined(separator: ", ")
            throw ONNXError(
                .unsupported, "no output for \(task): the model gives \(list); '\(names[0])' of \(form) expected", place: place,
                remedy: "give a model with the task's head")
        }
        return Output(name: found.name, rank: rank, hasTokens: hasTokens)
    }

    /// Throws `.unsupported` where config.json names a head for another task.
    func require(_ suffix: String, for task: String) throws(ONNXError) {
        guard let architecture = configuration.architecture, let head = architecture.firstRange(of: "For"), !architecture.hasSuffix(suffix) else { return }
        throw ONNXError(
            .unsupported,
            "config.json says that the model is a \(quoted(architecture)); \(task) needs \(quoted(String(architecture[..<head.lowerBound])))\(suffix)",
            place: place, remedy: "give a model that was trained for \(task)")
    }

    /// The ids of texts, cut to `maxLength`.
    func encode(_ texts: [DistilBertTokenizer.Input]) throws(ONNXError) -> [Encoding] {
        try tokenizer.encode(texts, truncation: Truncation(maxLength: maxLength, returnsOverflow: true))
    }
}
