package import GraphIR
internal import OpLibrary
package import OrderedCollections
internal import Parallelism
public import Tensors

/// What the steps of a run took.
public final class Profile: Sendable {
    /// One step of a run.
    public struct Entry: Sendable {
        /// The node, as errors name it.
        public let node: String
        /// The operator, with its domain where that isn't ONNX's own.
        public let operation: String
        /// When it began, from the profile's own beginning.
        public let start: Duration
        /// How long it took.
        public let duration: Duration
        /// The types of its inputs; nil where one is left out.
        public let inputs: [ValueType?]
        /// The types of its outputs.
        public let outputs: [ValueType?]
        /// The node's attributes, graphs aside.
        package let attributes: OrderedDictionary<String, Attribute>
    }

    private let begin = ContinuousClock.now
    private let list = Locked<[Entry]>([])

    /// An empty profile, to be given to a run.
    public init() {}

    /// The steps in the order in which they ended.
    public var entries: [Entry] { list.withLock { $0 } }

    var now: ContinuousClock.Instant { .now }

    func note(_ step: Program.Step, _ context: RunContext, since start: ContinuousClock.Instant) {
        let duration = start.duration(to: .now)
        let entry = Entry(
            node: step.label, operation: step.domain.isEmpty ? step.opType : "\(step.domain).\(step.opType)", start: begin.duration(to: start),
            duration: duration, inputs: (0..<context.inputCount).map { context.value($0)?.type }, outputs: context.results.map { $0?.type },
            attributes: step.attributes)
        list.withLock { $0.append(entry) }
    }
}
