internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// A tensor of a given shape, filled with one value. https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html
    package struct ConstantOfShape: Operator {
        package static let schema = OperatorSchema(
            "ConstantOfShape", since: [9, 20, 21, 23, 24, 25],
            inputs: [.one("input", "T1")], outputs: [.one("output", "T2")],
            attributes: [.optional("value", .tensor)], types: ["T1": .tensors(.int64), "T2": .tensors(.all)])
        package static let narrowTypes = NarrowTypes.moved

        private let value: Tensor

        package init(_ node: NodeReader) throws {
            value = try node.optionalTensor("value") ?? Tensor(scalar: Float(0))
            guard value.count == 1 else { throw ONNXError(.malformed, "attribute 'value' is \(value); one element expected") }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 1...1, "input")
            guard let shape = try types.ints(0) else { return types.set(0, value.elementType, types.unknownDimensions(countedBy: 0)) }
            guard shape.allSatisfy({ $0 >= 0 }) else { throw ONNXError(.shape, "shape \(Shape.text(shape)) has a negative dimension") }
            types.set(0, value.elementType, shape)
        }

        package func run(_ context: RunContext) throws {
            let value = try value.unpacked()
            let mover = try ElementMover(context, type: value.elementType)
            try mover.fill(try ElementMover.Source(value), context)
            try mover.finish(context)
        }
    }
}
