internal import Synchronization

/// The error of the lowest range that failed. Ranges above one that failed need not run.
final class FirstFailure<E: Error>: Sendable {
    private let first = Locked<(start: Int, error: E)?>(nil)
    private let start = Atomic<Int>(.max)

    var error: E? { first.withLock { $0?.error } }

    func concerns(_ start: Int) -> Bool { start < self.start.load(ordering: .relaxed) }

    func note(_ error: E, at start: Int) {
        first.withLock { first in
            if let first, first.start < start { return }
            first = (start, error)
            self.start.store(start, ordering: .relaxed)
        }
    }
}
