internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Runs a subgraph for each element of a sequence. https://onnx.ai/onnx/operators/onnx__SequenceMap.html
    package struct SequenceMap: Operator {
        package static let schema = OperatorSchema(
            "SequenceMap", since: [17],
            inputs: [.one("input_sequence", "S"), .variadic("additional_inputs", "V", minimum: 0, isHomogeneous: false)],
            outputs: [.variadic("out_sequence", "S", isHomogeneous: false)],
            attributes: [.required("body", .graph)], types: ["S": .sequences(.all), "V": TypeSet(.all, sequences: .all)], isDeterministic: false)
        package static let narrowTypes = NarrowTypes.asStored

        package init(_ node: NodeReader) throws {
            let body = try node.graph("body")
            guard body.inputs.count == node.inputCount, body.outputs.count == node.outputCount else {
                throw ONNXError(
                    .malformed,
                    "the body has \(body.inputs.count) inputs and \(body.outputs.count) outputs, the node \(node.inputCount) and \(node.outputCount)")
            }
        }

        package func infer(_ types: Inference) throws {
            let elements = types.inputs.map { type -> ValueType? in if case .sequence(let element)? = type { element } else { type } }
            for (index, type) in try types.body("body", elements).enumerated() { types.set(index, type.map(ValueType.sequence)) }
        }

        package func run(_ context: RunContext) throws {
            let count = try context.sequence(0).values.count
            let inputs = try (0..<context.inputCount).map { index -> (shared: Value?, entries: [Value]) in
                if let tensor = context.value(index), case .tensor = tensor { return (tensor, []) }
                let entries = try context.sequence(index).values
                guard entries.count == count else { throw ONNXError(.shape, "input \(index) has \(entries.count) elements, input 0 has \(count)") }
                return (nil, entries)
            }
            var results = [[Value]](repeating: [], count: context.outputCount)
            for place in 0..<count {
                try context.checkDeadline()
                let values = try context.runBody("body", inputs.map { $0.shared ?? $0.entries[place] })
                for (index, value) in values.enumerated() where index < results.count { results[index].append(value) }
            }
            for (index, values) in results.enumerated() {
                guard let element = Self.elementType(values, context.outputType(index)) else {
                    throw ONNXError(.shape, "sequence output \(index) has no element that would give its type")
                }
                context.set(index, .sequence(values, of: element))
            }
        }

        private static func elementType(_ values: [Value], _ inferred: ValueType?) -> ValueType? {
            guard let first = values.first else { if case .sequence(let element)? = inferred { return element } else { return nil } }
            return values.dropFirst().reduce(first.type) { ValueType.common($0, $1.type) ?? .tensor(nil, nil) }
        }
    }
}
