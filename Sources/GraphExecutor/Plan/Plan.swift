internal import Bytes
internal import OpLibrary
internal import Tensors

/// A stretch of a program's steps under concrete shapes, and where each of its values lies.
final class Plan: Sendable {
    /// Where a value is during a run.
    enum Place: Sendable {
        /// The same in every run of this plan.
        case known(Tensor)
        /// In the arena.
        case arena(offset: Int, ElementType, [Int])
        /// A value of its own, given to the stretch or made in the run.
        case own
    }

    /// A step that runs.
    struct Step: Sendable {
        /// Its place in the program.
        let index: Int
        let outputTypes: [ValueType?]
        let wanted: [Bool]
        /// Inputs that are values of their own.
        let patches: [Int]
        /// Inputs in the arena that have the run-time extent.
        let bounded: [Int]
        /// Values of their own that nobody reads after this step.
        let dying: [Program.ID]
    }

    let steps: [Step]
    /// The step after the planned ones, whose outputs depend on data: it is inferred anew in each run.
    let open: Int?
    /// The first step of the program that is not covered.
    let end: Int
    let places: [Program.ID: Place]
    /// The axis of each value that has the run-time extent: planned for the most that it can be, known when the step that finds it has run.
    let bounded: [Program.ID: Int]
    /// Values that a later stretch reads, of those known here.
    let knownAfterwards: [(Program.ID, Tensor)]
    let arenaByteCount: Int
    /// The step at which most bytes of the arena are in use, and how many.
    let peak: (step: Int, byteCount: Int)

    init(
        steps: [Step], open: Int?, end: Int, places: [Program.ID: Place], bounded: [Program.ID: Int],
        knownAfterwards: [(Program.ID, Tensor)], arenaByteCount: Int, peak: (step: Int, byteCount: Int)
    ) {
        self.steps = steps
        self.open = open
        self.end = end
        self.places = places
        self.bounded = bounded
        self.knownAfterwards = knownAfterwards
        self.arenaByteCount = arenaByteCount
        self.peak = peak
    }
}
