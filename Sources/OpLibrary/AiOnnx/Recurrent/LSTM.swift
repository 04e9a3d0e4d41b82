internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// A layer of long short-term memory. https://onnx.ai/onnx/operators/onnx__LSTM.html
    package struct LSTM: Operator {
        package static let schema = OperatorSchema(
            "LSTM", since: [7, 14, 22],
            inputs: RecurrentAttributes.inputs + [.optional("initial_c", "T"), .optional("P", "T")],
            outputs: [.optional("Y", "T"), .optional("Y_h", "T"), .optional("Y_c", "T")],
            attributes: [.optional("activations", .strings), .defaulted("input_forget", .int(0))] + RecurrentAttributes.schema,
            types: RecurrentAttributes.types)

        private let attributes: RecurrentAttributes
        private let couplesInputAndForget: Bool

        package init(_ node: NodeReader) throws {
            attributes = try RecurrentAttributes(node, gates: 4, defaults: ["Sigmoid", "Tanh", "Tanh"])
            couplesInputAndForget = try node.flag("input_forget")
        }

        package func infer(_ types: Inference) throws {
            let (state, hidden) = try attributes.infer(types)
            try RecurrentAttributes.check(types, 6, "initial_c", state.map(\.size))
            try RecurrentAttributes.check(types, 7, "P", [attributes.directions, hidden.map { 3 * $0 }])
            types.set(2, types.element(0), state)
        }

        package func run(_ context: RunContext) throws {
            try context.input(0).elementType.visitFloat(Cells(attributes: attributes, isCoupled: couplesInputAndForget, context: context))
        }

        private struct Cells: FloatVisitor {
            let attributes: RecurrentAttributes
            let isCoupled: Bool
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let recurrence = try Recurrence<T>(attributes, context)
                let (attributes, isCoupled, hidden, batches) = (attributes, isCoupled, recurrence.hidden, recurrence.batches)
                let peepholes = try context.optionalInput(7)?.elements(T.self)
                let input = try recurrence.gateRoom(context)
                let own = try context.scratch(T.elementType, [batches, 4, hidden]).elements(T.self)
                for direction in 0..<attributes.directions {
                    let functions = attributes.functions(direction)
                    let matrix = try recurrence.recurrent(direction, gates: 0..<4, context)
                    let (state, cells) = (try recurrence.state(direction, input: 5, context), try recurrence.state(direction, input: 6, context))
                    try recurrence.inputGates(direction, into: input, context)
                    try recurrence.walk(direction, state: state, context) { rows in
                        try matrix.multiply(state.elements, rows: batches, into: own, context)
                        try context.parallel(batches, grain: Swift.max(1, 4096 / hidden)) { range in
                            for batch in range where rows[batch] >= 0 {
                                for index in 0..<hidden {
                                    let sum = { (gate: Int) in
                                        input[(rows[batch] * 4 + gate) * hidden + index] + own[(batch * 4 + gate) * hidden + index]
                                            + recurrence.bias(direction, gate: gate, index) + recurrence.bias(direction, gate: gate + 4, index)
                                    }
                                    let peephole = { (gate: Int) in peepholes?[(direction * 3 + gate) * hidden + index] ?? 0 }
                                    let place = batch * hidden + index
                                    let before = cells[place]
                                    let i = functions[0](attributes.clipped(sum(0) + peephole(0) * before))
                                    let f = isCoupled ? 1 - i : functions[0](attributes.clipped(sum(2) + peephole(2) * before))
                                    let cell = f * before + i * functions[1](attributes.clipped(sum(3)))
                                    let o = functions[0](attributes.clipped(sum(1) + peephole(1) * cell))
                                    cells[place] = cell
                                    state[place] = o * functions[2](attributes.clipped(cell))
                                }
                            }
                        }
                    }
                    try recurrence.store(state, direction, output: 1, context)
                    try recurrence.store(cells, direction, output: 2, context)
                }
            }
        }
    }
}
