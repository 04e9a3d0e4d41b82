internal import GraphExecutor

/// How fast steps of a run were, and how near to what the machine can do.
struct StepSpeed {
    let milliseconds: Double
    /// Of the whole run's time.
    let share: Double
    /// 10^9 operations a second; nil where none is a product.
    let gigaflops: Double?
    /// 10^9 bytes a second.
    let gigabytes: Double
    /// The time that the products would take at the limit of their precision, of the time that was taken.
    let computeShare: Double?
    /// The time that the bytes would take from memory, of the time that was taken; over 1 where they came from caches.
    let memoryShare: Double?

    /// `total` are the milliseconds of the whole run.
    init(_ steps: [Profile.Entry], total: Double, limits: MachineLimits?) {
        let work = steps.map(Work.init)
        let time = max(steps.reduce(0) { $0 + $1.duration.milliseconds }, .leastNormalMagnitude)
        let (operations, bytes) = (work.compactMap(\.operations), work.reduce(0) { $0 + $1.bytes })
        let leastTime = work.reduce(0) { sum, work in sum + (work.operations ?? 0) * 1e3 / (limits?.operations[work.precision] ?? .infinity) }
        milliseconds = time
        share = time / total
        gigaflops = operations.isEmpty ? nil : operations.reduce(0, +) / time / 1e6
        gigabytes = bytes / time / 1e6
        computeShare = limits == nil || operations.isEmpty ? nil : leastTime / time
        memoryShare = limits.map { bytes * 1e3 / $0.bytes / time }
    }

    /// The heads of the columns of `cells`.
    static func heads(withLimits: Bool) -> String {
        "        ms   share   GFLOP/s" + (withLimits ? "  of peak" : "") + "      GB/s" + (withLimits ? "  of peak" : "")
    }

    func cells(withLimits: Bool) -> String {
        func cell(_ value: Double?, _ width: Int, _ decimals: Int) -> String { (value?.text(decimals: decimals) ?? "-").aligned(to: width) }
        func percent(_ value: Double?, _ width: Int) -> String { (value.map { ($0 * 100).text(decimals: 1) + "%" } ?? "-").aligned(to: width) }
        return cell(milliseconds, 10, 3) + percent(share, 8) + cell(gigaflops, 10, 1) + (withLimits ? percent(computeShare, 9) : "")
            + cell(gigabytes, 10, 1) + (withLimits ? percent(memoryShare, 9) : "")
    }

    var fields: [String: Any] {
        var fields: [String: Any] = ["ms": milliseconds, "share": share, "gigabytes_per_s": gigabytes]
        fields["gigaflops_per_s"] = gigaflops
        fields["share_of_peak_compute"] = computeShare
        fields["share_of_peak_bandwidth"] = memoryShare
        return fields
    }
}
