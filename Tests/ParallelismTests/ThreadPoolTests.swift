import Glibc
import Parallelism
import Synchronization
import Testing

private final class Counts: Sendable {
    let values: Locked<[Int]>
    init(_ count: Int) { values = Locked(Array(repeating: 0, count: count)) }
    func add(_ range: Range<Int>) { values.withLock { for i in range { $0[i] += 1 } } }
    var all: [Int] { values.withLock { $0 } }
}

private struct Failed: Error, Equatable { let at: Int }

@Suite struct ThreadPoolTests {
    @Test(arguments: [1, 2, 3, 7], [(1, 1), (2, 1), (5, 3), (100, 1), (100, 8), (1000, 7), (3, 100)])
    func everyIndexRunsOnceInMultiplesOfTheGrain(threads: Int, work: (count: Int, grain: Int)) {
        let pool = ThreadPool(threads: threads)
        for _ in 0..<50 {
            let counts = Counts(work.count)
            let ragged = Atomic<Int>(0)
            pool.parallel(work.count, grain: work.grain) { range in
                counts.add(range)
                if range.lowerBound % work.grain != 0 || (range.count % work.grain != 0 && range.upperBound != work.count) { ragged.add(1, ordering: .relaxed) }
            }
            #expect(counts.all == Array(repeating: 1, count: work.count))
            let raggedRanges = ragged.load(ordering: .relaxed)
            #expect(raggedRanges == 0)
        }
    }

    /// What a kernel asks for ahead is what its thread does next.
    @Test(arguments: [1, 2, 3]) func aThreadWalksUp(threads: Int) {
        let pool = ThreadPool(threads: threads)
        let caller = pthread_self()
        for _ in 0..<50 {
            let starts = Locked<[Int]>([])
            pool.parallel(64) { range in
                if pthread_equal(pthread_self(), caller) != 0 { starts.withLock { $0.append(range.lowerBound) } }
            }
            let found = starts.withLock { $0 }
            #expect(found == found.sorted())
        }
    }

    @Test func nothingRunsForNoCount() {
        ThreadPool(threads: 2).parallel(0) { _ in Issue.record("a range of nothing") }
    }

    @Test func grainsNearTheLargestNumberDoNotOverflow() {
        let calls = Atomic<Int>(0)
        ThreadPool(threads: 2).parallel(Int.max, grain: Int.max - 1) { _ in calls.add(1, ordering: .relaxed) }
        let count = calls.load(ordering: .relaxed)
        #expect(count >= 1)
    }

    @Test(arguments: [1, 2, 4]) func theFirstErrorIsThrownAndThePoolGoesOn(threads: Int) {
        let pool = ThreadPool(threads: threads)
        for _ in 0..<100 {
            #expect(throws: Failed(at: 0)) {
                try pool.parallel(64) { (range: Range<Int>) throws(Failed) in throw Failed(at: range.lowerBound) }
            }
            let counts = Counts(64)
            pool.parallel(64) { counts.add($0) }
            #expect(counts.all == Array(repeating: 1, count: 64))
        }
    }

    @Test func severalThreadsTakePart() {
        let pool = ThreadPool(threads: 2)
        let inside = Atomic<Int>(0)
        let met = Atomic<Bool>(false)
        pool.parallel(2) { _ in
            inside.add(1, ordering: .sequentiallyConsistent)
            let deadline = ContinuousClock.now + .seconds(10)
            while ContinuousClock.now < deadline, !met.load(ordering: .relaxed) {
                if inside.load(ordering: .sequentiallyConsistent) == 2 { met.store(true, ordering: .relaxed) }
            }
        }
        let bothWereInside = met.load(ordering: .relaxed)
        #expect(bothWereInside)
    }

    @Test func sleepersWakeForLaterWork() async throws {
        let pool = ThreadPool(threads: 3)
        for pause in [0, 1, 20, 200, 2000] {
            for _ in 0..<20 {
                let counts = Counts(30)
                pool.parallel(30) { counts.add($0) }
                #expect(counts.all == Array(repeating: 1, count: 30))
                try await Task.sleep(for: .microseconds(pause))
            }
        }
    }

    @Test func nestedCallsRunInline() {
        let pool = ThreadPool(threads: 3)
        let total = Atomic<Int>(0)
        pool.parallel(8) { outer in
            for _ in outer { pool.parallel(10) { inner in total.add(inner.count, ordering: .relaxed) } }
        }
        let sum = total.load(ordering: .relaxed)
        #expect(sum == 80)
    }

    @Test func manyTasksShareOnePool() async {
        let pool = ThreadPool(threads: 3)
        await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    var sum = 0
                    for _ in 0..<200 {
                        let partial = Atomic<Int>(0)
                        pool.parallel(100 + task, grain: 3) { range in partial.add(range.reduce(0, +), ordering: .relaxed) }
                        sum += partial.load(ordering: .relaxed)
                    }
                    return sum - 200 * (100 + task) * (99 + task) / 2
                }
            }
            for await difference in group { #expect(difference == 0) }
        }
    }

    @Test func submittedJobsAllRunAndMayUseThePool() async {
        let pool = ThreadPool(threads: 2)
        let results = await withTaskGroup(of: Int.self) { group in
            for job in 0..<50 {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        pool.submit {
                            let sum = Atomic<Int>(0)
                            pool.parallel(100) { range in sum.add(range.count, ordering: .relaxed) }
                            continuation.resume(returning: sum.load(ordering: .relaxed) + job)
                        }
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.sorted() == (100..<150).map { $0 })
    }

    @Test func aPoolMayGoOnItsOwnThread() async {
        for _ in 0..<20 {
            await withCheckedContinuation { continuation in
                let pool = ThreadPool(threads: 2)
                pool.submit { [pool] in
                    pool.parallel(4) { _ in }
                    continuation.resume()
                }
            }
        }
    }

    @Test func onePoolForOneNumberOfThreads() {
        let pool = ThreadPool.shared(threads: 3)
        #expect(pool === ThreadPool.shared(threads: 3))
        #expect(pool !== ThreadPool.shared(threads: 4))
        #expect(pool.threads == 3)
    }
}

@Suite struct ProcessorCountTests {
    @Test(arguments: [("150000 100000\n", 2), ("100000 100000", 1), ("50000 100000", 1), ("max 100000", nil), ("", nil), ("x y", nil), ("100000 0", nil)])
    func quotasOfVersionTwo(text: String, processors expected: Int?) {
        #expect(processors(cpuMax: text) == expected)
    }

    @Test(arguments: [("-1\n", "100000\n", nil), ("250000\n", "100000\n", 3), ("", "", nil)])
    func quotasOfVersionOne(quota: String, period: String, processors expected: Int?) {
        #expect(processors(quota: quota, period: period) == expected)
    }

    @Test(arguments: [
        ("Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n", 2), ("Cpus_allowed:\tff,0000000f\n", 12), ("Cpus_allowed:\t0\n", nil), ("", nil),
    ])
    func affinityMasks(status: String, processors expected: Int?) {
        #expect(processors(status: status) == expected)
    }

    @Test func groups() {
        let paths = cgroupPaths("9:name=systemd:/\n4:cpu,cpuacct:/a/b\n2:cpuset:/\n0::/c\nbroken\n")
        #expect(paths.map(\.path) == ["/a/b", "/c"])
        #expect(paths.map(\.isUnified) == [false, true])
        #expect(ancestors(of: "/a/b") == ["/a/b", "/a", ""])
    }

    @Test func thisProcessHasAProcessor() {
        #expect(availableProcessors() >= 1)
    }
}
