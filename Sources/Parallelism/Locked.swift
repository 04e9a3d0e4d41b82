/// A value behind a POSIX mutex. Used instead of Synchronization's Mutex, whose futex ThreadSanitizer doesn't see on Linux: it reports races that are none.
package final class Locked<Value>: @unchecked Sendable {
    private let monitor = Monitor()
    private var value: Value

    package init(_ value: sending Value) { self.value = value }

    package func withLock<R, E: Error>(_ body: (inout Value) throws(E) -> sending R) throws(E) -> sending R {
        monitor.lock()
        defer { monitor.unlock() }
        return try body(&value)
    }
}
