internal import Bytes
internal import Parallelism
internal import Synchronization
internal import Tensors

/// What the runs of one session share.
final class SessionResources: Sendable {
    let pool: ThreadPool
    let budget: MemoryBudget
    let arenas: ArenaPool

    init(threads: Int?, maxMemory: Int) {
        pool = ThreadPool.shared(threads: threads)
        budget = MemoryBudget(limit: maxMemory)
        arenas = ArenaPool(budget)
    }
}

/// What holds for one run, in its graph and in all bodies.
final class RunState: Sendable {
    let budget: RunBudget
    let pool: ThreadPool
    let arenas: ArenaPool
    /// Whether plans are made and followed.
    let isPlanned: Bool
    /// Bytes of scratch memory that an arena may keep.
    let scratchLimit: Int
    let profile: Profile?
    let observer: ValueObserver?
    private let deadline: ContinuousClock.Instant?
    private let timeout: Duration?
    private let isCancelled = Atomic(false)
    private let seeds: Atomic<UInt64>

    init(_ resources: SessionResources, isPlanned: Bool, options: RunOptions, seed: UInt64) {
        budget = RunBudget(resources.budget)
        pool = resources.pool
        arenas = resources.arenas
        self.isPlanned = isPlanned
        scratchLimit = resources.budget.limit / 8
        profile = options.profile
        observer = options.observer
        timeout = options.timeout
        deadline = options.timeout.map { .now.advanced(by: $0) }
        seeds = Atomic(seed)
    }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// Throws `.cancelled` when the run was cancelled or is past its deadline.
    func check() throws(ONNXError) {
        if isCancelled.load(ordering: .relaxed) { throw ONNXError(.cancelled, "the run was cancelled") }
        if let deadline, let timeout, ContinuousClock.now > deadline {
            throw ONNXError(.cancelled, "the run took longer than its \(timeout)", remedy: "raise the timeout (--timeout)")
        }
    }

    /// The next number of the run's own SplitMix64 sequence. https://doi.org/10.1145/2714064.2660195
    func nextSeed() -> UInt64 { mixed(seeds.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue) }
}

/// SplitMix64's finaliser: numbers that are near give results that are not.
func mixed(_ number: UInt64) -> UInt64 {
    var z = number
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}
