internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// How the losses of single places are taken together.
private enum LossReduction: String, CaseIterable {
    case none, sum, mean
}

/// What both losses share: classes along axis 1, labels everywhere else, a weight a class, a label that counts for nothing.
package struct ClassLoss: Sendable {
    private let reduction: LossReduction
    private let ignored: Int?

    fileprivate init(_ node: NodeReader) throws {
        reduction = try node.choice("reduction")
        ignored = node.optionalInt("ignore_index")
    }

    fileprivate static let attributes: [AttributeSchema] = [.optional("ignore_index", .int), .defaulted("reduction", .string("mean"))]

    fileprivate func infer(_ types: Inference, _ scores: String, _ labels: String) throws {
        try types.checkRank(0, 2...Int.max, scores)
        try types.checkRank(2, 1...1, "weights")
        if let scored = types.shape(0), let labelled = types.shape(1) {
            let places = scored.enumerated().filter { $0.offset != 1 }.map(\.element)
            let fits = places.count == labelled.count && zip(places, labelled).allSatisfy { $0.size == nil || $1.size == nil || $0 == $1 }
            guard fits else {
                throw ONNXError(.shape, "'\(labels)' is \(types.type(1)?.description ?? ""), which doesn't fit '\(scores)' \(types.type(0)?.description ?? "")")
            }
        }
        if let classes = types.shape(0)?[1].size, let weights = types.shape(2)?.first?.size, weights != classes {
            throw ONNXError(.shape, "'weights' has \(weights) elements for \(classes) classes")
        }
        let places = types.shape(1) ?? types.shape(0).map { shape in shape.enumerated().filter { $0.offset != 1 }.map(\.element) }
        types.set(0, types.element(0), reduction == .none ? places : [])
    }

    /// Writes the loss of `logarithms`, which have the shape of input 0, to output 0.
    fileprivate func write(_ logarithms: Elements<Double>, _ context: RunContext) throws {
        let shape = try context.input(0).shape
        let labels = try context.input(1).ints()
        let weights = try context.optionalInput(2).map { try Conversion.doubles($0, context) }
        let view = AxisView(shape, axis: 1)
        guard labels.count == view.rowCount else { throw ONNXError(.shape, "\(labels.count) labels for \(view.rowCount) places") }
        let losses = try context.scratch(Double.self, count: labels.count)
        var (sum, weightSum) = (0.0, 0.0)
        for (place, label) in labels.enumerated() {
            guard label != ignored else {
                losses[place] = 0
                continue
            }
            guard (0..<view.extent).contains(label) else {
                throw ONNXError(.shape, "label \(label) at place \(place) is out of range for \(view.extent) classes")
            }
            let weight = weights?[label] ?? 1
            let loss = -logarithms[view.start(place) &+ label &* view.inner] * weight
            losses[place] = loss
            sum += loss
            weightSum += weight
        }
        let output = try context.output()
        switch reduction {
        case .none: try Conversion.copy(losses.elements, to: output)
        case .sum: try Conversion.copy(try Self.one(sum, context), to: output)
        case .mean: try Conversion.copy(try Self.one(sum / weightSum, context), to: output)
        }
    }

    private static func one(_ value: Double, _ context: RunContext) throws -> Elements<Double> {
        let element = try context.scratch(Double.self, count: 1)
        element[0] = value
        return element.elements
    }
}

extension AiOnnx {
    /// The opposite of the logarithm that the input gives each label. https://onnx.ai/onnx/operators/onnx__NegativeLogLikelihoodLoss.html
    package struct NegativeLogLikelihoodLoss: Operator {
        package static let schema = OperatorSchema(
            "NegativeLogLikelihoodLoss", since: [12, 13, 22],
            inputs: [.one("input", "T"), .one("target", "Tind"), .optional("weight", "T")], outputs: [.one("loss", "T")],
            attributes: ClassLoss.attributes, types: ["T": .tensors(.floats), "Tind": .tensors(.indices)])

        private let loss: ClassLoss

        package init(_ node: NodeReader) throws { loss = try ClassLoss(node) }

        package func infer(_ types: Inference) throws { try loss.infer(types, "input", "target") }

        package func run(_ context: RunContext) throws { try loss.write(try Conversion.doubles(try context.input(0), context), context) }
    }

    /// The opposite of the logarithm of the softmax that the scores give each label.
    /// https://onnx.ai/onnx/operators/onnx__SoftmaxCrossEntropyLoss.html
    package struct SoftmaxCrossEntropyLoss: Operator {
        package static let schema = OperatorSchema(
            "SoftmaxCrossEntropyLoss", since: [12, 13],
            inputs: [.one("scores", "T"), .one("labels", "Tind"), .optional("weights", "T")],
            outputs: [.one("output", "T"), .optional("log_prob", "T")],
            attributes: ClassLoss.attributes, types: ["T": .tensors(.floats), "Tind": .tensors(.indices)])

        private let loss: ClassLoss

        package init(_ node: NodeReader) throws { loss = try ClassLoss(node) }

        package func infer(_ types: Inference) throws {
            try loss.infer(types, "scores", "labels")
            types.set(1, types.element(0), types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            let (scores, logarithms) = (try Conversion.doubles(x, context), try context.scratch(Double.self, count: x.count))
            let view = AxisView(x.shape, axis: 1)
            try context.parallel(view.extent == 0 ? 0 : view.rowCount, grain: view.grain) { rows in
                for row in rows {
                    let start = view.start(row)
                    var greatest = -Double.infinity
                    for index in 0..<view.extent { greatest = Double.greater(greatest, scores[start &+ index &* view.inner]) }
                    var sum = 0.0
                    for index in 0..<view.extent { sum += exp(scores[start &+ index &* view.inner] - greatest) }
                    let logarithm = log(sum)
                    for index in 0..<view.extent {
                        logarithms[start &+ index &* view.inner] = scores[start &+ index &* view.inner] - greatest - logarithm
                    }
                }
            }
            if context.isWanted(1) { try Conversion.copy(logarithms.elements, to: try context.output(1)) }
            try loss.write(logarithms.elements, context)
        }
    }
}
