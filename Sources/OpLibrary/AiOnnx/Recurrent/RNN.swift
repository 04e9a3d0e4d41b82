internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// A recurrent layer of one gate. https://onnx.ai/onnx/operators/onnx__RNN.html
    package struct RNN: Operator {
        package static let schema = OperatorSchema(
            "RNN", since: [7, 14, 22], inputs: RecurrentAttributes.inputs, outputs: [.optional("Y", "T"), .optional("Y_h", "T")],
            attributes: [.defaulted("activations", .strings(["Tanh", "Tanh"]))] + RecurrentAttributes.schema, types: RecurrentAttributes.types)

        private let attributes: RecurrentAttributes

        package init(_ node: NodeReader) throws { attributes = try RecurrentAttributes(node, gates: 1, defaults: ["Tanh"]) }

        package func infer(_ types: Inference) throws { _ = try attributes.infer(types) }

        package func run(_ context: RunContext) throws {
            try context.input(0).elementType.visitFloat(Cells(attributes: attributes, context: context))
        }

        private struct Cells: FloatVisitor {
            let attributes: RecurrentAttributes
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let recurrence = try Recurrence<T>(attributes, context)
                let (attributes, hidden, batches) = (attributes, recurrence.hidden, recurrence.batches)
                let gates = try recurrence.gateRoom(context)
                let own = try context.scratch(T.elementType, [batches, hidden]).elements(T.self)
                for direction in 0..<attributes.directions {
                    let function = attributes.functions(direction)[0]
                    let matrix = try recurrence.recurrent(direction, gates: 0..<1, context)
                    let state = try recurrence.state(direction, input: 5, context)
                    try recurrence.inputGates(direction, into: gates, context)
                    try recurrence.walk(direction, state: state, context) { rows in
                        try matrix.multiply(state.elements, rows: batches, into: own, context)
                        for (batch, row) in rows.enumerated() where row >= 0 {
                            for index in 0..<hidden {
                                let bias = recurrence.bias(direction, gate: 0, index) + recurrence.bias(direction, gate: 1, index)
                                let sum = gates[row * hidden + index] + own[batch * hidden + index] + bias
                                state[batch * hidden + index] = function(attributes.clipped(sum))
                            }
                        }
                    }
                    try recurrence.store(state, direction, output: 1, context)
                }
            }
        }
    }
}
