internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// A sequence of its inputs. https://onnx.ai/onnx/operators/onnx__SequenceConstruct.html
    package struct SequenceConstruct: Operator {
        package static let schema = OperatorSchema(
            "SequenceConstruct", since: [11], inputs: [.variadic("inputs", "T")], outputs: [.one("output_sequence", "S")],
            types: ["T": .tensors(.all), "S": .sequences(.all)])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            let element = types.inputs.dropFirst().reduce(types.type(0)) { ValueType.common($0, $1) }
            types.set(0, .sequence(element ?? .tensor(nil, nil)))
        }

        package func run(_ context: RunContext) throws {
            try context.setSequence(try (0..<context.inputCount).map { .tensor(try context.input($0)) })
        }
    }

    /// A sequence without elements. https://onnx.ai/onnx/operators/onnx__SequenceEmpty.html
    package struct SequenceEmpty: Operator {
        package static let schema = OperatorSchema(
            "SequenceEmpty", since: [11], inputs: [], outputs: [.one("output", "S")], attributes: [.optional("dtype", .int)],
            types: ["S": .sequences(.all)])
        package static let narrowTypes = NarrowTypes.asStored

        private let element: ElementType

        package init(_ node: NodeReader) throws { element = try node.elementType("dtype") ?? .float }

        package func infer(_ types: Inference) throws { types.set(0, .sequence(.tensor(element, nil))) }

        package func run(_ context: RunContext) throws { context.set(0, .sequence([], of: .tensor(element, nil))) }
    }

    /// The element at a position. https://onnx.ai/onnx/operators/onnx__SequenceAt.html
    package struct SequenceAt: Operator {
        package static let schema = OperatorSchema(
            "SequenceAt", since: [11], inputs: [.one("input_sequence", "S"), .one("position", "I")], outputs: [.one("tensor", "T")],
            types: ["S": .sequences(.all), "T": .tensors(.all), "I": .tensors(.indices)])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws { types.set(0, types.sequenceElement(0)) }

        package func run(_ context: RunContext) throws {
            let values = try context.sequence(0).values
            context.set(0, values[try context.position(1, in: 0..<values.count, count: values.count)])
        }
    }

    /// A sequence with one more element. https://onnx.ai/onnx/operators/onnx__SequenceInsert.html
    package struct SequenceInsert: Operator {
        package static let schema = OperatorSchema(
            "SequenceInsert", since: [11], inputs: [.one("input_sequence", "S"), .one("tensor", "T"), .optional("position", "I")],
            outputs: [.one("output_sequence", "S")], types: ["S": .sequences(.all), "T": .tensors(.all), "I": .tensors(.indices)])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            guard let element = types.sequenceElement(0), let added = types.type(1) else { return types.set(0, types.type(0)) }
            types.set(0, .sequence(element == added ? added : .tensor(element.elementType ?? added.elementType, nil)))
        }

        package func run(_ context: RunContext) throws {
            var (values, type) = try context.sequence(0)
            let tensor = try context.input(1)
            if let expected = type.elementType, expected != tensor.elementType {
                throw ONNXError(.shape, "\(tensor) can't enter a sequence of \(type)")
            }
            let place = context.value(2) == nil ? values.count : try context.position(2, in: 0..<(values.count + 1), count: values.count)
            values.insert(.tensor(tensor), at: place)
            try context.setSequence(values)
        }
    }

    /// A sequence with one element less. https://onnx.ai/onnx/operators/onnx__SequenceErase.html
    package struct SequenceErase: Operator {
        package static let schema = OperatorSchema(
            "SequenceErase", since: [11], inputs: [.one("input_sequence", "S"), .optional("position", "I")], outputs: [.one("output_sequence", "S")],
            types: ["S": .sequences(.all), "I": .tensors(.indices)])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws { types.set(0, types.type(0)) }

        package func run(_ context: RunContext) throws {
            var (values, type) = try context.sequence(0)
            guard !values.isEmpty else { throw ONNXError(.shape, "the sequence is empty, an element to erase expected") }
            values.remove(at: context.value(1) == nil ? values.count - 1 : try context.position(1, in: 0..<values.count, count: values.count))
            context.set(0, .sequence(values, of: type))
        }
    }

    /// The number of elements. https://onnx.ai/onnx/operators/onnx__SequenceLength.html
    package struct SequenceLength: Operator {
        package static let schema = OperatorSchema(
            "SequenceLength", since: [11], inputs: [.one("input_sequence", "S")], outputs: [.one("length", "I")],
            types: ["S": .sequences(.all), "I": .tensors(.int64)])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws { types.set(0, .int64, [Int]()) }

        package func run(_ context: RunContext) throws {
            try context.output().elements(Int64.self)[0] = Int64(try context.sequence(0).values.count)
        }
    }
}

extension Inference {
    /// The type of the elements of sequence input `input`.
    func sequenceElement(_ input: Int) -> ValueType? {
        switch type(input) {
        case .sequence(let element)?, .optional(.sequence(let element))?: element
        default: nil
        }
    }
}

extension RunContext {
    /// The position that scalar input `input` gives, counted from the back of `count` when negative. Throws `.shape` outside of `range`.
    fileprivate func position(_ input: Int, in range: Range<Int>, count: Int) throws -> Int {
        let given = try self.input(input).ints()
        guard given.count == 1 else { throw ONNXError(.shape, "the position has \(given.count) elements, 1 expected") }
        let place = given[0] < 0 ? given[0] + count : given[0]
        guard range.contains(place) else { throw ONNXError(.shape, "position \(given[0]) is out of range for a sequence of \(count) elements") }
        return place
    }

    /// Output 0 is a sequence of `values`, which hold tensors of one element type.
    func setSequence(_ values: [Value]) throws {
        guard let first = values.first?.tensor else { throw ONNXError(.shape, "a sequence of nothing has no type") }
        var (type, shape) = (first.elementType, Optional(first.shape))
        for case .tensor(let tensor) in values {
            guard tensor.elementType == type else { throw ONNXError(.shape, "\(first) and \(tensor) can't be in one sequence") }
            if tensor.shape != shape { shape = nil }
            type = tensor.elementType
        }
        set(0, .sequence(values, of: .tensor(type, shape?.map(Dimension.known))))
    }
}
