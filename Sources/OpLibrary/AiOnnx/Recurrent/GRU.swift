internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// A layer of gated recurrent units. https://onnx.ai/onnx/operators/onnx__GRU.html
    package struct GRU: Operator {
        package static let schema = OperatorSchema(
            "GRU", since: [7, 14, 22], inputs: RecurrentAttributes.inputs, outputs: [.optional("Y", "T"), .optional("Y_h", "T")],
            attributes: [.optional("activations", .strings), .defaulted("linear_before_reset", .int(0))] + RecurrentAttributes.schema,
            types: RecurrentAttributes.types)

        private let attributes: RecurrentAttributes
        private let isLinearBeforeReset: Bool

        package init(_ node: NodeReader) throws {
            attributes = try RecurrentAttributes(node, gates: 3, defaults: ["Sigmoid", "Tanh"])
            isLinearBeforeReset = try node.flag("linear_before_reset")
        }

        package func infer(_ types: Inference) throws { _ = try attributes.infer(types) }

        package func run(_ context: RunContext) throws {
            try context.input(0).elementType.visitFloat(Cells(attributes: attributes, isLinear: isLinearBeforeReset, context: context))
        }

        private struct Cells: FloatVisitor {
            let attributes: RecurrentAttributes
            let isLinear: Bool
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let recurrence = try Recurrence<T>(attributes, context)
                let (hidden, batches) = (recurrence.hidden, recurrence.batches)
                let input = try recurrence.gateRoom(context)
                let (updates, hiddens, resets) = (
                    try context.scratch(T.elementType, [batches, 2, hidden]).elements(T.self),
                    try context.scratch(T.elementType, [batches, hidden]).elements(T.self),
                    try context.scratch(T.elementType, [batches, hidden]).elements(T.self)
                )
                for direction in 0..<attributes.directions {
                    let functions = attributes.functions(direction)
                    let bias = { (gate: Int, index: Int) in recurrence.bias(direction, gate: gate, index) }
                    let gateMatrix = try recurrence.recurrent(direction, gates: 0..<2, context)
                    let hiddenMatrix = try recurrence.recurrent(direction, gates: 2..<3, context)
                    let state = try recurrence.state(direction, input: 5, context)
                    try recurrence.inputGates(direction, into: input, context)
                    try recurrence.walk(direction, state: state, context) { rows in
                        try gateMatrix.multiply(state.elements, rows: batches, into: updates, context)
                        if isLinear { try hiddenMatrix.multiply(state.elements, rows: batches, into: hiddens, context) }
                        for (batch, row) in rows.enumerated() where row >= 0 {
                            for index in 0..<hidden {
                                for gate in 0..<2 {
                                    let place = (batch * 2 + gate) * hidden + index
                                    let sum = input[(row * 3 + gate) * hidden + index] + updates[place] + bias(gate, index) + bias(gate + 3, index)
                                    updates[place] = functions[0](attributes.clipped(sum))
                                }
                                resets[batch * hidden + index] = updates[(batch * 2 + 1) * hidden + index] * state[batch * hidden + index]
                            }
                        }
                        if !isLinear { try hiddenMatrix.multiply(resets.elements, rows: batches, into: hiddens, context) }
                        for (batch, row) in rows.enumerated() where row >= 0 {
                            for index in 0..<hidden {
                                let place = batch * hidden + index
                                let (update, reset) = (updates[batch * 2 * hidden + index], updates[(batch * 2 + 1) * hidden + index])
                                let own = hiddens[place] + bias(5, index)
                                let sum = input[(row * 3 + 2) * hidden + index] + bias(2, index) + (isLinear ? reset * own : own)
                                state[place] = (1 - update) * functions[1](attributes.clipped(sum)) + update * state[place]
                            }
                        }
                    }
                    try recurrence.store(state, direction, output: 1, context)
                }
            }
        }
    }
}
