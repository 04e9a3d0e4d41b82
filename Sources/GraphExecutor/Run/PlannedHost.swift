internal import Bytes
internal import OpLibrary
internal import Parallelism
internal import Tensors

/// What a planned step is lent: its places in the arena, and the run's own memory elsewhere.
final class PlannedHost: RunHost {
    /// Set for the time of one step.
    private var run: Executor?
    private var arena: Arena?
    /// The places of the step's outputs in the arena.
    private var targets: [MutableTensor?] = []

    func begin(_ run: Executor, _ arena: Arena, targets: [MutableTensor?]) {
        self.run = run
        self.arena = arena
        self.targets = targets
    }

    func end() {
        run = nil
        arena = nil
        targets = []
    }

    private func current() throws -> Executor {
        guard let run else { throw ONNXError(.usage, "the step is not running") }
        return run
    }

    func allocate(output: Int, _ type: ElementType, _ shape: [Int]) throws -> MutableTensor {
        if output < targets.count, let target = targets[output], target.elementType == type, target.shape == shape { return target }
        return try MutableTensor(type, shape, try current().state.budget.storage(byteCount: try Shape.byteCount(try Shape.count(shape), type)), byteOffset: 0)
    }

    func scratch(byteCount: Int) throws -> Storage {
        let run = try current()
        guard let arena else { return try run.state.budget.storage(byteCount: byteCount) }
        return try arena.scratch.take(byteCount) { try run.state.budget.storage(byteCount: $0) }
    }

    func parallel(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) throws -> Void) throws {
        try current().state.pool.parallel(count, grain: grain, body)
    }

    func runBody(_ name: String, _ inputs: [Value]) throws -> [Value] { throw ONNXError(.unsupported, "subgraph '\(name)' can't run in a planned step") }
    func checkDeadline() throws { try current().state.check() }
    func nextSeed() -> UInt64 { run?.state.nextSeed() ?? 0 }
}
