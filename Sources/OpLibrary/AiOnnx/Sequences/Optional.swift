internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// An optional that holds its input, or nothing. https://onnx.ai/onnx/operators/onnx__Optional.html
    /// Not called `Optional`, which would hide the type of that name from every operator.
    package struct OptionalOperator: Operator {
        package static let schema = OperatorSchema(
            "Optional", since: [15, 28], inputs: [.optional("input", "V")], outputs: [.one("output", "O")], attributes: [.optional("type", .type)],
            types: ["V": TypeSet(.all, sequences: .all), "O": TypeSet([], optionalTensors: .all, optionalSequences: .all)])
        package static let narrowTypes = NarrowTypes.asStored

        private let type: ValueType?

        package init(_ node: NodeReader) throws {
            type = node.optionalType("type")
            guard type != nil || node.hasInput(0) else { throw ONNXError(.malformed, "neither an input nor attribute 'type' is given") }
        }

        package func infer(_ types: Inference) throws { types.set(0, (types.type(0) ?? type).map(ValueType.optional)) }

        package func run(_ context: RunContext) throws {
            guard let value = context.value(0) else { return context.set(0, .optional(nil, of: type ?? .tensor(nil, nil))) }
            context.set(0, .optional(value, of: value.type))
        }
    }

    /// What an optional holds. https://onnx.ai/onnx/operators/onnx__OptionalGetElement.html
    package struct OptionalGetElement: Operator {
        package static let schema = OperatorSchema(
            "OptionalGetElement", since: [15, 18, 28], inputs: [.one("input", "O")], outputs: [.one("output", "V")],
            types: ["O": .any, "V": TypeSet(.all, sequences: .all)])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            if case .optional(let element)? = types.type(0) { types.set(0, element) } else { types.set(0, types.type(0)) }
        }

        package func layout(_ types: Inference) -> Layout { Layout(views: [0: 0]) }

        package func run(_ context: RunContext) throws {
            switch context.value(0) {
            case .optional(let value?, _)?: context.set(0, value)
            case .optional(nil, let type)?: throw ONNXError(.shape, "the optional of \(type) is empty, an element expected")
            case let value?: context.set(0, value)
            case nil: throw ONNXError(.shape, "input 0 is missing")
            }
        }
    }

    /// Whether an optional holds something. https://onnx.ai/onnx/operators/onnx__OptionalHasElement.html
    package struct OptionalHasElement: Operator {
        package static let schema = OperatorSchema(
            "OptionalHasElement", since: [15, 18, 28], inputs: [.one("input", "O", until: 17), .optional("input", "O", since: 18)],
            outputs: [.one("output", "B")], types: ["O": .any, "B": .tensors(.bool)])
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws { types.set(0, .bool, [Int]()) }

        package func run(_ context: RunContext) throws {
            let isFilled =
                switch context.value(0) {
                case nil, .optional(nil, _)?: false
                default: true
                }
            try context.output().elements(TensorBool.self)[0] = TensorBool(isFilled)
        }
    }
}
