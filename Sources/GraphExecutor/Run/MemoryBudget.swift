internal import Bytes
internal import Parallelism
internal import Tensors

/// The bytes that the runs in flight of a session may hold together.
final class MemoryBudget: Sendable {
    let limit: Int
    private let used = Locked(0)

    init(limit: Int) { self.limit = limit }

    func reserve(_ bytes: Int) throws(ONNXError) {
        let held = used.withLock { used -> Int? in
            guard bytes <= limit - used else { return used }
            used += bytes
            return nil
        }
        if let held {
            throw ONNXError(
                .limit, "\(bytes) bytes are needed beside the \(held) in use; the memory budget is \(limit)", remedy: "raise maxMemory (--max-memory)")
        }
    }

    func release(_ bytes: Int) { used.withLock { $0 -= bytes } }
}

/// The part of the budget that one run holds. What outlives the run, its outputs, is the caller's and counts no more.
final class RunBudget: Sendable {
    private struct State {
        var held = 0
        var isOpen = true
    }
    private let budget: MemoryBudget
    private let state = Locked(State())

    init(_ budget: MemoryBudget) { self.budget = budget }

    deinit { close() }

    /// Uninitialised memory that counts until it is let go of.
    func storage(byteCount: Int) throws(ONNXError) -> Storage {
        try budget.reserve(byteCount)
        state.withLock { $0.held += byteCount }
        do {
            let lease = Lease(memory: try Storage(byteCount: byteCount), byteCount: byteCount, budget: self)
            return unsafe Storage(borrowing: lease.memory.base, byteCount: byteCount, owner: lease)
        } catch {
            release(byteCount)
            throw error
        }
    }

    private func release(_ bytes: Int) {
        let counted = state.withLock { state in
            if state.isOpen { state.held -= bytes }
            return state.isOpen
        }
        if counted { budget.release(bytes) }
    }

    func close() {
        let rest = state.withLock { state in
            defer { state = State(held: 0, isOpen: false) }
            return state.held
        }
        budget.release(rest)
    }

    private final class Lease {
        let memory: Storage
        let byteCount: Int
        let budget: RunBudget

        init(memory: Storage, byteCount: Int, budget: RunBudget) {
            self.memory = memory
            self.byteCount = byteCount
            self.budget = budget
        }

        deinit { budget.release(byteCount) }
    }
}
