internal import Bytes
internal import GraphIR
internal import OpLibrary
internal import Parallelism
internal import Tensors

/// One run of a program: step by step as it stands, or stretch by stretch from plans.
final class Executor: RunHost {
    let program: Program
    let state: RunState
    private let kept: Set<Program.ID>
    private var values: [Value?]
    private var step = 0
    /// The run-time extent of the plan that is followed, once it is known.
    private var extent: Int?

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

    /// The program's outputs.
    func outputs() throws -> [Value] {
        try program.outputs.map { id, info in
            guard let value = values[id] else { throw ONNXError(.shape, "output '\(info.name)' was not produced") }
            return value
        }
    }

    func run() throws {
        guard state.isPlanned else { return try interpret(0..<program.steps.count) }
        var index = 0
        while index < program.steps.count {
            guard let plan = try plan(from: index) else { return try interpret(index..<program.steps.count) }
            try follow(plan)
            index = plan.end
        }
    }

    /// The plan from step `start` on. Nil where these shapes are met for the first time, after a stretch whose shapes depend on data or in a body.
    private func plan(from start: Int) throws -> Plan? {
        while true {
            let sources = program.plans.sources(from: start)
            let key = PlanCache.Key(program: program, start: start, values: values, sources: sources)
            if let plan = program.plans[key] { return plan }
            if start > 0 || program.isBody, !program.plans.isKnown(key) { return nil }
            do {
                let plan = try PlanBuilder.build(program, from: start, values: values, sources: sources, state: state)
                program.plans.insert(plan, for: key)
                return plan
            } catch let needs as PlanBuilder.NeedsValues {
                program.plans.addSources(needs.ids, from: start)
            }
        }
    }

    /// What the first plan says.
    func summary() throws -> PlanSummary {
        let plan = try plan(from: 0)
        return PlanSummary(program, plan)
    }

    // MARK: planned

    private func follow(_ plan: Plan) throws {
        let arena: Arena
        do { arena = try state.arenas.take(plan.arenaByteCount) } catch {
            let node = program.steps.isEmpty ? "the graph" : program.steps[plan.peak.step].label
            throw error.at("the plan needs \(plan.arenaByteCount) bytes, most of them (\(plan.peak.byteCount)) at \(node)")
        }
        defer { state.arenas.give(arena) }
        let activation = try arena.activation(plan, program)
        extent = nil
        for bound in activation.steps {
            defer {
                bound.context.reset()
                for input in bound.planned.patches { bound.context.rebind(input, nil) }
                activation.host.end()
                arena.scratch.endStep(limit: state.scratchLimit)
            }
            do {
                try state.check()
                try perform(bound, activation, arena)
            } catch let error as ONNXError {
                throw located(error, program.steps[bound.planned.index]) { bound.context.value($0)?.summary }
            }
            for id in bound.planned.dying { values[id] = nil }
        }
        for (id, tensor) in plan.knownAfterwards { values[id] = .tensor(tensor) }
        if let open = plan.open { try performOpen(open, activation, arena) }
    }

    private func perform(_ bound: BoundStep, _ activation: Activation, _ arena: Arena) throws {
        let (planned, context) = (bound.planned, bound.context)
        for input in planned.patches {
            guard let id = program.steps[planned.index].inputs[input], let value = values[id] else {
                throw ONNXError(.shape, "input \(input) was not produced")
            }
            context.rebind(input, value)
        }
        for input in planned.bounded {
            guard let id = program.steps[planned.index].inputs[input], let tensor = activation.fixed[id] else { continue }
            context.rebind(input, .tensor(try cut(id, tensor, activation.plan, arena)))
        }
        let targets = extent != nil && bound.hasBoundedOutputs ? try cutTargets(bound, activation.plan, arena) : bound.targets
        activation.host.begin(self, arena, targets: targets)
        let start = state.profile?.now
        try bound.operation.apply(context)
        if let start { state.profile?.note(program.steps[planned.index], context, since: start) }
        for (output, id) in bound.outputs.enumerated() where planned.wanted[output] {
            guard let id else { continue }
            guard let value = context.results[output] else { throw ONNXError(.unsupported, "output \(output) is not computed") }
            guard let target = targets[output] else {
                values[id] = try arena.detached(value)
                if extent == nil, let axis = activation.plan.bounded[id] { extent = value.tensor?.shape[axis] }
                continue
            }
            try settle(value, in: target)
        }
        if state.observer != nil { try observe(program.steps[planned.index], targets) }
    }

    /// The places of a step's outputs with the run-time extent, and their types in its context.
    private func cutTargets(_ bound: BoundStep, _ plan: Plan, _ arena: Arena) throws -> [MutableTensor?] {
        try bound.outputs.enumerated().map { output, id in
            guard let id else { return nil }
            if plan.bounded[id] != nil, case .tensor(let element, let shape?)? = bound.planned.outputTypes[output] {
                bound.context.retype(output, .tensor(element, cut(id, shape, plan)))
            }
            guard case .arena(let offset, let type, let shape)? = plan.places[id] else { return nil }
            return try MutableTensor(type, cut(id, shape.map(Dimension.known), plan).compactMap(\.size), arena.memory, byteOffset: offset)
        }
    }

    /// Hands what a step of the main graph has made to the run's observer: copies of what lies in the arena, where it is soon overwritten.
    private func observe(_ step: Program.Step, _ targets: [MutableTensor?] = []) throws {
        guard let observer = state.observer, !program.isBody else { return }
        for (output, id) in step.outputs.enumerated() {
            guard let id, program.isRead[id] else { continue }
            if targets.indices.contains(output), let target = targets[output] {
                observer.note(program.names[id], step.label, .tensor(try target.tensor.copied()))
            } else if let value = values[id] {
                observer.note(program.names[id], step.label, value)
            }
        }
    }

    /// A shape with the run-time extent in the place of the most that it can be.
    private func cut(_ id: Program.ID, _ shape: [Dimension], _ plan: Plan) -> [Dimension] {
        guard let axis = plan.bounded[id], let extent else { return shape }
        var shape = shape
        shape[axis] = .known(extent)
        return shape
    }

    private func cut(_ id: Program.ID, _ tensor: Tensor, _ plan: Plan, _ arena: Arena) throws -> Tensor {
        guard case .arena(let offset, let type, let shape)? = plan.places[id] else { return tensor }
        return try Tensor(type, cut(id, shape.map(Dimension.known), plan).compactMap(\.size), arena.memory, byteOffset: offset)
    }

    /// Copies a result into its planned place, unless it was written there.
    private func settle(_ value: Value, in target: MutableTensor) throws {
        guard let tensor = value.tensor, tensor.elementType == target.elementType, tensor.shape == target.shape,
            case .bytes(let storage, let offset) = tensor.contents
        else { throw ONNXError(.shape, "the result is \(value.summary), \(target.tensor) planned") }
        if storage === target.storage && offset == target.byteOffset { return }
        let source = try tensor.bytes()
        target.rawBytes().copy(source, from: 0, count: source.count, to: 0)
    }

    /// Runs the step that ends a stretch: its shapes depend on data.
    private func performOpen(_ index: Int, _ activation: Activation, _ arena: Arena) throws {
        let step = program.steps[index]
        let borrowed = (step.inputs.compactMap { $0 } + step.captured).filter { values[$0] == nil && activation.fixed[$0] != nil }
        for id in borrowed { values[id] = try activation.fixed[id].map { .tensor(try cut(id, $0, activation.plan, arena)) } }
        try interpret(index..<index + 1)
        for id in step.outputs.compactMap({ $0 }) {
            if let value = values[id] { values[id] = try arena.detached(value) }
        }
        for id in borrowed where activation.fixed[id].map(arena.holds) ?? false { values[id] = nil }
    }

    // MARK: as it stands

    private func interpret(_ range: Range<Int>) throws {
        for index in range {
            step = index
            let step = program.steps[index]
            do {
                try state.check()
                try execute(step)
            } catch let error as ONNXError {
                throw located(error, step) { step.inputs[$0].flatMap { values[$0]?.summary } }
            }
            for id in step.dying where !kept.contains(id) { values[id] = nil }
        }
    }

    private func located(_ error: ONNXError, _ step: Program.Step, _ summary: (Int) -> String?) -> ONNXError {
        let inputs = step.inputs.indices.map { step.inputs[$0] == nil ? "none" : summary($0) ?? "?" }
        return error.at("inputs: " + inputs.joined(separator: ", ")).at(step.label)
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
        let start = state.profile?.now
        try step.operation.apply(context)
        if let start { state.profile?.note(step, context, since: start) }
        for (index, id) in step.outputs.enumerated() where wanted[index] {
            guard let id else { continue }
            guard let value = context.results[index] else { throw ONNXError(.unsupported, "output \(index) is not computed") }
            values[id] = value
        }
        try observe(step)
    }

    func allocate(output: Int, _ type: ElementType, _ shape: [Int]) throws -> MutableTensor {
        let bytes = try Shape.byteCount(try Shape.count(shape), type)
        return try MutableTensor(type, shape, try state.budget.storage(byteCount: bytes), byteOffset: 0)
    }

    func scratch(byteCount: Int) throws -> Storage { try state.budget.storage(byteCount: byteCount) }

    func parallel(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) throws -> Void) throws {
        try state.pool.parallel(count, grain: grain, body)
    }

    func runBody(_ name: String, _ inputs: [Value]) throws -> [Value] {
        try state.check()
        guard let body = program.steps[step].bodies[name] else { throw ONNXError(.malformed, "there is no subgraph '\(name)'") }
        guard inputs.count == body.inputs.count else {
            throw ONNXError(.malformed, "subgraph '\(name)' has \(body.inputs.count) inputs, \(inputs.count) were given")
        }
        let executor = Executor(body, state: state)
        for (input, value) in zip(body.inputs, inputs) { executor.set(input.id, value) }
        for capture in body.captures {
            guard let value = values[capture.outer] else { throw ONNXError(.shape, "'\(program.names[capture.outer])' was not produced") }
            executor.set(capture.inner, value)
        }
        do {
            try executor.run()
            return try executor.outputs()
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
