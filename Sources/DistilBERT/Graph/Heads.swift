internal import GraphIR
internal import OrderedCollections
internal import Tensors

extension DistilBertGraph {
    /// A value that a task gives, and what it is called outside.
    struct Answer {
        let name: String
        let value: String
        let shape: [Dimension]
    }

    /// The head's nodes on the last hidden state.
    func addHead(
        _ builder: inout GraphBuilder, _ states: Trunk.States, _ inputs: GraphInputs, _ weights: OrderedDictionary<String, Tensor>
    ) throws -> [Answer] {
        let trunk = Trunk(graph: self, weights: weights)
        let (x, batch, sequence) = (states.last, Dimension.named("batch"), Dimension.named("sequence"))
        switch task {
        case .base: return [Answer(name: "last_hidden_state", value: x, shape: [batch, sequence, .known(config.dim)])]
        case .fillMask:
            return [Answer(name: "logits", value: try vocabulary(&builder, x, trunk), shape: [batch, sequence, .known(config.vocabSize)])]
        case .textClassification:
            let logits = try trunk.linear(&builder, try pooled(&builder, x, trunk), "classifier")
            return [Answer(name: "logits", value: logits, shape: [batch, .known(config.numLabels)])]
        case .tokenClassification:
            let logits = try trunk.linear(&builder, trunk.dropOut(&builder, x, config.dropout), "classifier")
            return [Answer(name: "logits", value: logits, shape: [batch, sequence, .known(config.numLabels)])]
        case .questionAnswering:
            let logits = try trunk.linear(&builder, trunk.dropOut(&builder, x, config.qaDropout), "qa_outputs")
            let halves = builder.apply("Split", [logits, builder.integers([1, 1])], ["axis": .int(-1)], outputs: 2)
            return zip(["start_logits", "end_logits"], halves).map { name, half in
                Answer(name: name, value: builder.apply("Squeeze", [half, builder.integers([-1])]), shape: [batch, sequence])
            }
        case .multipleChoice:
            let scores = try trunk.linear(&builder, try pooled(&builder, x, trunk), "classifier")
            let choices = builder.apply("Concat", [builder.integers([-1]), builder.extent(inputs.given, axis: 1)], ["axis": .int(0)])
            return [Answer(name: "logits", value: builder.apply("Reshape", [scores, choices]), shape: [batch, .named("choice")])]
        }
    }

    /// The first token's state through a linear layer and ReLU: float `[row, dim]`.
    private func pooled(_ builder: inout GraphBuilder, _ x: String, _ trunk: Trunk) throws -> String {
        let first = builder.apply("Gather", [x, builder.integer(0)], ["axis": .int(1)])
        let pooled = builder.apply("Relu", [try trunk.linear(&builder, first, "pre_classifier")])
        return trunk.dropOut(&builder, pooled, config.seqClassifDropout)
    }

    /// Logits over the vocabulary; the last matrix is the word embeddings' unless the configuration unties them.
    private func vocabulary(_ builder: inout GraphBuilder, _ x: String, _ trunk: Trunk) throws -> String {
        let activation = semantics.maskedLMActivation == .gelu ? Activation.gelu : config.activation
        let transformed = try activation.build(&builder, try trunk.linear(&builder, x, "vocab_transform"))
        let normalized = try trunk.normalize(&builder, transformed, "vocab_layer_norm")
        let matrix = config.tieWordEmbeddings ? names.wordEmbeddings : "vocab_projector.weight"
        return builder.linear(
            normalized, weight: try builder.weight(matrix, trunk.weights), bias: try builder.weight("vocab_projector.bias", trunk.weights))
    }
}
