internal import Parallelism
internal import Tensors

/// The plans of one program, for the shapes that were met last.
final class PlanCache: Sendable {
    /// What a plan was made for: the first step, and the types and some values of what the stretch is given.
    struct Key: Hashable {
        var numbers: [Int]
        var texts: [String] = []
    }

    private struct State {
        var plans: [Key: (plan: Plan, used: Int)] = [:]
        var seen: Set<Key> = []
        /// Values that shapes depend on, by the step that a stretch begins with.
        var sources: [Int: Set<Program.ID>] = [:]
        var clock = 0
    }

    private static let capacity = 32
    private let state = Locked(State())

    func sources(from start: Int) -> Set<Program.ID> { state.withLock { $0.sources[start] ?? [] } }

    func addSources(_ ids: Set<Program.ID>, from start: Int) { state.withLock { $0.sources[start, default: []].formUnion(ids) } }

    subscript(key: Key) -> Plan? {
        state.withLock { state in
            state.clock += 1
            guard let plan = state.plans[key]?.plan else { return nil }
            state.plans[key]?.used = state.clock
            return plan
        }
    }

    func insert(_ plan: Plan, for key: Key) {
        state.withLock { state in
            if state.plans.count >= Self.capacity, let oldest = state.plans.min(by: { $0.value.used < $1.value.used })?.key { state.plans[oldest] = nil }
            state.plans[key] = (plan, state.clock)
        }
    }

    /// Whether the key was asked for before. Remembers it.
    func isKnown(_ key: Key) -> Bool {
        state.withLock { state in
            if state.seen.count >= 16 * Self.capacity { state.seen.removeAll() }
            return !state.seen.insert(key).inserted
        }
    }

    func removeAll() { state.withLock { $0.plans.removeAll() } }
}

extension PlanCache.Key {
    /// The key of a stretch from step `start` on, given `values`.
    init(program: Program, start: Int, values: [Value?], sources: Set<Program.ID>) {
        numbers = [start]
        for (id, value) in values.enumerated() where program.lastRead[id] >= start {
            guard let value, program.constants[id] == nil else { continue }
            numbers.append(id)
            guard case .tensor(let tensor) = value else {
                numbers.append(-1)
                texts.append(value.type.description)
                continue
            }
            numbers.append(Int(tensor.elementType.rawValue))
            numbers.append(tensor.rank)
            numbers.append(contentsOf: tensor.shape)
            if sources.contains(id), PlanBuilder.isSource(tensor), let bytes = try? tensor.bytes() { numbers.append(contentsOf: bytes.map { Int($0) }) }
        }
    }
}
