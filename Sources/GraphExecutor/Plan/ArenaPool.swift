internal import Bytes
internal import Parallelism
internal import Tensors

/// The arenas of a session that no run holds.
final class ArenaPool: Sendable {
    private struct State {
        var idle: [Arena] = []
        /// What the last runs needed, the newest last.
        var needs: [Int] = []
    }
    private let budget: MemoryBudget
    private let state = Locked(State())

    private static let idleLimit = 8
    private static let remembered = 16

    init(_ budget: MemoryBudget) { self.budget = budget }

    /// The smallest idle arena that holds `byteCount`, or a new one.
    func take(_ byteCount: Int) throws(ONNXError) -> Arena {
        let found = state.withLock { state -> Arena? in
            state.needs.append(byteCount)
            if state.needs.count > Self.remembered { state.needs.removeFirst() }
            let fitting = state.idle.indices.filter { state.idle[$0].memory.byteCount >= byteCount }
            if let best = fitting.min(by: { state.idle[$0].memory.byteCount < state.idle[$1].memory.byteCount }) { return state.idle.remove(at: best) }
            // One that is too small makes room for one that is not.
            if let largest = state.idle.indices.max(by: { state.idle[$0].memory.byteCount < state.idle[$1].memory.byteCount }) {
                state.idle.remove(at: largest)
            }
            return nil
        }
        if let found { return found }
        do { return try make(byteCount) } catch {
            trim()
            return try make(byteCount)
        }
    }

    private func make(_ byteCount: Int) throws(ONNXError) -> Arena {
        try budget.reserve(byteCount)
        do { return try Arena(byteCount: byteCount, release: { [budget] in budget.release(byteCount) }) } catch {
            budget.release(byteCount)
            throw error
        }
    }

    /// Keeps the arena for the next run, unless it is more than twice what the last runs needed.
    func give(_ arena: Arena) {
        state.withLock { state in
            let most = state.needs.max() ?? 0
            guard state.idle.count < Self.idleLimit, arena.memory.byteCount / 2 <= most else { return }
            state.idle.append(arena)
        }
    }

    /// Lets go of every idle arena.
    func trim() {
        let dropped = state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        withExtendedLifetime(dropped) {}
    }
}
