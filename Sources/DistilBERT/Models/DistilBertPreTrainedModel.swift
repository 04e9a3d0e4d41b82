public import Bytes
public import Converter
internal import OrderedCollections
internal import TensorFiles
public import Tensors

/// What the classes of the family share: where their weights come from and go to, and the forms of input.
///
/// Gradients and training are out of scope: `training` in a call only makes dropout active.
public protocol DistilBertPreTrainedModel: Sendable {
    /// What a call answers.
    associatedtype Output: DistilBertOutput
    /// What the class is for.
    static var task: DistilBertTask { get }
    /// Configuration and weights.
    var network: DistilBertNetwork { get }
    /// A model of a network. Throws `.usage` unless that is of the class's task.
    init(network: DistilBertNetwork) throws(ONNXError)
}

extension DistilBertPreTrainedModel {
    /// The configuration.
    public var config: DistilBertConfig { network.config }

    /// A model that nobody has trained yet. Equal seeds give equal weights; without one they are drawn anew each time.
    ///
    /// Matrices are drawn from a normal distribution of deviation `config.initializerRange`, cut off at two deviations; biases are 0, LayerNorms 1 and 0, and
    /// positions sinusoidal where the configuration says so. Throws `.usage` for a configuration that isn't valid.
    public init(_ config: DistilBertConfig, seed: UInt64? = nil, semantics: DistilBertSemantics = .newest) throws {
        let fresh = FreshWeights(config: config, task: Self.task, initialisation: semantics.initialisation)
        let weights = try fresh.make(seed: seed ?? UInt64.random(in: 0 ... .max))
        try self.init(network: try DistilBertNetwork(config, task: Self.task, weights: weights, semantics: semantics))
    }

    /// The model of `source`: a folder, a checkpoint beside its config.json, a native file, or a name in the local Hugging Face cache.
    ///
    /// A checkpoint of another task gives its base model; the head's weights, which it lacks, are drawn from `seed`, and `network.report` lists them as
    /// missing. Throws `ONNXError`: `.io` where nothing is found, `.shape` where a weight of the base model is missing or any has another shape, and what the
    /// reading of the files throws.
    public init(
        from source: String, revision: String? = nil, seed: UInt64? = nil, semantics: DistilBertSemantics = .newest, cache: HuggingFaceCache = .standard
    ) throws {
        try self.init(
            network: try DistilBertNetwork(
                from: try ModelSource(source, revision: revision, cache: cache), task: Self.task, seed: seed, semantics: semantics))
    }

    /// Writes config.json and model.safetensors into `folder`, which must exist: what `init(from:)` and transformers' from_pretrained read.
    public func save(to folder: String) throws {
        var config = config
        config.architectures = [Self.task.architecture]
        let file = try AtomicFile(path: folder + "/model.safetensors")
        try SafetensorsFile.write(network.weights.map { (name: $0.key, tensor: $0.value) }, metadata: [("format", "pt")], to: file)
        try file.commit()
        try config.write(to: folder + "/config.json")
    }

    /// Answers without labels.
    public func callAsFunction(_ inputs: DistilBertInputs) throws -> Output { Output(try network.run(inputs)) }

    /// Answers one tensor, the ids.
    public func callAsFunction(_ inputIDs: Tensor) throws -> Output { try self(DistilBertInputs(inputIDs: inputIDs)) }

    /// Answers a list: the first of `input_ids`, `attention_mask`, `head_mask` and `inputs_embeds`.
    public func callAsFunction(_ list: [Tensor?]) throws -> Output { try self(try DistilBertInputs(list)) }

    /// Answers inputs by name.
    public func callAsFunction(_ dictionary: [String: Tensor]) throws -> Output { try self(try DistilBertInputs(dictionary)) }
}
