internal import Bytes
internal import Tensors

extension AiOnnx {
    /// slope x below 0, x elsewhere; the slope broadcasts to X. https://onnx.ai/onnx/operators/onnx__PRelu.html
    package struct PRelu: Operator {
        package static let schema = OperatorSchema(
            "PRelu", since: [7, 9, 16], inputs: [.one("X", "T"), .one("slope", "T")], outputs: [.one("Y", "T")],
            types: ["T": .tensors(.reducible)])

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            if let x = types.type(0)?.knownShape, let slope = types.type(1)?.knownShape, Shape.broadcast(x, slope) != x {
                throw ONNXError(.shape, "slope of shape \(Shape.text(slope)) doesn't broadcast to X of shape \(Shape.text(x))")
            }
            types.set(0, types.element(0), types.shape(0))
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

        package func run(_ context: RunContext) throws { try context.input(0).elementType.visit(Loop(context: context)) }

        private struct Loop: ElementVisitor {
            let context: RunContext
            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let (x, slope, output) = (try context.input(0), try context.input(1), try context.output())
                try context.zip(try x.elements(T.self), x.shape, try slope.elements(T.self), slope.shape, to: try output.elements(T.self), output.shape) {
                    $0 < .zero ? T.multiply($0, $1) : $0
                }
            }
        }
    }
}
