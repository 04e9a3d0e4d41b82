internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// The names of the values that a graph starts from, brought to `[row, sequence]`.
struct GraphInputs {
    /// Ids, or embeddings, as the caller gives them: what shapes are read from.
    var given: String
    /// Ids `[row, sequence]`, or embeddings `[row, sequence, dim]`.
    var tokens: String
    /// The mask `[row, sequence]`, as it is given.
    var mask: String
    var positions: String?
    /// `[layers, heads]`.
    var headMask: String?
    /// Labels in the order of the class's arguments.
    var labels: [String] = []
}

extension DistilBertGraph {
    func addInputs(_ builder: inout GraphBuilder) -> GraphInputs {
        let embeds = options.takesInputsEmbeds
        let given =
            embeds
            ? builder.input("inputs_embeds", builder.elementType, idAxes + [.known(config.dim)]) : builder.input("input_ids", .int64, idAxes)
        let mask = builder.input("attention_mask", options.attentionMask, idAxes)
        var inputs = GraphInputs(given: given, tokens: given, mask: mask)
        if options.takesPositionIDs { inputs.positions = builder.input("position_ids", .int64, idAxes) }
        if options.takesHeadMask {
            inputs.headMask = builder.input("head_mask", builder.elementType, [.known(config.nLayers), .known(config.nHeads)])
        }
        if task == .multipleChoice { flattenChoices(&builder, &inputs) }
        if let labels = options.labels { addLabels(&builder, &inputs, labels) }
        return inputs
    }

    /// `[batch, choice, sequence]` → `[batch choice, sequence]`.
    private func flattenChoices(_ builder: inout GraphBuilder, _ inputs: inout GraphInputs) {
        let columns = builder.apply("Concat", [builder.integers([-1]), builder.extent(inputs.given, axis: 2)], ["axis": .int(0)])
        inputs.mask = builder.apply("Reshape", [inputs.mask, columns])
        inputs.positions = inputs.positions.map { builder.apply("Reshape", [$0, columns]) }
        if options.takesInputsEmbeds {
            let rows = builder.apply("Concat", [columns, builder.integers([config.dim])], ["axis": .int(0)])
            inputs.tokens = builder.apply("Reshape", [inputs.tokens, rows])
        } else {
            inputs.tokens = builder.apply("Reshape", [inputs.tokens, columns])
        }
    }

    private func addLabels(_ builder: inout GraphBuilder, _ inputs: inout GraphInputs, _ labels: DistilBertGraphOptions.Labels) {
        let type = labels == .classes ? ElementType.int64 : builder.elementType
        let batch = Dimension.named("batch")
        switch task {
        case .base: break
        case .questionAnswering: inputs.labels = ["start_positions", "end_positions"].map { builder.input($0, type, [batch]) }
        case .fillMask, .tokenClassification: inputs.labels = [builder.input("labels", type, [batch, .named("sequence")])]
        case .multipleChoice: inputs.labels = [builder.input("labels", type, [batch])]
        case .textClassification:
            inputs.labels = [builder.input("labels", type, labels == .values && config.numLabels > 1 ? [batch, .known(config.numLabels)] : [batch])]
        }
    }
}
