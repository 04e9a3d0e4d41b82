internal import Bytes
internal import Parallelism
internal import Synchronization

extension DistilBertTokenizer {
    /// What `body` makes of each of `count` units, in their order. Each thread takes one unit after the other, so that they end at about the same time,
    /// and has a sink for all of its units.
    func inTurns<Output: ~Copyable, Made: Sendable>(
        _ count: Int, on pool: ThreadPool, _ output: @Sendable () -> Output, _ body: @Sendable (Int, inout WordSink<Output>) throws(ONNXError) -> Made
    ) throws(ONNXError) -> [Made] {
        let next = Atomic(0)
        let parts = Locked([Made?](repeating: nil, count: count))
        let failure = Locked<(unit: Int, error: ONNXError)?>(nil)
        pool.parallel(min(count, pool.threads)) { _ in
            let cache = memory.takeCache()
            defer { memory.giveBack(cache) }
            var sink = WordSink(model, output(), cache: cache)
            while true {
                let unit = next.add(1, ordering: .relaxed).oldValue
                guard unit < count else { return }
                do throws(ONNXError) {
                    let made = try body(unit, &sink)
                    parts.withLock { $0[unit] = made }
                } catch {
                    // Of the units that fail the first counts, whatever the threads' turns; those after it need not be done.
                    next.store(count, ordering: .relaxed)
                    failure.withLock { if unit < $0?.unit ?? count { $0 = (unit, error) } }
                }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure.error }
        return parts.withLock { $0 }.compactMap(\.self)
    }
}

/// Texts put together to units of about 64 KB: what is made of one stays in the processor's second cache.
func units(_ sizes: [Int]) -> [Range<Int>] {
    var units: [Range<Int>] = []
    var (start, bytes) = (0, 0)
    for (index, size) in sizes.enumerated() {
        bytes += size
        if bytes >= unitBytes || index == sizes.count - 1 {
            units.append(start..<index + 1)
            (start, bytes) = (index + 1, 0)
        }
    }
    return units
}

let unitBytes = 1 << 16
