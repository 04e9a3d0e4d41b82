package import Bytes
package import GraphIR
package import Tensors

/// The values of two runs side by side, node by node.
package struct SessionComparison: Sendable {
    /// A value of the first run and how far its other is from it.
    package struct Entry: Sendable {
        package let name: String
        /// The node that made it in the first run.
        package let node: String
        /// The node that made its other; nil for one of a file.
        package let other: String?
        package let type: ValueType
        package let error: ValueError
    }

    /// The values that both have, in the order of the first run.
    package let entries: [Entry]
    /// Values that only one of them has.
    package let onlyFirst: Int
    package let onlySecond: Int
    private let observations: [String: ValueObserver.Observation]
    private let inputs: [String: Value]

    /// The first value that is beyond the tolerance.
    package var firstBeyond: Entry? { entries.first(where: \.error.isBeyond) }

    /// Runs both sessions. Values are matched by name; outputs that exporters named differently, by position.
    package init(
        _ a: Session, _ inputs: [String: Value], against b: Session, _ others: [String: Value], tolerance: ValueError.Tolerance
    ) throws {
        let second = ValueObserver()
        _ = try b.runSynchronously(others, options: RunOptions(observer: second))
        var found = second.observations
        let names = Set(found.map(\.name))
        for (own, other) in zip(a.outputs, b.outputs) where !names.contains(own.name) {
            guard let index = found.firstIndex(where: { $0.name == other.name }) else { continue }
            found[index] = ValueObserver.Observation(name: own.name, node: found[index].node, value: found[index].value)
        }
        try self.init(a, inputs, against: found.map { ($0.name, $0.node, $0.value) }, tolerance)
    }

    /// Runs one session, and takes the other's values as a file holds them: by name; if none has the name of any, as the outputs in their order.
    package init(_ a: Session, _ inputs: [String: Value], against values: [(name: String, value: Value)], tolerance: ValueError.Tolerance) throws {
        let known = a.valueNames
        let isNamed = values.contains { known.contains($0.name) }
        let named = isNamed || values.count != a.outputs.count ? values : zip(a.outputs, values).map { ($0.name, $1.value) }
        try self.init(a, inputs, against: named.map { ($0.0, nil, $0.1) }, tolerance)
    }

    private init(
        _ a: Session, _ inputs: [String: Value], against others: [(name: String, node: String?, value: Value)], _ tolerance: ValueError.Tolerance
    ) throws {
        let first = ValueObserver()
        _ = try a.runSynchronously(inputs, options: RunOptions(observer: first))
        let other = Dictionary(others.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let made = first.observations
        entries = try made.compactMap { observation in
            guard let other = other[observation.name] else { return nil }
            return Entry(
                name: observation.name, node: observation.node, other: other.node, type: observation.value.type,
                error: try ValueError(observation.value, other.value, tolerance))
        }
        onlyFirst = made.count - entries.count
        onlySecond = other.count - entries.count
        observations = Dictionary(made.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.inputs = inputs
    }

    /// The part of a session's graph that makes `entry` out of values that agree, and those values: one node, or those that were fused.
    package func part(_ session: Session, for entry: Entry) throws(ONNXError) -> (model: Model, inputs: [(name: String, value: Value)]) {
        var given = inputs
        for agreed in entries where !agreed.error.isBeyond && agreed.name != entry.name { given[agreed.name] = observations[agreed.name]?.value }
        let model = try session.part(ValueInfo(entry.name, entry.type), from: given.mapValues(\.type))
        return (model, model.graph.inputs.compactMap { input in given[input.name].map { (input.name, $0) } })
    }

    /// The value of the first run.
    package func value(_ entry: Entry) -> Value? { observations[entry.name]?.value }
}
