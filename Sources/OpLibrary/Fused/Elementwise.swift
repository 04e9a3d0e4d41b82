internal import Bytes
package import GraphIR
internal import OrderedCollections
internal import Tensors

extension Fused {
    /// Several element-wise operators on floats in one pass over memory, with the bits that one after the other gives.
    ///
    /// `steps` are functions with the numbers of their operands: inputs first, then what earlier steps give. The last step's is Y. Inputs broadcast.
    package struct Elementwise: FusedOperator {
        package static let schema = OperatorSchema(
            "Elementwise", domain: Fused.domain, since: [1],
            inputs: [.variadic("X", "T", isHomogeneous: false)], outputs: [.one("Y", "Y")], attributes: [.required("steps", .strings)],
            types: ["T": .tensors(.float, .bool), "Y": .tensors(.float)])

        private let program: ElementProgram

        package init(_ node: NodeReader) throws { program = try Self.program(node) }

        private static func program(_ node: NodeReader) throws -> ElementProgram {
            guard (0..<node.inputCount).allSatisfy(node.hasInput) else { throw ONNXError(.malformed, "an input is left out") }
            return try ElementProgram(node.optionalStrings("steps") ?? [], inputCount: node.inputCount)
        }

        package static func expansion(of node: Node) throws -> Function {
            let program = try program(try NodeReader(node, opset: 1, schema: schema))
            let inputs = node.inputs.indices.map { "X\($0)" }
            let results = program.steps.indices.map { $0 == program.steps.count - 1 ? "Y" : "T\($0)" }
            let values = inputs + results
            let nodes = zip(program.steps, results).flatMap { step, result in step.function.nodes(step.operands.map { values[$0] }, to: result) }
            return Self.function(inputs, nodes)
        }

        package func infer(_ types: Inference) throws {
            for index in 0..<types.inputCount {
                guard let found = types.element(index) else { continue }
                let expected = program.conditions.contains(index) ? ElementType.bool : .float
                guard found == expected else { throw ONNXError(.shape, "input \(index) is of \(found); the steps take it as \(expected)") }
            }
            types.set(0, .float, try Inference.broadcast((0..<types.inputCount).map(types.shape)))
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: (0..<program.inputCount).filter { !program.conditions.contains($0) }) }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource { types.broadcastSource(of: axis, input: input) }

        package func run(_ context: RunContext) throws {
            try program.run(try (0..<context.inputCount).map(context.input), to: try context.output(), context)
        }
    }
}
