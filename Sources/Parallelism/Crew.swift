internal import Synchronization

/// What a pool's threads share: one piece of work at a time, cut into chunks that are claimed one by one.
///
/// Each thread has a lane of chunks that follow each other, so that what it asks for ahead is what it does next; who has done its own goes on in others'.
/// Who has claimed a chunk may read the work: its owner waits until `unfinished` is 0 before it writes the next. So a worker that comes late can do no harm.
final class Crew: @unchecked Sendable {
    struct Work {
        let count: Int
        let chunk: Int
        let chunks: Int
        let body: (Range<Int>) -> Void
    }

    private final class Lane: Sendable {
        let unclaimed = Atomic<Int>(0)
    }

    private let lanes: [Lane]
    private let owned = Atomic<Bool>(false)
    private let unfinished = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)
    private let sleepers = Atomic<Int>(0)
    private let ownerSleeps = Atomic<Bool>(false)
    private let work = Monitor()
    private let finished = Monitor()
    private var current: Work?

    /// A step of a plan follows the last within this time; sleeping and waking costs about as much.
    private static let patience = 40

    /// A crew of the calling thread, whose lane is the first, and workers, which serve the others.
    init(threads: Int) { lanes = (0..<threads).map { _ in Lane() } }

    /// False where somebody else's work is under way: nothing was done.
    func run(_ body: (Range<Int>) -> Void, count: Int, chunk: Int) -> Bool {
        guard owned.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return false }
        withoutActuallyEscaping(body) { body in
            let chunks = (count - 1) / chunk + 1
            current = Work(count: count, chunk: chunk, chunks: chunks, body: body)
            unfinished.store(chunks, ordering: .relaxed)
            for (index, lane) in lanes.enumerated() { lane.unclaimed.store(end(index, chunks) - end(index - 1, chunks), ordering: .sequentiallyConsistent) }
            if sleepers.load(ordering: .sequentiallyConsistent) > 0 { work.wake() }
            while claim(0) {}
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

    /// The end of a lane among so many chunks.
    private func end(_ lane: Int, _ chunks: Int) -> Int { chunks / lanes.count * (lane + 1) + min(chunks % lanes.count, lane + 1) }

    private var isUnclaimed: Bool { lanes.contains { $0.unclaimed.load(ordering: .sequentiallyConsistent) > 0 } }

    /// Does one chunk of the lane, or of one after it, if one is left.
    private func claim(_ first: Int) -> Bool {
        for lane in lanes.indices.lazy.map({ ($0 + first) % self.lanes.count }) {
            guard let left = take(lanes[lane].unclaimed) else { continue }
            perform(lane, left)
            if unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue == 0, ownerSleeps.load(ordering: .sequentiallyConsistent) { finished.wake() }
            return true
        }
        return false
    }

    /// Takes one, if one is left, and says how many were.
    private func take(_ unclaimed: borrowing Atomic<Int>) -> Int? {
        var left = unclaimed.load(ordering: .relaxed)
        while left > 0 {
            let (exchanged, original) = unclaimed.weakCompareExchange(expected: left, desired: left - 1, ordering: .acquiringAndReleasing)
            if exchanged { return left }
            left = original
        }
        return nil
    }

    /// Not inlined, so that nothing holds on to the owner's closure once the chunk counts as finished.
    @inline(never)
    private func perform(_ lane: Int, _ left: Int) {
        guard let work = current else { return }
        let start = (end(lane, work.chunks) - left) * work.chunk
        work.body(start..<(work.count - start > work.chunk ? start + work.chunk : work.count))
    }

    /// The life of a lane's worker.
    func serve(_ lane: Int) {
        let called = { self.isUnclaimed || self.stopped.load(ordering: .sequentiallyConsistent) }
        while !stopped.load(ordering: .acquiring) {
            if claim(lane) || spin(microseconds: Self.patience, until: called) { continue }
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
