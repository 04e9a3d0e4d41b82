internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Permutes the axes. https://onnx.ai/onnx/operators/onnx__Transpose.html
    package struct Transpose: Operator {
        package static let schema = OperatorSchema(
            "Transpose", since: [1, 13, 21, 23, 24, 25],
            inputs: [.one("data", "T")], outputs: [.one("transposed", "T")],
            attributes: [.optional("perm", .ints)], types: ["T": .tensors(.all)])
        package static let narrowTypes = NarrowTypes.moved

        private let given: [Int]?

        package init(_ node: NodeReader) throws {
            given = node.optionalInts("perm")
            if let given, Set(given) != Set(given.indices) {
                throw ONNXError(.malformed, "attribute 'perm' is \(Shape.text(given)), which is no permutation")
            }
        }

        private func permutation(rank: Int) throws -> [Int] {
            guard let given else { return (0..<rank).reversed() }
            guard given.count == rank else { throw ONNXError(.shape, "attribute 'perm' \(Shape.text(given)) has \(given.count) axes, 'data' has \(rank)") }
            return given
        }

        package func infer(_ types: Inference) throws {
            guard let shape = types.shape(0) else {
                return types.set(0, types.element(0), given.map { Array(repeating: .unknown, count: $0.count) })
            }
            types.set(0, types.element(0), try permutation(rank: shape.count).map { shape[$0] })
        }

        /// Where only axes of extent 1 change places, no element does.
        private func keepsOrder(_ shape: [Int], _ permutation: [Int]) -> Bool {
            let moved = permutation.filter { shape[$0] != 1 }
            return moved == moved.sorted()
        }

        package func layout(_ types: Inference) -> Layout {
            guard let shape = types.type(0)?.knownShape, let permutation = try? permutation(rank: shape.count) else { return Layout() }
            return keepsOrder(shape, permutation) ? Layout(views: [0: 0]) : Layout()
        }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
            guard let rank = types.shape(0)?.count, let order = try? permutation(rank: rank), axis < rank else { return .mixed }
            return .axis(order[axis])
        }

        package func run(_ context: RunContext) throws {
            let data = try context.input(0)
            let permutation = try permutation(rank: data.rank)
            if keepsOrder(data.shape, permutation) { return try context.setReshaped() }
            let mover = try ElementMover(context, type: data.elementType)
            let strides = Shape.strides(data.shape)
            try mover.copy(
                try ElementMover.Source(data), mover.shape, from: StridedRegion(strides: permutation.map { strides[$0] }),
                to: StridedRegion(contiguous: mover.shape), context)
            try mover.finish(context)
        }
    }
}
