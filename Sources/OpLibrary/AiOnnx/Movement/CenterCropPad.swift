internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Crops or pads axes to given extents about their middle. https://onnx.ai/onnx/operators/onnx__CenterCropPad.html
    package struct CenterCropPad: Operator {
        package static let schema = OperatorSchema(
            "CenterCropPad", since: [18],
            inputs: [.one("input_data", "T"), .one("shape", "Tind")], outputs: [.one("output_data", "T")],
            attributes: [.optional("axes", .ints)], types: ["T": .tensors(.all), "Tind": .tensors(.indices)])
        package static let narrowTypes = NarrowTypes.moved

        private let axes: [Int]?

        package init(_ node: NodeReader) throws { axes = node.optionalInts("axes") }

        package func infer(_ types: Inference) throws {
            guard var shape = types.shape(0) else { return types.set(0, types.element(0), nil) }
            let chosen = try (axes ?? Array(shape.indices)).map { try types.axis($0, rank: shape.count) }
            let target = try types.ints(1)
            guard Set(chosen).count == chosen.count, target == nil || target?.count == chosen.count, target?.allSatisfy({ $0 >= 0 }) ?? true else {
                throw ONNXError(.shape, "shape \(Shape.text(target ?? [])) found for axes \(Shape.text(chosen)), an extent of 0 or more for each axis expected")
            }
            for (index, axis) in chosen.enumerated() { shape[axis] = target.map { .known($0[index]) } ?? .unknown }
            types.set(0, types.element(0), shape)
        }

        package func run(_ context: RunContext) throws {
            let input = try context.input(0)
            let mover = try ElementMover(context, type: input.elementType)
            let (from, to) = (Shape.strides(input.shape), Shape.strides(mover.shape))
            var (start, end) = (0, 0)
            for axis in input.shape.indices {
                let difference = input.shape[axis] - mover.shape[axis]
                if difference > 0 { start &+= difference / 2 &* from[axis] } else { end &+= -difference / 2 &* to[axis] }
            }
            try mover.fill(nil, context)
            try mover.copy(
                try ElementMover.Source(input), zip(input.shape, mover.shape).map { Swift.min($0, $1) }, from: StridedRegion(start: start, strides: from),
                to: StridedRegion(start: end, strides: to), context)
            try mover.finish(context)
        }
    }
}
