internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// An activation of alpha A' B' + beta C. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedGemm
    package struct FusedGemm: Operator {
        package static let schema = OperatorSchema(
            "FusedGemm", domain: domain, since: [1],
            inputs: [.one("A", "T"), .one("B", "T"), .optional("C", "T")], outputs: [.one("Y", "T")],
            attributes: [
                .defaulted("alpha", .float(1)), .defaulted("beta", .float(1)), .defaulted("transA", .int(0)), .defaulted("transB", .int(0)),
                .optional("activation", .string), .optional("activation_alpha", .float), .optional("activation_beta", .float),
                .optional("activation_gamma", .float),
            ],
            types: ["T": .tensors([.floats, ElementTypes([.int32, .int64, .uint32, .uint64])])])

        private var product: AiOnnx.Gemm
        private let activation: FloatFunction?
        private let slope: Float?

        package init(_ node: NodeReader) throws {
            product = try AiOnnx.Gemm(node)
            slope = node.optionalString("activation") == "LeakyRelu" ? node.optionalFloat("activation_alpha") ?? 0.01 : nil
            switch node.optionalString("activation") {
            case nil, "", "LeakyRelu": activation = nil
            case "Relu": activation = .relu
            case "Sigmoid": activation = .sigmoid
            case "Tanh": activation = .tanh
            case "Gelu": activation = .gelu
            case let other?: throw ONNXError(.unsupported, "activation '\(other)'; Relu, Sigmoid, Tanh, Gelu and LeakyRelu are supported")
            }
        }

        package func infer(_ types: Inference) throws {
            try product.infer(types)
            if let type = types.element(0), type != .float, activation != nil || slope != nil, NarrowTypes.widened.presentation(of: type) != .float {
                throw ONNXError(.unsupported, "an activation of \(type); float expected")
            }
        }

        package mutating func prepack(_ constants: Constants) throws { try product.prepack(constants) }

        package func run(_ context: RunContext) throws {
            try product.run(context)
            let y = try context.output()
            if let activation { try activation.map(try y.tensor.elements(), to: try y.elements(), context) }
            guard let slope else { return }
            let elements = try y.elements(Float.self)
            for index in elements.indices where elements[index] < 0 { elements[index] *= slope }
        }
    }
}
