internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// LayerNormalization of input + skip + bias. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.SkipLayerNormalization
    package struct SkipLayerNormalization: SkipNormalization {
        package static let schema = OperatorSchema(
            "SkipLayerNormalization", domain: domain, since: [1],
            inputs: [.one("input", "T"), .one("skip", "T"), .one("gamma", "T"), .optional("beta", "T"), .optional("bias", "T")], outputs: outputs,
            attributes: [.defaulted("epsilon", .float(1e-12))], types: types)
        package static let betaInput: Int? = 3
        package static let biasInput = 4
        package let epsilon: Float

        package init(_ node: NodeReader) throws { epsilon = try node.float("epsilon") }
    }

    /// RMS normalisation of input + skip + bias. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.SkipSimplifiedLayerNormalization
    package struct SkipSimplifiedLayerNormalization: SkipNormalization {
        package static let schema = OperatorSchema(
            "SkipSimplifiedLayerNormalization", domain: domain, since: [1],
            inputs: [.one("input", "T"), .one("skip", "T"), .one("gamma", "T"), .optional("bias", "T")], outputs: outputs,
            attributes: [.defaulted("epsilon", .float(1e-12))], types: types)
        package static let betaInput: Int? = nil
        package static let biasInput = 3
        package let epsilon: Float

        package init(_ node: NodeReader) throws { epsilon = try node.float("epsilon") }
    }
}

/// The shared body of both: the sum of input, skip and bias, normalised along the last axis.
package protocol SkipNormalization: Operator {
    var epsilon: Float { get }
    /// Where the shift is; nil for RMS normalisation, which has none.
    static var betaInput: Int? { get }
    static var biasInput: Int { get }
}

extension SkipNormalization {
    static var outputs: [Parameter] {
        [.one("output", "T"), .optional("mean", "U"), .optional("inv_std_var", "U"), .optional("input_skip_bias_sum", "T")]
    }
    static var types: [String: TypeSet] { ["T": .tensors(.float, .float16, .bfloat16), "U": .tensors(.float)] }

    package func infer(_ types: Inference) throws {
        let shape = types.shape(0)
        for index in [2, Self.betaInput ?? 2, Self.biasInput] { _ = try BiasRule.infer(shape, types.shape(index)) }
        if let shape, let skip = types.shape(1), try Inference.broadcast([shape, skip])?.count != shape.count {
            throw ONNXError(.shape, "skip of rank \(skip.count) doesn't broadcast to input of rank \(shape.count)")
        }
        types.set(0, types.element(0), shape)
        for index in 1...2 { types.set(index, .float, shape.map { $0.dropLast() + [.known(1)] }) }
        types.set(3, types.element(0), shape)
    }

    package func run(_ context: RunContext) throws {
        let (x, gamma) = (try context.input(0), try context.input(2))
        let sum = context.isWanted(3) ? try context.output(3) : try context.scratch(.float, x.shape)
        try FloatOperation.add.zip(x, try context.input(1), to: sum, context)
        if let bias = try context.optionalInput(Self.biasInput) { try FloatOperation.add.zip(sum.tensor, bias, to: sum, context) }
        try FloatNormalization(
            x: try sum.tensor.elements(), y: try context.output().elements(), gamma: try gamma.elements(),
            beta: try Self.betaInput.flatMap { try context.optionalInput($0) }?.elements(),
            mean: context.isWanted(1) ? try context.output(1).elements() : nil, inverse: context.isWanted(2) ? try context.output(2).elements() : nil,
            epsilon: epsilon, view: AxisView(x.shape, axis: x.rank - 1), isRootMeanSquare: Self.betaInput == nil
        ).run(context)
    }
}
