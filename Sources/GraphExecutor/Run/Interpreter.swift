internal import Bytes
internal import GraphIR
internal import OpLibrary
internal import Tensors

/// Runs a program as it stands, step by step: the reference session, and the bodies of control flow.
final class Interpreter: RunHost {
    private let program: Program
    private let state: RunState
    private let kept: Set<Program.ID>
    private var values: [Value?]
    private var step = 0

    /// `kept` are values to be had afterwards, beside the outputs.
    init(_ program: Program, state: RunState, kept: Set<Program.ID> = []) {
        self.program = program
        self.state = state
        self.kept = kept
        values = program.constants.map { $0.map(Value.tensor) }
        for (id, tensor) in program.defaults { values[id] = .tensor(tensor) }
    }

    func set(_ id: Program.ID, _ value: Value) { values[id] = value }

    func value(_ id: Program.ID) -> Value? { values[id] }

    func run() throws {
        for index in program.steps.indices {
            step = index
            let step = program.steps[index]
            do {
                try state.check()
                try execute(step)
            } catch let error as ONNXError {
                let inputs = step.inputs.map { id in id.map { values[$0]?.summary ?? "?" } ?? "none" }
                throw error.at("inputs: " + inputs.joined(separator: ", ")).at(step.label)
            }
            for id in step.dying where !kept.contains(id) { values[id] = nil }
        }
    }

    /// The program's outputs.
    func outputs() throws -> [Value] {
        try program.outputs.map { id, info in
            guard let value = values[id] else { throw ONNXError(.shape, "output '\(info.name)' was not produced") }
            return value
        }
    }

    private func execute(_ step: Program.Step) throws {
        let inputs = try step.inputs.map { id -> Value? in
            guard let id else { return nil }
            guard let value = values[id] else { throw ONNXError(.shape, "'\(program.names[id])' was not produced") }
            return value
        }
        let types = inputs.map { $0?.type }
        try step.checkTypes(types)
        let inference = Inference(inputs: types, constants: inputs.map { $0?.tensor }, outputCount: step.outputs.count) { name, _ in
            guard let body = step.bodies[name] else { throw ONNXError(.malformed, "there is no subgraph '\(name)'") }
            return body.outputs.map { body.types[$0.id] }
        }
        try step.operation.infer(inference)
        let wanted = step.outputs.map { id in id.map { program.isRead[$0] || kept.contains($0) } ?? false }
        let context = RunContext(inputs: inputs, outputTypes: inference.outputs, wanted: wanted, host: self)
        try step.operation.apply(context)
        for (index, id) in step.outputs.enumerated() where wanted[index] {
            guard let id else { continue }
            guard let value = context.results[index] else { throw ONNXError(.unsupported, "output \(index) is not computed") }
            values[id] = value
        }
    }

    func allocate(output: Int, _ type: ElementType, _ shape: [Int]) throws -> MutableTensor {
        let bytes = try Shape.byteCount(try Shape.count(shape), type)
        return try MutableTensor(type, shape, try state.budget.storage(byteCount: bytes), byteOffset: 0)
    }

    func scratch(byteCount: Int) throws -> Storage { try state.budget.storage(byteCount: byteCount) }

    func parallel(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) throws -> Void) throws {
        if count > 0 { try body(0..<count) }
    }

    func runBody(_ name: String, _ inputs: [Value]) throws -> [Value] {
        try state.check()
        guard let body = program.steps[step].bodies[name] else { throw ONNXError(.malformed, "there is no subgraph '\(name)'") }
        guard inputs.count == body.inputs.count else {
            throw ONNXError(.malformed, "subgraph '\(name)' has \(body.inputs.count) inputs, \(inputs.count) were given")
        }
        let interpreter = Interpreter(body, state: state)
        for (input, value) in zip(body.inputs, inputs) { interpreter.set(input.id, value) }
        for capture in body.captures {
            guard let value = values[capture.outer] else { throw ONNXError(.shape, "'\(program.names[capture.outer])' was not produced") }
            interpreter.set(capture.inner, value)
        }
        do {
            try interpreter.run()
            return try interpreter.outputs()
        } catch let error as ONNXError { throw error.at(name) }
    }

    func checkDeadline() throws { try state.check() }

    func nextSeed() -> UInt64 { state.nextSeed() }
}

extension Value {
    /// Type and shape as errors name them.
    var summary: String {
        if case .tensor(let tensor) = self { return tensor.description }
        return type.description
    }
}
