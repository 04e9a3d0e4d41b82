package import Tensors

/// What a conversion is asked to make of a model.
package struct ConversionOptions: Sendable {
    /// The task; nil for what the checkpoint was made for.
    package var task: DistilBertTask?
    /// The version of ONNX's operators that the graph is written in; nil for the graph's own, or the usual one for a new graph.
    package var opset: Int?
    /// Further outputs of the graph.
    package var outputs: Set<GraphOutput> = []
    /// Further inputs of the graph.
    package var inputs: Set<GraphInput> = []
    /// The type of all weights; nil for the checkpoint's own.
    package var elementType: ElementType?
    /// Whose ways a new graph follows; nil for transformers 5's.
    package var semantics: NamedSemantics?
    /// Whether anything missing, unexpected or of another shape is an error.
    package var isStrict = false

    package init() {}

    /// Whether a graph that is there already can't be kept.
    var asksForAnotherGraph: Bool { task != nil || opset != nil || !outputs.isEmpty || !inputs.isEmpty || elementType != nil || semantics != nil }
}

/// The sets of semantics that have a name.
package enum NamedSemantics: String, Sendable, CaseIterable {
    case newest, v2, tensorflow

    var value: DistilBertSemantics {
        switch self {
        case .newest: .newest
        case .v2: .v2
        case .tensorflow: .tensorflow
        }
    }
}

/// An output that a graph may have besides those of its task.
package enum GraphOutput: String, Sendable, CaseIterable {
    case hiddenStates = "hidden_states"
    case attentions
}

/// An input that a graph may have besides, or in place of, `input_ids` and `attention_mask`.
package enum GraphInput: String, Sendable, CaseIterable {
    case headMask = "head_mask"
    case inputsEmbeds = "inputs_embeds"
    case positionIDs = "position_ids"
    case labels
}

extension DistilBertGraphOptions {
    /// The options of a graph for a model of `config`.
    init(_ options: ConversionOptions, config: DistilBertConfig, task: DistilBertTask) {
        self.init()
        if let opset = options.opset { self.opset = opset }
        outputsHiddenStates = config.outputHiddenStates || options.outputs.contains(.hiddenStates)
        outputsAttentions = config.outputAttentions || options.outputs.contains(.attentions)
        takesHeadMask = options.inputs.contains(.headMask)
        takesInputsEmbeds = options.inputs.contains(.inputsEmbeds)
        takesPositionIDs = options.inputs.contains(.positionIDs)
        if options.inputs.contains(.labels) {
            // A base model has no loss: integers then are as good as any, and the graph says so.
            labels = DistilBertGraph.labels(of: config, task: task, semantics: options.semantics?.value ?? .newest) ?? .classes
        }
    }
}
