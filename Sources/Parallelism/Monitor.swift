internal import Glibc

/// A mutex with one condition, at a fixed address as POSIX wants it.
@safe final class Monitor: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    func lock() { unsafe pthread_mutex_lock(mutex) }
    func unlock() { unsafe pthread_mutex_unlock(mutex) }

    /// Waits under the lock until `done`; whatever changes its answer calls `wake`.
    func wait(until done: () -> Bool) {
        lock()
        defer { unlock() }
        while !done() { unsafe pthread_cond_wait(condition, mutex) }
    }

    func wake() {
        lock()
        defer { unlock() }
        unsafe pthread_cond_broadcast(condition)
    }
}
