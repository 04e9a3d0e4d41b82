/// Threads that share the work of one call at a time, and threads that carry whole runs off Swift's own pool.
package final class ThreadPool: Sendable {
    /// Threads that `parallel` uses, the caller's among them.
    package let threads: Int

    private let crew: Crew
    private let workers: [Thread]
    private let queue = JobQueue()
    private let carriers = Locked<[Thread]>([])

    /// A pool of `threads`, or as many as the process may keep busy. Fewer where the system gives fewer.
    package init(threads: Int? = nil) {
        let wanted = max(1, threads ?? availableProcessors())
        let crew = Crew(threads: wanted)
        self.crew = crew
        workers = (1..<wanted).compactMap { lane in Thread { crew.serve(lane) } }
        self.threads = workers.count + 1
    }

    deinit {
        crew.stop()
        queue.stop()
        for worker in workers { worker.join() }
        for carrier in carriers.withLock({ $0 }) { carrier.join() }
    }

    /// Calls `body` with ranges that together are 0..<count, each (but the last) a multiple of `grain`, and throws the error of the lowest range that failed.
    ///
    /// Ranges depend on the number of threads: a body must give the same bits however its range was cut. Where the pool is at work already, for another
    /// task or for the caller's own caller, everything runs on the calling thread.
    package func parallel<E: Error>(_ count: Int, grain: Int = 1, _ body: @Sendable (Range<Int>) throws(E) -> Void) throws(E) {
        guard count > 0 else { return }
        let grain = max(1, grain)
        guard threads > 1, count > grain else { return try body(0..<count) }

        let failure = FirstFailure<E>()
        let guarded = { (range: Range<Int>) in
            guard failure.concerns(range.lowerBound) else { return }
            do throws(E) { try body(range) } catch { failure.note(error, at: range.lowerBound) }
        }
        guard crew.run(guarded, count: count, chunk: chunk(count, grain)) else { return try body(0..<count) }
        if let error = failure.error { throw error }
    }

    /// Four chunks a thread: enough that one thread which starts late doesn't hold up the others.
    private func chunk(_ count: Int, _ grain: Int) -> Int {
        let grains = (count - 1) / grain + 1
        let chunks = min(grains, 4 * threads)
        let (chunk, overflow) = ((grains - 1) / chunks + 1).multipliedReportingOverflow(by: grain)
        return overflow ? count : chunk
    }

    /// Runs `job` on a thread of the pool's own that may block, after those before it. There are `threads` of these; where the system gives none, it runs here.
    package func submit(_ job: @escaping @Sendable () -> Void) {
        let queue = self.queue
        let isCarried = carriers.withLock { carriers in
            if carriers.count < threads, let carrier = Thread({ queue.serve() }) { carriers.append(carrier) }
            return !carriers.isEmpty
        }
        if isCarried { queue.add(job) } else { job() }
    }

    private struct Weak {
        weak var pool: ThreadPool?
    }

    private static let pools = Locked<[Int: Weak]>([:])

    /// The pool of so many threads that whoever asks for the same number gets too, as long as somebody holds it.
    package static func shared(threads: Int? = nil) -> ThreadPool {
        let wanted = max(1, threads ?? availableProcessors())
        return pools.withLock { pools in
            if let pool = pools[wanted]?.pool { return pool }
            let pool = ThreadPool(threads: wanted)
            pools[wanted] = Weak(pool: pool)
            return pool
        }
    }
}
