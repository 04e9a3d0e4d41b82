internal import Synchronization

/// What a pool's workers share: one piece of work at a time, cut into chunks that are claimed one by one.
///
/// Who has claimed a chunk may read the work: its owner waits until `unfinished` is 0 before it writes the next. So a worker that comes late can do no harm.
final class Crew: @unchecked Sendable {
    struct Work {
        let count: Int
        let chunk: Int
        let body: (Range<Int>) -> Void
    }

    private let owned = Atomic<Bool>(false)
    private let unclaimed = Atomic<Int>(0)
    private let unfinished = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)
    private let sleepers = Atomic<Int>(0)
    private let ownerSleeps = Atomic<Bool>(false)
    private let work = Monitor()
    private let finished = Monitor()
    private var current: Work?

    /// A step of a plan follows the last within this time; sleeping and waking costs about as much.
    private static let patience = 40

    /// False where somebody else's work is under way: nothing was done.
    func run(_ body: (Range<Int>) -> Void, count: Int, chunk: Int) -> Bool {
        guard owned.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return false }
        withoutActuallyEscaping(body) { body in
            let chunks = (count - 1) / chunk + 1
            current = Work(count: count, chunk: chunk, body: body)
            unfinished.store(chunks, ordering: .relaxed)
            unclaimed.store(chunks, ordering: .sequentiallyConsistent)
            if sleepers.load(ordering: .sequentiallyConsistent) > 0 { work.wake() }
            while claim() {}
            waitForOthers()
            current = nil
        }
        owned.store(false, ordering: .releasing)
        return true
    }

    private func waitForOthers() {
        let done = { self.unfinished.load(ordering: .sequentiallyConsistent) == 0 }
        if spin(microseconds: Self.patience, until: done) { return }
        ownerSleeps.store(true, ordering: .sequentiallyConsistent)
        finished.wait(until: done)
        ownerSleeps.store(false, ordering: .relaxed)
    }

    /// Does one chunk, if one is left.
    private func claim() -> Bool {
        var left = unclaimed.load(ordering: .relaxed)
        while left > 0 {
            let (exchanged, original) = unclaimed.weakCompareExchange(expected: left, desired: left - 1, ordering: .acquiringAndReleasing)
            guard exchanged else {
                left = original
                continue
            }
            perform(left - 1)
            if unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue == 0, ownerSleeps.load(ordering: .sequentiallyConsistent) { finished.wake() }
            return true
        }
        return false
    }

    /// Not inlined, so that nothing holds on to the owner's closure once the chunk counts as finished.
    @inline(never)
    private func perform(_ index: Int) {
        guard let work = current else { return }
        let start = index * work.chunk
        work.body(start..<(work.count - start > work.chunk ? start + work.chunk : work.count))
    }

    /// A worker's life.
    func serve() {
        let called = { self.unclaimed.load(ordering: .sequentiallyConsistent) > 0 || self.stopped.load(ordering: .sequentiallyConsistent) }
        while !stopped.load(ordering: .acquiring) {
            if claim() || spin(microseconds: Self.patience, until: called) { continue }
            sleepers.add(1, ordering: .sequentiallyConsistent)
            work.wait(until: called)
            sleepers.subtract(1, ordering: .sequentiallyConsistent)
        }
    }

    func stop() {
        stopped.store(true, ordering: .sequentiallyConsistent)
        work.wake()
    }
}
