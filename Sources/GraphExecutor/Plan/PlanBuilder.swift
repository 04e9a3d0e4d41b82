internal import Bytes
internal import OpLibrary
internal import Tensors

/// Plans a stretch of a program: infers every shape, computes what is known already, and places buffers.
struct PlanBuilder {
    /// A stretch must be planned again with the values of these known: shapes depend on them.
    struct NeedsValues: Error {
        let ids: Set<Program.ID>
    }

    private struct Buffer {
        var byteCount: Int
        var first: Int
        var last: Int
    }

    private let program: Program
    private let start: Int
    private let given: Set<Program.ID>
    private var types: [Program.ID: ValueType] = [:]
    private var known: [Program.ID: Tensor] = [:]
    private var producers: [Program.ID: Int] = [:]
    private var inferences: [(index: Int, inference: Inference)] = []
    private var open: Int?
    private var bounded: [Program.ID: Int] = [:]
    private let values: [Value?]
    private let host: PlanTimeHost

    /// Bytes of an output that is worth computing while planning.
    private static let smallByteCount = 1 << 16

    /// Whether shapes may depend on the value of `tensor`: it is small and no weights or activations.
    static func isSource(_ tensor: Tensor) -> Bool { tensor.count <= 64 && tensor.rank <= 1 && tensor.elementType != .string }

    /// Throws `NeedsValues` where shapes depend on given values that are not among `sources`, and what operators throw.
    static func build(_ program: Program, from start: Int, values: [Value?], sources: Set<Program.ID>, state: RunState) throws -> Plan {
        var builder = PlanBuilder(program, from: start, values: values, sources: sources, state: state)
        for index in start..<program.steps.count {
            do {
                try builder.infer(index)
            } catch let error as ONNXError {
                throw error.at("inputs: " + program.steps[index].inputs.map { builder.text($0) }.joined(separator: ", ")).at(program.steps[index].label)
            }
            if builder.open != nil { break }
        }
        return try builder.place()
    }

    private init(_ program: Program, from start: Int, values: [Value?], sources: Set<Program.ID>, state: RunState) {
        self.program = program
        self.start = start
        self.values = values
        host = PlanTimeHost(state)
        var given: Set<Program.ID> = []
        for (id, constant) in program.constants.enumerated() {
            if let constant {
                known[id] = constant
                types[id] = Value.tensor(constant).type
            } else if let value = values[id] {
                given.insert(id)
                types[id] = value.type
                if sources.contains(id), case .tensor(let tensor) = value, Self.isSource(tensor) { known[id] = tensor }
            }
        }
        self.given = given
    }

    private func text(_ id: Program.ID?) -> String { id.map { types[$0].map { "\($0)" } ?? "?" } ?? "none" }

    private mutating func infer(_ index: Int) throws {
        let step = program.steps[index]
        let inputTypes = step.inputs.map { $0.flatMap { types[$0] } }
        try step.checkTypes(inputTypes)
        let inference = Inference(
            inputs: inputTypes, constants: step.inputs.map { $0.flatMap { known[$0] } }, outputCount: step.outputs.count,
            body: { name, _ in step.bodies[name].map { body in body.outputs.map { body.types[$0.id] } } ?? [] })
        try step.operation.infer(inference)
        try checkConsulted(inference, step)
        for (output, id) in step.outputs.enumerated() {
            guard let id else { continue }
            producers[id] = index
            types[id] = inference.outputs[output]
        }
        if try compute(step, inference) { return }
        let isOpen = zip(step.outputs, inference.outputs).contains { id, type in id.map { program.isRead[$0] } ?? false && !Self.isComplete(type) }
        let layout = step.operation.layout(inference)
        // There is one register.
        if isOpen || !step.bodies.isEmpty || !layout.bounded.isEmpty && !bounded.isEmpty { open = index } else { inferences.append((index, inference)) }
        if open == nil { followExtent(step, inference, layout) }
    }

    /// Notes which outputs have the extent that is known at run time only: those of the step that finds it, and those that keep its axis apart.
    private mutating func followExtent(_ step: Program.Step, _ inference: Inference, _ layout: Layout) {
        for (output, id) in step.outputs.enumerated() {
            guard let id, let rank = inference.outputs[output]?.shape?.count else { continue }
            bounded[id] =
                layout.bounded[output]
                ?? (0..<rank).first { axis in
                    step.inputs.enumerated().contains { input, source in
                        guard let source, let own = bounded[source] else { return false }
                        return step.operation.source(of: axis, input: input, inference) == .axis(own)
                    }
                }
        }
    }

    /// Types that say how many bytes a value has, and those whose values are never in the arena.
    private static func isComplete(_ type: ValueType?) -> Bool {
        switch type {
        case .tensor(_?, _)?: type?.knownShape != nil
        case .sequence?, .map?: true
        default: false
        }
    }

    private func checkConsulted(_ inference: Inference, _ step: Program.Step) throws {
        let unknown = inference.consulted.compactMap { $0 < step.inputs.count ? step.inputs[$0] : nil }.filter { known[$0] == nil }
        var needed: Set<Program.ID> = []
        var visited: Set<Program.ID> = []
        for id in unknown where !follow(id, &needed, &visited) { return }
        if !needed.isEmpty { throw NeedsValues(ids: needed) }
    }

    /// Adds the given values that `id` is computed from; false where one of them is too large or comes from somewhere else.
    private func follow(_ id: Program.ID, _ needed: inout Set<Program.ID>, _ visited: inout Set<Program.ID>) -> Bool {
        guard known[id] == nil, visited.insert(id).inserted else { return true }
        if given.contains(id) {
            guard case .tensor(let tensor)? = values[id], Self.isSource(tensor) else { return false }
            needed.insert(id)
            return true
        }
        guard visited.count < 64, let step = producers[id].map({ program.steps[$0] }), step.isPure else { return false }
        return step.inputs.allSatisfy { $0.map { follow($0, &needed, &visited) } ?? true }
    }

    /// Computes the outputs now, where everything is known and little is to be done.
    private mutating func compute(_ step: Program.Step, _ inference: Inference) throws -> Bool {
        guard step.isPure else { return false }
        let wanted = step.outputs.map { id in id.map { program.isRead[$0] } ?? false }
        if wanted.indices.allSatisfy({ !wanted[$0] || inference.values[$0] != nil }) {
            for (output, id) in step.outputs.enumerated() {
                if let id { known[id] = inference.values[output] }
            }
            return true
        }
        let views = step.operation.layout(inference).views
        let isSmall = inference.outputs.enumerated().allSatisfy { output, type in
            guard let shape = type?.knownShape, let element = type?.elementType, let count = try? Shape.count(shape) else { return false }
            return views[output] != nil || (try? Shape.byteCount(count, element)).map { $0 <= Self.smallByteCount } ?? false
        }
        guard isSmall, step.inputs.allSatisfy({ $0.map { known[$0] != nil } ?? true }) else { return false }
        let context = RunContext(
            inputs: step.inputs.map { $0.flatMap { known[$0] }.map(Value.tensor) }, outputTypes: inference.outputs, wanted: wanted, host: host)
        try step.operation.apply(context)
        for (output, id) in step.outputs.enumerated() where wanted[output] {
            guard let id, let tensor = context.results[output]?.tensor else { return false }
            known[id] = tensor
        }
        return true
    }

    /// Steps that only fed what was computed while planning need not run.
    private mutating func dropUnread(_ end: Int) {
        var read = Set(open.map { program.steps[$0].inputs.compactMap { $0 } + program.steps[$0].captured } ?? [])
        var running: [(index: Int, inference: Inference)] = []
        for (index, inference) in inferences.reversed() {
            let step = program.steps[index]
            guard step.outputs.contains(where: { $0.map { read.contains($0) || program.lastRead[$0] >= end } ?? false }) else { continue }
            read.formUnion(step.inputs.compactMap { $0 })
            running.append((index, inference))
        }
        inferences = running.reversed()
    }

    private mutating func place() throws -> Plan {
        let end = open.map { $0 + 1 } ?? program.steps.count
        dropUnread(end)
        var layout = BufferLayout(program: program, end: end)
        for (position, (index, inference)) in inferences.enumerated() {
            layout.add(program.steps[index], index: index, position: position, inference: inference, known: known)
        }
        return try layout.finish(inferences, known: known, given: given, bounded: bounded, open: open)
    }
}

extension Program.Step {
    /// Whether equal inputs give equal outputs, and nothing else is read.
    package var isPure: Bool { bodies.isEmpty && Swift.type(of: operation).schema.isDeterministic }
}

/// Lends an operator what it needs to run once while a plan is made or constants are folded.
final class PlanTimeHost: RunHost {
    private let state: RunState?

    init(_ state: RunState?) { self.state = state }

    func allocate(output: Int, _ type: ElementType, _ shape: [Int]) throws -> MutableTensor { try MutableTensor(type, shape) }
    func scratch(byteCount: Int) throws -> Storage { try Storage(byteCount: byteCount) }
    func parallel(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) throws -> Void) throws {
        if count > 0 { try body(0..<count) }
    }
    func runBody(_ name: String, _ inputs: [Value]) throws -> [Value] { throw ONNXError(.unsupported, "subgraph '\(name)' can't run here") }
    func checkDeadline() throws { try state?.check() }
    func nextSeed() -> UInt64 { 0 }
}
