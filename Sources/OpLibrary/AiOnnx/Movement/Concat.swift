internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Joins tensors along an axis. https://onnx.ai/onnx/operators/onnx__Concat.html
    package struct Concat: Operator {
        package static let schema = OperatorSchema(
            "Concat", since: [4, 11, 13],
            inputs: [.variadic("inputs", "T")], outputs: [.one("concat_result", "T")],
            attributes: [.required("axis", .int)], types: ["T": .tensors(.all)])
        package static let narrowTypes = NarrowTypes.moved

        private let axis: Int

        package init(_ node: NodeReader) throws { axis = try node.int("axis") }

        package func infer(_ types: Inference) throws {
            let element = (0..<types.inputCount).lazy.compactMap { types.element($0) }.first
            let shapes = (0..<types.inputCount).map { types.shape($0) }
            types.set(0, element, try Inference.joined(shapes, axis: axis))
        }

        package func run(_ context: RunContext) throws {
            let inputs = try (0..<context.inputCount).map { try context.input($0) }
            let mover = try ElementMover(context, type: inputs[0].elementType)
            try mover.join(inputs, axis: axis < 0 ? axis + mover.shape.count : axis, context)
            try mover.finish(context)
        }
    }
}

extension Inference {
    /// The shape of tensors of `shapes` joined along `axis`. Throws `.shape` when they differ elsewhere.
    static func joined(_ shapes: [[Dimension]?], axis: Int) throws -> [Dimension]? {
        guard let first = shapes.lazy.compactMap({ $0 }).first else { return nil }
        guard let axis = Shape.axis(axis, rank: first.count) else {
            throw ONNXError(.shape, "axis \(axis) is out of range for rank \(first.count)")
        }
        var result = first
        var extent: Int? = 0
        for (index, shape) in shapes.enumerated() {
            guard let shape else {
                extent = nil
                continue
            }
            guard shape.count == result.count else { throw ONNXError(.shape, "input \(index) has rank \(shape.count), input 0 has \(result.count)") }
            extent = try extent.flatMap { sum in try shape[axis].size.map { try sum.plus($0) } }
            for other in shape.indices where other != axis {
                if let size = shape[other].size, let found = result[other].size, size != found {
                    throw ONNXError(.shape, "input \(index) has extent \(size) on axis \(other), \(found) expected")
                }
                if result[other].size == nil { result[other] = shape[other] }
            }
        }
        result[axis] = extent.map(Dimension.known) ?? (shapes.count == 1 ? first[axis] : .unknown)
        return result
    }
}

extension ElementMover {
    /// Writes `inputs` after one another along `axis` of the output, whose other extents are theirs.
    func join(_ inputs: [Tensor], axis: Int, _ context: RunContext) throws {
        let strides = Shape.strides(shape)
        var start = 0
        for input in inputs {
            try copy(
                try Source(input), input.shape, from: StridedRegion(contiguous: input.shape), to: StridedRegion(start: start, strides: strides), context)
            start &+= input.shape[axis] &* strides[axis]
        }
    }
}

extension Int {
    /// The sum. Throws `.limit` when it is beyond 64 bits.
    func plus(_ other: Int) throws -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        guard !overflow else { throw ONNXError(.limit, "\(self) + \(other) is beyond 64 bits") }
        return sum
    }
}
