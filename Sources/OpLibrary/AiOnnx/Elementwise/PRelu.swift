internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// slope x below 0, x elsewhere; the slope broadcasts to X, before opset 7 one a channel. https://onnx.ai/onnx/operators/onnx__PRelu.html
    package struct PRelu: Operator {
        package static let schema = OperatorSchema(
            "PRelu", since: [1, 6, 7, 9, 16], inputs: [.one("X", "T"), .one("slope", "T")], outputs: [.one("Y", "T")],
            attributes: [.optional("consumed_inputs", .ints, until: 5)], types: ["T": .tensors(.reducible)])

        private let alignment: OperandAlignment

        package init(_ node: NodeReader) throws { alignment = OperandAlignment(node, axisBeforeBroadcasting: 1) }

        package func infer(_ types: Inference) throws {
            let shape = try alignment.infer(types)?.map(\.size)
            if let x = types.type(0)?.knownShape, let slope = types.type(1)?.knownShape, shape != x {
                throw ONNXError(.shape, "slope of shape \(Shape.text(slope)) doesn't broadcast to X of shape \(Shape.text(x))")
            }
            types.set(0, types.element(0), types.shape(0))
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

        package func run(_ context: RunContext) throws { try context.input(0).elementType.visit(Loop(context: context, alignment: alignment)) }

        private struct Loop: ElementVisitor {
            let context: RunContext
            let alignment: OperandAlignment

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let (x, output) = (try context.input(0), try context.output())
                let slope = try alignment.align(try context.input(1), to: x)
                try context.zip(try x.elements(T.self), x.shape, try slope.elements(T.self), slope.shape, to: try output.elements(T.self), output.shape) {
                    $0 < .zero ? T.multiply($0, $1) : $0
                }
            }
        }
    }
}
