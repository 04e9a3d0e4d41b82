internal import Bytes
internal import GraphIR
internal import OrderedCollections
internal import Tensors

extension DistilBertGraph {
    /// What a loss measures.
    enum Loss {
        /// The square of the difference.
        case squares
        /// Cross-entropy over classes.
        case classes
        /// Cross-entropy over the classes of each token.
        case tokens
        /// Binary cross-entropy of every label.
        case binary
        /// Cross-entropy over positions, of a start and an end.
        case span
    }

    /// The label that counts for nothing.
    private static let ignored = -100

    /// The loss of the task, by the kind of its labels. Throws `.usage` where that kind has none.
    var loss: Loss {
        get throws(ONNXError) {
            let kind: Loss =
                switch task {
                case .base: throw ONNXError(.usage, "a base model has no labels and no loss")
                case .fillMask, .tokenClassification: .tokens
                case .questionAnswering: .span
                case .multipleChoice: .classes
                case .textClassification: sequenceLoss
                }
            switch (kind, options.labels) {
            case (.squares, .classes?), (.binary, .classes?):
                throw ONNXError(.usage, "the labels are integers, but a loss of \(kind == .squares ? "regression" : "several labels at once") compares numbers")
            case (.classes, .values?), (.tokens, .values?), (.span, .values?):
                throw ONNXError(.usage, "the labels are numbers with a fraction, but this loss takes classes", remedy: "give integers")
            default: return kind
            }
        }
    }

    /// As transformers chooses: by `problem_type`, else by the number of labels and their type.
    private var sequenceLoss: Loss {
        guard semantics.multiLabel == .binaryCrossEntropy else { return config.numLabels == 1 ? .squares : .classes }
        switch config.problemType {
        case .regression: return .squares
        case .singleLabelClassification: return .classes
        case .multiLabelClassification: return .binary
        case nil: return config.numLabels == 1 ? .squares : options.labels == .values ? .binary : .classes
        }
    }

    /// The kind of labels that `task` has a loss for, where the caller doesn't say: numbers for regression and several labels at once, else integers.
    package static func labels(of config: DistilBertConfig, task: DistilBertTask, semantics: DistilBertSemantics = .newest) -> DistilBertGraphOptions.Labels? {
        guard task != .base else { return nil }
        guard task == .textClassification else { return .classes }
        if semantics.multiLabel == .unavailable { return config.numLabels == 1 ? .values : .classes }
        switch config.problemType {
        case .regression, .multiLabelClassification: return .values
        case .singleLabelClassification: return .classes
        case nil: return config.numLabels == 1 ? .values : .classes
        }
    }

    /// The loss's nodes, as the first output.
    func addLoss(_ builder: inout GraphBuilder, _ answers: [Answer], _ inputs: GraphInputs) throws {
        let kind = try loss
        let perExample = semantics.loss == .perExample
        let value = builder.scoped("loss") { builder in
            switch kind {
            case .squares: squares(&builder, answers[0].value, inputs.labels[0])
            case .binary: binary(&builder, answers[0].value, inputs.labels[0])
            case .classes: crossEntropy(&builder, answers[0].value, inputs.labels[0])
            case .tokens: perExample ? tokensOfTwin(&builder, answers[0], inputs) : tokens(&builder, answers[0], inputs)
            case .span: span(&builder, answers.map(\.value), inputs)
            }
        }
        builder.output("loss", value, !perExample ? [] : kind == .tokens ? [.known(1)] : [.named("batch")])
    }

    private func crossEntropy(_ builder: inout GraphBuilder, _ logits: String, _ labels: String) -> String {
        builder.apply(
            "SoftmaxCrossEntropyLoss", [logits, labels],
            ["reduction": .string(semantics.loss == .perExample ? "none" : "mean"), "ignore_index": .int(Int64(Self.ignored))])
    }

    /// `[batch, 1]` against `[batch]`, or `[batch, labels]` against the same.
    private func squares(_ builder: inout GraphBuilder, _ logits: String, _ labels: String) -> String {
        let column = config.numLabels == 1 ? builder.apply("Unsqueeze", [labels, builder.integers([1])]) : labels
        let difference = builder.apply("Sub", [logits, column])
        let squares = builder.apply("Mul", [difference, difference])
        return builder.mean(squares, axes: semantics.loss == .perExample ? [-1] : nil, keepsAxes: false)
    }

    /// max(x, 0) - x y + log(1 + exp(-|x|)), which is exact for x of any size.
    private func binary(_ builder: inout GraphBuilder, _ logits: String, _ labels: String) -> String {
        // One label has its numbers `[batch]`.
        let labels = config.numLabels == 1 ? builder.apply("Unsqueeze", [labels, builder.integers([1])]) : labels
        let linear = builder.apply("Sub", [builder.apply("Relu", [logits]), builder.apply("Mul", [logits, labels])])
        let distance = builder.apply("Softplus", [builder.apply("Neg", [builder.apply("Abs", [logits])])])
        return builder.mean(builder.apply("Add", [linear, distance]), axes: nil, keepsAxes: false)
    }

    private func flattened(_ builder: inout GraphBuilder, _ logits: Answer, _ labels: String) -> (logits: String, labels: String) {
        let classes = logits.shape.last?.size ?? -1
        return (builder.apply("Reshape", [logits.value, builder.integers([-1, classes])]), builder.apply("Reshape", [labels, builder.integers([-1])]))
    }

    private func tokens(_ builder: inout GraphBuilder, _ logits: Answer, _ inputs: GraphInputs) -> String {
        var labels = inputs.labels[0]
        if semantics.loss == .meanOfAttended && task == .tokenClassification {
            let isAttended = builder.apply("Equal", [builder.cast(inputs.mask, to: .float), builder.cast(builder.integer(1), to: .float)])
            labels = builder.apply("Where", [isAttended, labels, builder.integer(Self.ignored)])
        }
        let flat = flattened(&builder, logits, labels)
        return crossEntropy(&builder, flat.logits, flat.labels)
    }

    /// The sum over labels that count, by their number, `[1]`. For the masked language model all but -100 count, for token classification those from 0 on.
    private func tokensOfTwin(_ builder: inout GraphBuilder, _ logits: Answer, _ inputs: GraphInputs) -> String {
        let flat = flattened(&builder, logits, inputs.labels[0])
        let counts =
            task == .fillMask
            ? builder.apply("Not", [builder.apply("Equal", [flat.labels, builder.integer(Self.ignored)])])
            : builder.apply("GreaterOrEqual", [flat.labels, builder.integer(0)])
        let share = builder.cast(counts, to: builder.elementType)
        let losses = crossEntropy(&builder, flat.logits, builder.apply("Max", [flat.labels, builder.integer(0)]))
        let sum = builder.apply("ReduceSum", [builder.apply("Mul", [losses, share])], ["keepdims": .int(1)])
        return builder.apply("Div", [sum, builder.apply("ReduceSum", [share], ["keepdims": .int(1)])])
    }

    /// Half the loss of the start and half of the end. A position is clamped to 0...S, and S, one past the last, counts for nothing.
    private func span(_ builder: inout GraphBuilder, _ logits: [String], _ inputs: GraphInputs) -> String {
        let losses = zip(logits, inputs.labels).map { logits, position in
            guard semantics.loss != .perExample else { return crossEntropy(&builder, logits, position) }
            let length = builder.apply("Squeeze", [builder.extent(logits, axis: 1), builder.integers([0])])
            let clamped = builder.apply("Clip", [position, builder.integer(0), length])
            let isOutside = builder.apply("Equal", [clamped, length])
            return crossEntropy(&builder, logits, builder.apply("Where", [isOutside, builder.integer(Self.ignored), clamped]))
        }
        return builder.apply("Div", [builder.apply("Add", losses), builder.constant(2)])
    }
}
