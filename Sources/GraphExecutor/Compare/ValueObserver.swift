internal import Parallelism
package import Tensors

/// Keeps every value that the nodes of the main graph make in a run, with the node that made it.
///
/// Of an optimised session these are the values that its passes have left. Values that are known before a run are not among them.
package final class ValueObserver: Sendable {
    /// A value and where it is from.
    package struct Observation: Sendable {
        package let name: String
        /// The node, as errors name it.
        package let node: String
        package let value: Value
    }

    private let list = Locked<[Observation]>([])

    package init() {}

    /// In the order in which they were made.
    package var observations: [Observation] { list.withLock { $0 } }

    func note(_ name: String, _ node: String, _ value: Value) {
        list.withLock { $0.append(Observation(name: name, node: node, value: value)) }
    }
}
