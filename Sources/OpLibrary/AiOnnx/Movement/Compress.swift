internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Keeps the entries of an axis, or of the flattened tensor, for which a condition holds. https://onnx.ai/onnx/operators/onnx__Compress.html
    package struct Compress: Operator {
        package static let schema = OperatorSchema(
            "Compress", since: [9, 11, 28],
            inputs: [.one("input", "T"), .one("condition", "T1")], outputs: [.one("output", "T")],
            attributes: [.optional("axis", .int)], types: ["T": .tensors(.all), "T1": .tensors(.bool)])
        package static let narrowTypes = NarrowTypes.moved

        private let axis: Int?

        package init(_ node: NodeReader) throws { axis = node.optionalInt("axis") }

        package func infer(_ types: Inference) throws {
            try types.checkRank(1, 1...1, "condition")
            guard let axis else { return types.set(0, types.element(0), [.unknown]) }
            guard var shape = types.shape(0) else { return types.set(0, types.element(0), nil) }
            shape[try types.axis(axis, rank: shape.count)] = .unknown
            types.set(0, types.element(0), shape)
        }

        package func run(_ context: RunContext) throws {
            let given = try context.input(0)
            let input = axis == nil ? try given.reshaped([given.count]) : given
            let axis = (axis ?? 0) < 0 ? (axis ?? 0) + input.rank : axis ?? 0
            let condition = try context.input(1).elements(TensorBool.self)
            let extent = input.shape[axis]
            guard condition.count <= extent else {
                throw ONNXError(.shape, "'condition' has \(condition.count) elements, at most \(extent) expected")
            }
            let kept = condition.indices.filter { condition[$0].value }
            var shape = input.shape
            shape[axis] = kept.count
            let mover = try ElementMover(context, type: input.elementType, shape: shape)
            let (source, block) = (try ElementMover.Source(input), Shape.product(input.shape[(axis + 1)...]))
            for outer in 0..<(mover.count == 0 ? 0 : Shape.product(input.shape[..<axis])) {
                for (place, index) in kept.enumerated() {
                    mover.copy(source, from: (outer &* extent &+ index) &* block, count: block, to: (outer &* kept.count &+ place) &* block)
                }
            }
            try mover.finish(context)
        }
    }
}
