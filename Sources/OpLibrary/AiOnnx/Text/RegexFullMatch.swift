internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Whether strings match a pattern from end to end. https://onnx.ai/onnx/operators/onnx__RegexFullMatch.html
    package struct RegexFullMatch: Operator {
        package static let schema = OperatorSchema(
            "RegexFullMatch", since: [20], inputs: [.one("X", "T1")], outputs: [.one("Y", "T2")], attributes: [.optional("pattern", .string)],
            types: ["T1": .tensors(.string), "T2": .tensors(.bool)])
        package static let narrowTypes = NarrowTypes.asStored

        private let expression: RegularExpression

        package init(_ node: NodeReader) throws {
            guard let pattern = node.optionalString("pattern") else { throw ONNXError(.malformed, "attribute 'pattern' is missing") }
            expression = try RegularExpression(pattern)
        }

        package func infer(_ types: Inference) throws { types.set(0, .bool, types.shape(0)) }

        package func run(_ context: RunContext) throws {
            let output = try context.output().elements(TensorBool.self)
            for (index, string) in try context.input(0).stringArray().enumerated() {
                try context.checkDeadline()
                output[index] = TensorBool(expression.matchesAll(of: string))
            }
        }
    }
}
