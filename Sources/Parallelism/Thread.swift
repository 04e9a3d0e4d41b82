internal import Glibc

/// A POSIX thread that runs one function.
struct Thread: @unchecked Sendable {
    private let id: pthread_t

    private final class Start {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Nil where the system gives no thread.
    init?(_ body: @escaping @Sendable () -> Void) {
        let start = unsafe Unmanaged.passRetained(Start(body))
        var id = pthread_t()
        let status = unsafe pthread_create(
            &id, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, start.toOpaque())
        guard status == 0 else {
            unsafe start.release()
            return nil
        }
        self.id = id
    }

    /// Waits for its end; called on the thread itself, lets it end by itself.
    func join() {
        if pthread_equal(id, pthread_self()) != 0 {
            pthread_detach(id)
        } else {
            pthread_join(id, nil)
        }
    }
}

/// Looks for `condition` for at most `microseconds`.
func spin(microseconds: Int, until condition: () -> Bool) -> Bool {
    var start: Int?
    while true {
        for _ in 0..<64 where condition() { return true }
        let now = monotonicMicroseconds()
        guard let first = start else {
            start = now
            continue
        }
        if now - first >= microseconds { return false }
    }
}

private func monotonicMicroseconds() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
}
