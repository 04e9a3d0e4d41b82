public import Bytes

/// How a session runs its model.
public struct SessionOptions: Sendable {
    /// Which way a session runs.
    public enum Kind: String, Sendable, CaseIterable {
        /// The graph as it stands, operator by operator.
        case reference
        /// The graph after its passes, from a plan.
        case optimized
    }

    /// How closely an optimised session computes linear layers with constant weights. Residuals, softmax and normalisation stay in fp32.
    public enum Precision: String, Sendable, CaseIterable {
        /// As the graph says.
        case fp32
        /// Weights and activations rounded to bfloat16, sums in fp32.
        case bf16
        /// Weights in int8 with a scale a channel, activations in uint8 with a scale and a zero point a row.
        case int8
    }

    /// What becomes of the rows of a batch that its mask hides.
    public enum Padding: String, Sendable, CaseIterable {
        /// They are left out where no output shows it, and computed elsewhere.
        case compute
        /// They are left out, and are 0 in outputs that have a row for each token; other graphs run as under `compute`.
        case skip
    }

    /// Which way the session runs.
    public var kind = Kind.optimized
    /// What an optimised session does about padding.
    public var padding = Padding.compute
    /// Threads that compute; nil for as many as the process may use.
    public var threads: Int?
    /// Bytes that the runs in flight may hold together, weights aside; nil for 80 % of the machine's memory.
    public var maxMemory: Int?
    /// Where random operators without a seed of their own start from. Nil differs from session to session.
    public var seed: UInt64?
    /// A file that keeps the weights in the layouts of this machine's kernels: used where it fits the model, else made anew. Nil keeps none.
    public var packedCache: String?
    /// How closely linear layers are computed, and attention (in bf16 for int8 too); a reference session computes them as the graph says.
    public var precision = Precision.fp32
    /// Linear layers and attentions that stay in fp32: names of nodes, in which `*` stands for any characters. One that fits none is an error.
    public var keepFP32: [String] = []
    /// The bounds that the model is held to.
    public var limits = Limits()

    /// An optimised session on every processor.
    public init(kind: Kind = .optimized, threads: Int? = nil) {
        self.kind = kind
        self.threads = threads
    }
}

/// What holds for one run.
public struct RunOptions: Sendable {
    /// The run fails with `.cancelled` when it takes longer.
    public var timeout: Duration?

    /// Notes what each step took.
    public var profile: Profile?

    /// Keeps the values that the run makes.
    package var observer: ValueObserver?

    /// Where random operators without a seed of their own start from in this run; nil: as the session's seed says, each run differently.
    public var seed: UInt64?

    /// No time limit, no profile and the session's seed unless given.
    public init(timeout: Duration? = nil, profile: Profile? = nil, seed: UInt64? = nil) {
        self.timeout = timeout
        self.profile = profile
        self.seed = seed
    }

    package init(observer: ValueObserver) { self.observer = observer }
}
