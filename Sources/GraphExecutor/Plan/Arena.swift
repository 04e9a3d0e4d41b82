internal import Bytes
internal import OpLibrary
internal import Parallelism
internal import Tensors

/// Memory that one stretch of a plan runs in, and what was bound to it before.
///
/// One run at a time holds an arena, so that nothing here is locked but what parallel parts of a step share.
final class Arena: @unchecked Sendable {
    let memory: Storage
    let scratch: ScratchStack
    private let release: @Sendable () -> Void
    private var activations: [ObjectIdentifier: Activation] = [:]

    private static let boundPlans = 16

    init(byteCount: Int, release: @escaping @Sendable () -> Void) throws(ONNXError) {
        memory = try Storage(byteCount: byteCount)
        scratch = ScratchStack()
        self.release = release
    }

    deinit { release() }

    /// `plan`'s steps with their values in this arena.
    func activation(_ plan: Plan, _ program: Program) throws(ONNXError) -> Activation {
        if let activation = activations[ObjectIdentifier(plan)] { return activation }
        if activations.count >= Self.boundPlans { activations.removeAll() }
        let activation = try Activation(plan, program, memory)
        activations[ObjectIdentifier(plan)] = activation
        return activation
    }

    /// Whether the tensor's bytes are the arena's, and so will be written again.
    func holds(_ tensor: Tensor) -> Bool {
        guard case .bytes(let storage, _) = tensor.contents else { return false }
        return storage === memory || scratch.holds(storage)
    }

    /// The same value, none of it in the arena.
    func detached(_ value: Value) throws(ONNXError) -> Value {
        switch value {
        case .tensor(let tensor): return holds(tensor) ? .tensor(try tensor.copied()) : value
        case .sequence(let values, let type):
            var copies: [Value] = []
            for value in values { copies.append(try detached(value)) }
            return .sequence(copies, of: type)
        case .optional(let inner?, let type): return .optional(try detached(inner), of: type)
        case .optional(nil, _), .map: return value
        }
    }
}

/// A plan's steps, bound to one arena.
final class Activation {
    let plan: Plan
    /// Values that are the same whenever the plan runs in this arena.
    let fixed: [Program.ID: Tensor]
    let steps: [BoundStep]
    let host: PlannedHost

    init(_ plan: Plan, _ program: Program, _ memory: Storage) throws(ONNXError) {
        self.plan = plan
        var fixed: [Program.ID: Tensor] = [:]
        for (id, place) in plan.places {
            switch place {
            case .known(let tensor): fixed[id] = tensor
            case .arena(let offset, let type, let shape): fixed[id] = try Tensor(type, shape, memory, byteOffset: offset)
            case .own: break
            }
        }
        self.fixed = fixed
        let host = PlannedHost()
        self.host = host
        var steps: [BoundStep] = []
        for planned in plan.steps { steps.append(try BoundStep(planned, plan, program.steps[planned.index], fixed, memory, host)) }
        self.steps = steps
    }
}

/// A step of a plan with all that is the same in each of its runs, so that a run looks nothing up.
final class BoundStep {
    let planned: Plan.Step
    let operation: any Operator
    let outputs: [Program.ID?]
    let context: RunContext
    /// The places of its outputs in the arena.
    let targets: [MutableTensor?]
    /// Whether an output has the run-time extent.
    let hasBoundedOutputs: Bool

    init(
        _ planned: Plan.Step, _ plan: Plan, _ step: Program.Step, _ fixed: [Program.ID: Tensor], _ memory: Storage, _ host: PlannedHost
    ) throws(ONNXError) {
        self.planned = planned
        operation = step.operation
        outputs = step.outputs
        context = RunContext(
            inputs: step.inputs.map { $0.flatMap { fixed[$0] }.map(Value.tensor) }, outputTypes: planned.outputTypes, wanted: planned.wanted, host: host)
        var targets: [MutableTensor?] = []
        for id in step.outputs {
            guard let id, case .arena(let offset, let type, let shape)? = plan.places[id] else {
                targets.append(nil)
                continue
            }
            targets.append(try MutableTensor(type, shape, memory, byteOffset: offset))
        }
        self.targets = targets
        hasBoundedOutputs = step.outputs.contains { $0.map { plan.bounded[$0] != nil } ?? false }
    }
}

/// Memory that operators use while they run; the whole of it is free again at the next step.
final class ScratchStack: Sendable {
    private struct State {
        var block: Storage?
        var used = 0
        var wanted = 0
    }
    private let state = Locked(State())

    /// Bytes until the end of the step, from the block where it is large enough.
    func take(_ byteCount: Int, otherwise: (Int) throws -> Storage) throws -> Storage {
        let rounded = byteCount &+ 63 & ~63
        let part = state.withLock { state -> Storage? in
            guard rounded >= byteCount, byteCount >= 0, rounded <= Int.max - state.wanted else { return nil }
            state.wanted += rounded
            guard let block = state.block, rounded <= block.byteCount - state.used else { return nil }
            defer { state.used += rounded }
            return unsafe Storage(borrowing: block.address(state.used, count: byteCount), byteCount: byteCount, owner: block)
        }
        return try part ?? otherwise(byteCount)
    }

    /// Makes the block as large as the step that is over would have liked, up to `limit`, and free again.
    func endStep(limit: Int) {
        state.withLock { state in
            let size = state.block?.byteCount ?? 0
            if state.wanted > size, state.wanted <= limit { state.block = (try? Storage(byteCount: state.wanted)) ?? state.block }
            state.used = 0
            state.wanted = 0
        }
    }

    var byteCount: Int { state.withLock { $0.block?.byteCount ?? 0 } }

    func holds(_ storage: Storage) -> Bool {
        state.withLock { state in
            guard let block = state.block else { return false }
            return unsafe storage.base >= block.base && storage.base < block.base + block.byteCount
        }
    }
}
