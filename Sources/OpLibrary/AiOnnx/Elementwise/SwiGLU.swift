internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// a * sigmoid(alpha a) * b. https://onnx.ai/onnx/operators/onnx__SwiGLU.html
    package struct SwiGLU: Operator {
        package static let schema = OperatorSchema(
            "SwiGLU", since: [28], inputs: [.one("A", "T"), .one("B", "T")], outputs: [.one("Y", "T")], attributes: [.defaulted("alpha", .float(1))],
            types: ["T": .tensors(.floats)])

        private let alpha: Double

        package init(_ node: NodeReader) throws { alpha = Double(try node.float("alpha")) }

        package func infer(_ types: Inference) throws {
            if let a = types.type(0)?.knownShape, let b = types.type(1)?.knownShape, a != b {
                throw ONNXError(.shape, "'A' has shape \(Shape.text(a)) and 'B' has shape \(Shape.text(b)); they must be equal")
            }
            types.set(0, types.element(0), types.shape(0) ?? types.shape(1))
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0, 1]) }

        package func run(_ context: RunContext) throws {
            try context.input(0).elementType.visitFloat(Gate(alpha: alpha, context: context))
        }

        private struct Gate: FloatVisitor {
            let alpha: Double
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (a, b, y) = (try context.input(0), try context.input(1), try context.output())
                let alpha = alpha
                try context.zip(
                    try a.elements(T.self), a.shape, try b.elements(T.self), b.shape, to: try y.elements(T.self), y.shape, grain: 2048
                ) { gate, value in
                    T(Double(gate) / (1 + exp(-alpha * Double(gate)))) * value
                }
            }
        }
    }
}
