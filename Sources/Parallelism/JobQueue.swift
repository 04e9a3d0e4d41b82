/// Jobs in the order they came, for threads that may block.
final class JobQueue: @unchecked Sendable {
    typealias Job = @Sendable () -> Void

    private let monitor = Monitor()
    private var waiting: [Job] = []
    private var next = 0
    private var stopped = false

    func add(_ job: @escaping Job) {
        monitor.lock()
        waiting.append(job)
        monitor.unlock()
        monitor.wake()
    }

    /// A thread's life: ends when the queue is stopped and empty.
    func serve() {
        while let job = take() { job() }
    }

    private func take() -> Job? {
        var job: Job?
        monitor.wait {
            if next < waiting.count {
                job = waiting[next]
                next += 1
                if next == waiting.count {
                    waiting.removeAll(keepingCapacity: true)
                    next = 0
                }
                return true
            }
            return stopped
        }
        return job
    }

    func stop() {
        monitor.lock()
        stopped = true
        monitor.unlock()
        monitor.wake()
    }
}
