internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// Embeddings and transformer blocks: what every task has.
struct Trunk {
    let graph: DistilBertGraph
    let weights: OrderedDictionary<String, Tensor>

    /// What the trunk makes.
    struct States {
        /// The embeddings and each block's result, float `[row, sequence, dim]`.
        var hidden: [String]
        /// Each block's attention weights, float `[row, head, sequence, sequence]`.
        var attentions: [String]
        var last: String { hidden.last ?? "" }
    }

    /// In every LayerNorm of a DistilBERT, whatever its configuration.
    static let epsilon = 1e-12

    private var config: DistilBertConfig { graph.config }
    private var names: DistilBertNames { graph.names }

    func build(_ builder: inout GraphBuilder, _ inputs: GraphInputs) throws -> States {
        let embedded = try builder.scoped("embeddings") { builder in try embed(&builder, inputs) }
        let mask = builder.scoped("attention_mask") { builder in AttentionMask(graph, &builder, inputs.mask) }
        var headMask: String?
        if let name = inputs.headMask {
            headMask = builder.apply("Reshape", [name, builder.integers([config.nLayers, 1, config.nHeads, 1, 1])])
        }
        var states = States(hidden: [embedded], attentions: [])
        for index in 0..<config.nLayers {
            try builder.scoped("transformer/layer.\(index)") { builder in
                let block = TransformerBlock(trunk: self, index: index)
                let (hidden, attention) = try block.build(&builder, states.last, mask, headMask: headMask)
                states.hidden.append(hidden)
                states.attentions.append(attention)
            }
        }
        return states
    }

    /// Ids or embeddings → the first hidden state.
    private func embed(_ builder: inout GraphBuilder, _ inputs: GraphInputs) throws -> String {
        let isGiven = graph.options.takesInputsEmbeds
        if isGiven && graph.semantics.inputsEmbeds == .straight { return inputs.tokens }
        let words = isGiven ? inputs.tokens : builder.apply("Gather", [try builder.weight(names.wordEmbeddings, weights), inputs.tokens], ["axis": .int(0)])
        let positions =
            inputs.positions
            ?? {
                let count = builder.apply("Squeeze", [builder.extent(inputs.tokens, axis: 1), builder.integers([0])])
                return builder.apply("Range", [builder.integer(0), count, builder.integer(1)])
            }()
        let places = builder.apply("Gather", [try builder.weight(names.positionEmbeddings, weights), positions], ["axis": .int(0)])
        let sum = try normalize(&builder, builder.apply("Add", [words, places]), names.embeddingsNorm)
        return dropOut(&builder, sum, config.dropout)
    }

    func normalize(_ builder: inout GraphBuilder, _ x: String, _ name: String) throws -> String {
        builder.layerNormalization(
            x, scale: try builder.weight(name + ".weight", weights), shift: try builder.weight(name + ".bias", weights), epsilon: Self.epsilon)
    }

    func linear(_ builder: inout GraphBuilder, _ x: String, _ name: String) throws -> String {
        builder.linear(x, weight: try builder.weight(name + ".weight", weights), bias: try builder.weight(name + ".bias", weights))
    }

    /// Dropout where the graph is one for training; nothing otherwise.
    func dropOut(_ builder: inout GraphBuilder, _ x: String, _ share: Double) -> String {
        guard graph.options.isTraining, share > 0 else { return x }
        return builder.apply("Dropout", [x, builder.constant(share), builder.bool(true)])
    }
}
