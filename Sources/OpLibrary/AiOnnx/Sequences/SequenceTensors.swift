internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The elements of a sequence joined, along an axis of theirs or a new one. https://onnx.ai/onnx/operators/onnx__ConcatFromSequence.html
    package struct ConcatFromSequence: Operator {
        package static let schema = OperatorSchema(
            "ConcatFromSequence", since: [11], inputs: [.one("input_sequence", "S")], outputs: [.one("concat_result", "T")],
            attributes: [.required("axis", .int), .defaulted("new_axis", .int(0))], types: ["S": .sequences(.all), "T": .tensors(.all)])
        package static let narrowTypes = NarrowTypes.asStored

        private let axis: Int
        private let isNew: Bool

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            isNew = try node.flag("new_axis")
        }

        package func infer(_ types: Inference) throws {
            let element = types.sequenceElement(0)
            guard var shape = element?.shape else { return types.set(0, element?.elementType, nil) }
            if isNew {
                shape.insert(.unknown, at: try types.axis(axis, rank: shape.count + 1))
            } else {
                shape[try types.axis(axis, rank: shape.count)] = .unknown
            }
            types.set(0, element?.elementType, shape)
        }

        package func run(_ context: RunContext) throws {
            let tensors = try context.sequence(0).values.map { value in
                guard let tensor = value.tensor else { throw ONNXError(.shape, "the sequence holds \(value.type), tensors expected") }
                return tensor
            }
            guard let first = tensors.first else { throw ONNXError(.shape, "the sequence is empty, a tensor or more expected") }
            if isNew { return try context.stack(tensors, output: 0, axis: axis) }
            guard let axis = Shape.axis(axis, rank: first.rank), tensors.allSatisfy({ $0.elementType == first.elementType }),
                let shape = ValueType.tensor(nil, try Inference.joined(tensors.map { $0.shape.map(Dimension.known) }, axis: axis)).knownShape
            else { throw ONNXError(.shape, "a sequence of \(first) and others can't be joined along axis \(axis)") }
            let parts = try tensors.map { try $0.unpacked() }
            let result = try context.assembled(parts[0].elementType, shape, output: first.elementType.isPacked ? nil : 0) { mover in
                try mover.join(parts, axis: axis, context)
            }
            context.set(0, try result.packed(as: first.elementType))
        }
    }

    /// The parts of a tensor as a sequence. https://onnx.ai/onnx/operators/onnx__SplitToSequence.html
    package struct SplitToSequence: Operator {
        package static let schema = OperatorSchema(
            "SplitToSequence", since: [11, 24], inputs: [.one("input", "T"), .optional("split", "I")], outputs: [.one("output_sequence", "S")],
            attributes: [.defaulted("axis", .int(0)), .defaulted("keepdims", .int(1))],
            types: ["T": .tensors(.all), "I": .tensors(.indices), "S": .sequences(.all)])
        package static let narrowTypes = NarrowTypes.asStored

        private let axis: Int
        private let keepsAxis: Bool

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            keepsAxis = try node.flag("keepdims") || node.hasInput(1)
        }

        package func infer(_ types: Inference) throws {
            guard var shape = types.shape(0) else { return types.set(0, .sequence(.tensor(types.element(0), nil))) }
            let axis = try types.axis(axis, rank: shape.count)
            if keepsAxis { shape[axis] = .unknown } else { shape.remove(at: axis) }
            types.set(0, .sequence(.tensor(types.element(0), shape)))
        }

        package func run(_ context: RunContext) throws {
            let input = try context.input(0)
            let axis = axis < 0 ? axis + input.rank : axis
            let lengths = try Self.lengths(try context.optionalInput(1), extent: input.shape[axis], context)
            let source = try input.unpacked()
            let strides = Shape.strides(input.shape)
            var start = 0
            let parts = try lengths.map { length -> Value in
                var shape = input.shape
                shape[axis] = length
                let part = try context.assembled(source.elementType, shape, output: 0) { mover in
                    try mover.copy(
                        try ElementMover.Source(source), shape, from: StridedRegion(start: start, strides: strides), to: StridedRegion(contiguous: shape),
                        context)
                }
                start &+= length &* strides[axis]
                if !keepsAxis { shape.remove(at: axis) }
                return .tensor(try part.packed(as: input.elementType).reshaped(shape))
            }
            if parts.isEmpty { return context.set(0, .sequence([], of: .tensor(input.elementType, nil))) }
            try context.setSequence(parts)
        }

        /// The length of each part of an axis of `extent`.
        private static func lengths(_ split: Tensor?, extent: Int, _ context: RunContext) throws -> [Int] {
            let given = try split?.ints() ?? [1]
            if split?.rank ?? 0 == 0 {
                guard given.count == 1, given[0] > 0 else { throw ONNXError(.shape, "split \(Shape.text(given)) found, a positive number expected") }
                _ = try context.scratch(.int64, [extent / given[0], 32])
                let full = Array(repeating: given[0], count: extent / given[0])
                return extent % given[0] == 0 ? full : full + [extent % given[0]]
            }
            guard given.allSatisfy({ $0 >= 0 }), try given.reduce(0, { try $0.plus($1) }) == extent else {
                throw ONNXError(.shape, "split \(Shape.text(given)) found, lengths of 0 or more that add up to \(extent) expected")
            }
            return given
        }
    }
}
