internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Takes entries of one axis by index. https://onnx.ai/onnx/operators/onnx__Gather.html
    package struct Gather: Operator {
        package static let schema = OperatorSchema(
            "Gather", since: [1, 11, 13],
            inputs: [.one("data", "T"), .one("indices", "Tind")], outputs: [.one("output", "T")],
            attributes: [.defaulted("axis", .int(0))], types: ["T": .tensors(.all), "Tind": .tensors(.indices)])
        package static let narrowTypes = NarrowTypes.moved

        private let axis: Int

        package init(_ node: NodeReader) throws { axis = try node.int("axis") }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 1...Int.max, "data")
            guard let data = types.shape(0), let indices = types.shape(1) else { return types.set(0, types.element(0), nil) }
            let axis = try types.axis(axis, rank: data.count)
            types.set(0, types.element(0), Array(data[..<axis]) + indices + Array(data[(axis + 1)...]))
        }

        package func run(_ context: RunContext) throws {
            let data = try context.input(0)
            let indices = try context.input(1).ints()
            let axis = axis < 0 ? axis + data.rank : axis
            let extent = data.shape[axis]
            let block = Shape.product(data.shape[(axis + 1)...])
            let outer = Shape.product(data.shape[..<axis])
            let positions = try indices.enumerated().map { try position($1, at: $0, extent: extent, axis: axis) }
            let mover = try ElementMover(context, type: data.elementType)
            let source = try ElementMover.Source(data)
            for row in 0..<(mover.count == 0 ? 0 : outer) {
                for (index, position) in positions.enumerated() {
                    mover.copy(source, from: (row * extent + position) * block, count: block, to: (row * positions.count + index) * block)
                }
            }
            try mover.finish(context)
        }

        private func position(_ index: Int, at place: Int, extent: Int, axis: Int) throws -> Int {
            guard let position = Shape.axis(index, rank: extent) else {
                throw ONNXError(.shape, "index \(index) at place \(place) is out of range for axis \(axis) of extent \(extent)")
            }
            return position
        }
    }
}
