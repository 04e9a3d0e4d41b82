internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// One value at each index of a new axis, another elsewhere. https://onnx.ai/onnx/operators/onnx__OneHot.html
    package struct OneHot: Operator {
        package static let schema = OperatorSchema(
            "OneHot", since: [9, 11, 28],
            inputs: [.one("indices", "T1"), .one("depth", "T2"), .one("values", "T3")], outputs: [.one("output", "T3")],
            attributes: [.defaulted("axis", .int(-1))],
            types: ["T1": .tensors(.numeric), "T2": .tensors(.numeric), "T3": .tensors(.all)])
        package static let narrowTypes = NarrowTypes.moved

        private let axis: Int

        package init(_ node: NodeReader) throws { axis = try node.int("axis") }

        package func infer(_ types: Inference) throws {
            guard let indices = types.shape(0) else { return types.set(0, types.element(2), nil) }
            var shape = indices
            let depth = try types.constant(1).map { try Self.depth($0) }
            shape.insert(depth.map(Dimension.known) ?? .unknown, at: try types.axis(axis, rank: indices.count + 1))
            types.set(0, types.element(2), shape)
        }

        private static func depth(_ tensor: Tensor) throws -> Int {
            let values = try tensor.truncatedInts()
            guard values.count == 1, values[0] >= 0 else { throw ONNXError(.shape, "'depth' is \(tensor) of \(values), a number of 0 or more expected") }
            return values[0]
        }

        package func run(_ context: RunContext) throws {
            let indices = try context.input(0)
            let values = try context.input(2)
            guard values.shape == [2] else { throw ONNXError(.shape, "'values' is \(values), shape [2] expected") }
            let mover = try ElementMover(context, type: values.elementType)
            let source = try ElementMover.Source(values)
            try mover.fill(source, context)
            let axis = axis < 0 ? axis + mover.shape.count : axis
            let (depth, inner) = (mover.shape[axis], Shape.product(mover.shape[(axis + 1)...]))
            for (place, given) in try indices.truncatedInts().enumerated() {
                guard let index = Shape.axis(given, rank: depth) else { continue }
                mover.copy(source, from: 1, count: 1, to: (place / inner &* depth &+ index) &* inner &+ place % inner)
            }
            try mover.finish(context)
        }
    }
}

extension Tensor {
    /// The values of a tensor of any numeric type as integers; fractions are cut off, what doesn't fit saturates.
    func truncatedInts() throws -> [Int] {
        guard elementType.isFloatingPoint else { return try ints() }
        if elementType == .double { return try elements(Double.self).map { Int(Int64(saturating: $0)) } }
        let wide = elementType == .float ? self : try widenedToFloat { try MutableTensor(.float, $0) }
        return try wide.elements(Float.self).map { Int(Int64(saturating: Double($0))) }
    }
}
