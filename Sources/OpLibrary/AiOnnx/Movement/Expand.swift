internal import Bytes
internal import Tensors

extension AiOnnx {
    /// Repeats axes of extent 1 by broadcasting with a shape. https://onnx.ai/onnx/operators/onnx__Expand.html
    package struct Expand: Operator {
        package static let schema = OperatorSchema(
            "Expand", since: [8, 13],
            inputs: [.one("input", "T"), .one("shape", "tensor(int64)")], outputs: [.one("output", "T")],
            types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.moved

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            try types.checkRank(1, 1...1, "shape")
            guard let target = try types.ints(1) else {
                let unknown = types.unknownDimensions(countedBy: 1)
                // A size that isn't known may be 1, which broadcasts.
                let found = types.dimensions(1)?.map { $0.size.map { $0 < 0 } ?? false ? .unknown : $0 }
                return types.set(0, types.element(0), try Inference.broadcast([types.shape(0), found ?? unknown]))
            }
            guard target.allSatisfy({ $0 >= 0 }) else { throw ONNXError(.shape, "shape \(Shape.text(target)) has a negative dimension") }
            types.set(0, types.element(0), try Inference.broadcast([types.shape(0), target.map(Dimension.known)]))
        }

        package func run(_ context: RunContext) throws {
            let input = try context.input(0)
            let mover = try ElementMover(context, type: input.elementType)
            let natural = Shape.strides(input.shape)
            let added = mover.shape.count - input.rank
            let strides = mover.shape.indices.map { $0 < added || input.shape[$0 - added] == 1 ? 0 : natural[$0 - added] }
            try mover.copy(
                try ElementMover.Source(input), mover.shape, from: StridedRegion(strides: strides), to: StridedRegion(contiguous: mover.shape), context)
            try mover.finish(context)
        }
    }

    /// Repeats a tensor along its axes. https://onnx.ai/onnx/operators/onnx__Tile.html
    package struct Tile: Operator {
        package static let schema = OperatorSchema(
            "Tile", since: [6, 13],
            inputs: [.one("input", "T"), .one("repeats", "T1")], outputs: [.one("output", "T")], types: ["T": .tensors(.all), "T1": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.moved

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            try types.checkRank(1, 1...1, "repeats")
            guard let shape = types.shape(0) else { return types.set(0, types.element(0), types.unknownDimensions(countedBy: 1)) }
            guard let repeats = try types.ints(1) else { return types.set(0, types.element(0), shape.map { _ in .unknown }) }
            guard repeats.count == shape.count, repeats.allSatisfy({ $0 >= 0 }) else {
                throw ONNXError(.shape, "repeats \(Shape.text(repeats)) found, \(shape.count) numbers of 0 or more expected")
            }
            let dimensions: [Dimension] = try zip(shape, repeats).map { dimension, count in
                if count == 1 { return dimension }
                guard let size = dimension.size else { return .unknown }
                return .known(try Shape.count([size, count]))
            }
            types.set(0, types.element(0), dimensions)
        }

        package func run(_ context: RunContext) throws {
            let input = try context.input(0)
            let repeats = try context.input(1).ints()
            let mover = try ElementMover(context, type: input.elementType)
            let (strides, target) = (Shape.strides(input.shape), Shape.strides(mover.shape))
            var (shape, from, to): ([Int], [Int], [Int]) = ([], [], [])
            for axis in input.shape.indices {
                shape += [repeats[axis], input.shape[axis]]
                from += [0, strides[axis]]
                to += [target[axis] &* input.shape[axis], target[axis]]
            }
            try mover.copy(try ElementMover.Source(input), shape, from: StridedRegion(strides: from), to: StridedRegion(strides: to), context)
            try mover.finish(context)
        }
    }
}
