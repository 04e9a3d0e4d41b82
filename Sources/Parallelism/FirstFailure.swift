internal import Synchronization

/// The error of the lowest range that failed. Ranges above one that failed need not run.
///
/// Every parallel loop makes one and hardly any fails: so it is one small object, locked by spinning.
final class FirstFailure<E: Error>: @unchecked Sendable {
    private let isLocked = Atomic(false)
    private let start = Atomic<Int>(.max)
    private var first: E?

    /// To be read when every range has ended.
    var error: E? { start.load(ordering: .acquiring) == .max ? nil : first }

    func concerns(_ start: Int) -> Bool { start < self.start.load(ordering: .relaxed) }

    func note(_ error: E, at start: Int) {
        while isLocked.exchange(true, ordering: .acquiring) {}
        defer { isLocked.store(false, ordering: .releasing) }
        guard concerns(start) else { return }
        first = error
        self.start.store(start, ordering: .releasing)
    }
}
