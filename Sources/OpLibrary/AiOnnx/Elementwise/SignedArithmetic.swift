internal import Tensors

/// What an operator of one operand, exact in every numeric type, does with an element.
package protocol ExactMap: Operator {
    static func apply<T: Arithmetic>(_ x: T) -> T
    /// The same function of floats.
    static var kernel: FloatFunction? { get }
}

extension ExactMap {
    package static var kernel: FloatFunction? { nil }

    package func infer(_ types: Inference) throws { types.set(0, types.element(0), types.shape(0)) }

    package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

    package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource { .axis(axis) }

    package func run(_ context: RunContext) throws {
        let x = try context.input(0)
        if x.elementType == .float, let kernel = Self.kernel { return try kernel.map(try x.elements(), to: try context.output().elements(), context) }
        try x.elementType.visit(ExactLoop<Self>(context: context, x: x))
    }
}

private struct ExactLoop<Map: ExactMap>: ElementVisitor {
    let context: RunContext
    let x: Tensor

    func visit<T: Arithmetic>(_ type: T.Type) throws {
        try context.map(try x.elements(T.self), to: try context.output().elements(T.self)) { Map.apply($0) }
    }
}

extension AiOnnx {
    /// The magnitude; that of the least integer wraps. https://onnx.ai/onnx/operators/onnx__Abs.html
    package struct Abs: ExactMap {
        package static let schema = OperatorSchema.unary("Abs", since: [6, 13], types: .numeric)
        package static let kernel: FloatFunction? = .magnitude
        package init(_ node: NodeReader) throws {}
        package static func apply<T: Arithmetic>(_ x: T) -> T {
            // Adding 0 clears the sign of -0.
            x < .zero ? T.subtract(.zero, x) : T.add(x, .zero)
        }
    }

    /// The opposite; that of the least integer wraps. https://onnx.ai/onnx/operators/onnx__Neg.html
    package struct Neg: ExactMap {
        package static let schema = OperatorSchema.unary("Neg", since: [6, 13], types: [.floats, .signedIntegers])
        package static let kernel: FloatFunction? = .negative
        package init(_ node: NodeReader) throws {}
        package static func apply<T: Arithmetic>(_ x: T) -> T { T.negate(x) }
    }

    /// -1, 0 or 1; NaN stays. https://onnx.ai/onnx/operators/onnx__Sign.html
    package struct Sign: ExactMap {
        package static let schema = OperatorSchema.unary("Sign", "input", "output", since: [9, 13], types: .numeric)
        package init(_ node: NodeReader) throws {}
        package static func apply<T: Arithmetic>(_ x: T) -> T { x > .zero ? 1 : x < .zero ? T.subtract(.zero, 1) : x }
    }

    /// max(0, x); NaN stays. https://onnx.ai/onnx/operators/onnx__Relu.html
    package struct Relu: ExactMap {
        package static let schema = OperatorSchema.unary("Relu", since: [6, 13, 14], types: [.floats, .signedIntegers])
        package static let kernel: FloatFunction? = .relu
        package init(_ node: NodeReader) throws {}
        package static func apply<T: Arithmetic>(_ x: T) -> T { x < .zero ? .zero : x }
    }
}
