public import Bytes
public import GraphIR
public import OrderedCollections
public import Tensors

/// Builds the graph of a DistilBERT from its configuration and weights.
///
/// Weights keep their names and their memory. Inputs are `input_ids` (or `inputs_embeds`), `attention_mask`, `position_ids`, `head_mask` and labels; outputs
/// `loss`, then what the task gives, then `hidden_states.0` to `.L` and `attentions.0` to `.L-1`, as transformers names them.
public struct DistilBertGraph: Sendable {
    let config: DistilBertConfig
    let task: DistilBertTask
    let options: DistilBertGraphOptions
    let semantics: DistilBertSemantics
    let names: DistilBertNames

    /// A builder for the graph of `task`.
    ///
    /// Throws `ONNXError`: `.usage` for a configuration, an option or an argument that the task or the semantics don't have.
    public init(
        _ config: DistilBertConfig, task: DistilBertTask, options: DistilBertGraphOptions = DistilBertGraphOptions(),
        semantics: DistilBertSemantics = .newest
    ) throws(ONNXError) {
        try config.validate(for: task)
        (self.config, self.task, self.options, self.semantics) = (config, task, options, semantics)
        names = DistilBertNames(task: task)
        guard DistilBertGraphOptions.opsets.contains(options.opset) else {
            let range = DistilBertGraphOptions.opsets
            throw ONNXError(.unsupported, "opset \(options.opset) was asked for; \(range.lowerBound) to \(range.upperBound) are written")
        }
        guard options.attentionMask.isMask else {
            throw ONNXError(.usage, "attention_mask is of type \(options.attentionMask); float, double, float16, bool or an integer type expected")
        }
        if options.takesHeadMask {
            guard semantics.headMask == .accepted else { throw ONNXError(.usage, "head_mask is not taken by these semantics: the TensorFlow twins have none") }
            guard config.prunedHeads.isEmpty else { throw ONNXError(.usage, "head_mask is not taken by a model with pruned heads") }
        }
        guard !options.takesPositionIDs || semantics.positionIDs == .accepted else {
            throw ONNXError(.usage, "position_ids is not taken by these semantics", remedy: "use those of transformers 5, .newest")
        }
        guard !options.takesPositionIDs || !options.takesInputsEmbeds || semantics.inputsEmbeds == .embedded else {
            throw ONNXError(.usage, "position_ids have no effect where inputs_embeds go straight to the first block")
        }
        if options.labels != nil { _ = try loss }
    }

    /// The model.
    ///
    /// - Parameter weights: The state dict of the task's class; all of one type, float, float16, bfloat16 or double.
    ///
    /// Throws `ONNXError`: `.usage` for a weight that is missing or of another type, `.shape` for one of another shape; the place names it.
    public func model(weights: OrderedDictionary<String, Tensor>) throws -> Model {
        let weights = try checked(weights)
        let type = weights.values.first?.elementType ?? .float
        var builder = GraphBuilder(name: task.architecture, opset: options.opset, elementType: type)
        try build(&builder, weights)
        var model = Model(irVersion: Self.irVersion(opset: options.opset), opsetImports: ["": options.opset], graph: try builder.finish())
        model.producerName = "swift-onnx"
        return model
    }

    /// The first version of the format that knows the operators.
    private static func irVersion(opset: Int) -> Int {
        switch opset {
        case ..<15: 7
        case ..<19: 8
        case ..<21: 9
        default: 10
        }
    }

    private func build(_ builder: inout GraphBuilder, _ weights: OrderedDictionary<String, Tensor>) throws {
        let inputs = addInputs(&builder)
        let trunk = Trunk(graph: self, weights: weights)
        let states = try trunk.build(&builder, inputs)
        let answers = try addHead(&builder, states, inputs, weights)
        if options.labels != nil { try addLoss(&builder, answers, inputs) }
        for answer in answers { builder.output(answer.name, answer.value, answer.shape) }
        let rows: [Dimension] = [rowAxis, .named("sequence")]
        if options.outputsHiddenStates {
            for (index, state) in states.hidden.enumerated() { builder.output("hidden_states.\(index)", state, rows + [.known(config.dim)]) }
        }
        if options.outputsAttentions {
            for (index, weights) in states.attentions.enumerated() {
                builder.output("attentions.\(index)", weights, [rowAxis, .known(config.heads(index)), .named("sequence"), .named("sequence")])
            }
        }
    }

    /// The first axis of hidden states: the choices of all examples stand one after another.
    private var rowAxis: Dimension { .named(task == .multipleChoice ? "batch_choice" : "batch") }

    /// The axes of ids and masks.
    var idAxes: [Dimension] {
        task == .multipleChoice ? [.named("batch"), .named("choice"), .named("sequence")] : [.named("batch"), .named("sequence")]
    }
}

extension ElementType {
    fileprivate var isMask: Bool {
        switch self {
        case .bool, .float, .double, .float16, .bfloat16, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
        default: false
        }
    }
}
