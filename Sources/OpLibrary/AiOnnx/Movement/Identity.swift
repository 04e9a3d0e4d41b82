internal import Bytes
internal import Tensors

extension AiOnnx {
    /// Its input. https://onnx.ai/onnx/operators/onnx__Identity.html
    package struct Identity: Operator {
        package static let schema = OperatorSchema(
            "Identity", since: [1, 13, 14, 16, 19, 21, 23, 24, 25],
            inputs: [.one("input", "T", until: 13), .one("input", "V", since: 14)],
            outputs: [.one("output", "T", until: 13), .one("output", "V", since: 14)], types: ["T": .tensors(.all), "V": .any])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws { types.set(0, types.type(0)) }

        package func layout(_ types: Inference) -> Layout { Layout(views: [0: 0]) }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource { .axis(axis) }

        package func run(_ context: RunContext) throws {
            guard let value = context.value(0) else { throw ONNXError(.shape, "input 0 is missing") }
            context.set(0, value)
        }
    }
}
