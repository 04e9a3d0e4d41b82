internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Whether elements are NaN. https://onnx.ai/onnx/operators/onnx__IsNaN.html
    package struct IsNaN: Operator {
        package static let schema = OperatorSchema(
            "IsNaN", since: [9, 13, 20], inputs: [.one("X", "T1")], outputs: [.one("Y", "T2")],
            types: ["T1": .tensors([.floats, .float8]), "T2": .tensors(.bool)])

        package init(_ node: NodeReader) throws {}
        package func infer(_ types: Inference) throws { types.set(0, .bool, types.shape(0)) }

        package func run(_ context: RunContext) throws {
            try context.input(0).elementType.visitFloat(FloatTest(context: context, nan: true, positive: false, negative: false))
        }
    }

    /// Whether elements are infinite, of either sign or one. https://onnx.ai/onnx/operators/onnx__IsInf.html
    package struct IsInf: Operator {
        package static let schema = OperatorSchema(
            "IsInf", since: [10, 20], inputs: [.one("X", "T1")], outputs: [.one("Y", "T2")],
            attributes: [.defaulted("detect_negative", .int(1)), .defaulted("detect_positive", .int(1))],
            types: ["T1": .tensors([.floats, .float8]), "T2": .tensors(.bool)])

        private let detectNegative: Bool
        private let detectPositive: Bool

        package init(_ node: NodeReader) throws {
            detectNegative = try node.flag("detect_negative")
            detectPositive = try node.flag("detect_positive")
        }

        package func infer(_ types: Inference) throws { types.set(0, .bool, types.shape(0)) }

        package func run(_ context: RunContext) throws {
            try context.input(0).elementType.visitFloat(FloatTest(context: context, nan: false, positive: detectPositive, negative: detectNegative))
        }
    }
}

private struct FloatTest: FloatVisitor {
    let context: RunContext
    let nan: Bool
    let positive: Bool
    let negative: Bool

    func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
        let (nan, positive, negative) = (nan, positive, negative)
        try context.map(try context.input(0).elements(T.self), to: try context.output().elements(TensorBool.self)) {
            TensorBool($0.isNaN && nan || $0 == .infinity && positive || $0 == -.infinity && negative)
        }
    }
}
