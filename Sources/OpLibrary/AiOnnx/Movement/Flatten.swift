internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// A matrix of the axes before and from one axis on. https://onnx.ai/onnx/operators/onnx__Flatten.html
    package struct Flatten: Operator {
        package static let schema = OperatorSchema(
            "Flatten", since: [1, 9, 11, 13, 21, 23, 24, 25],
            inputs: [.one("input", "T")], outputs: [.one("output", "T")],
            attributes: [.defaulted("axis", .int(1))], types: ["T": .tensors(.all)])
        package static let narrowTypes = NarrowTypes.asStored

        private let axis: Int

        package init(_ node: NodeReader) throws { axis = try node.int("axis") }

        package func infer(_ types: Inference) throws {
            guard let shape = types.shape(0) else { return types.set(0, types.element(0), [.unknown, .unknown]) }
            guard axis >= -shape.count, axis <= shape.count else {
                throw ONNXError(.shape, "axis \(axis) is out of range for rank \(shape.count); \(-shape.count)...\(shape.count) expected")
            }
            let cut = axis < 0 ? axis + shape.count : axis
            types.set(0, types.element(0), [try Self.product(shape[..<cut]), try Self.product(shape[cut...])])
        }

        private static func product(_ dimensions: ArraySlice<Dimension>) throws -> Dimension {
            if dimensions.count == 1, let only = dimensions.first { return only }
            let sizes = dimensions.compactMap(\.size)
            return sizes.count == dimensions.count ? .known(try Shape.count(sizes)) : .unknown
        }

        package func layout(_ types: Inference) -> Layout { Layout(views: [0: 0]) }

        package func run(_ context: RunContext) throws { try context.setReshaped() }
    }
}
