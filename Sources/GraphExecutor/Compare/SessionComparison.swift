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
        /// What its other is called.
        package let otherName: String
        /// The node that made its other; nil for one of a file.
        package let other: String?
        package let type: ValueType
        package let error: ValueError
    }

    /// The parts of two graphs that make one value, and what they read.
    package struct Part: Sendable {
        package let a: Model
        /// Nil where the graphs are one.
        package let b: Model?
        package let inputs: [(name: String, value: Value)]
    }

    /// A value to compare with, by the name that it goes by.
    private struct Other {
        let name: String
        var ownName: String
        let node: String?
        let value: Value
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
        var found = second.observations.map { Other(name: $0.name, ownName: $0.name, node: $0.node, value: $0.value) }
        let names = Set(found.map(\.name))
        for (own, other) in zip(a.outputs, b.outputs) where !names.contains(own.name) {
            if let index = found.firstIndex(where: { $0.name == other.name }) { found[index].ownName = own.name }
        }
        try self.init(a, inputs, against: found, tolerance)
    }

    /// Runs one session, and takes the other's values as a file holds them: by name; if none has the name of any, as the outputs in their order.
    package init(_ a: Session, _ inputs: [String: Value], against values: [(name: String, value: Value)], tolerance: ValueError.Tolerance) throws {
        let known = a.valueNames
        let isByPosition = values.count == a.outputs.count && !values.contains { known.contains($0.name) }
        let others = values.enumerated().map { index, each in
            Other(name: each.name, ownName: isByPosition ? a.outputs[index].name : each.name, node: nil, value: each.value)
        }
        try self.init(a, inputs, against: others, tolerance)
    }

    private init(_ a: Session, _ inputs: [String: Value], against others: [Other], _ tolerance: ValueError.Tolerance) throws {
        let first = ValueObserver()
        _ = try a.runSynchronously(inputs, options: RunOptions(observer: first))
        let other = Dictionary(others.map { ($0.ownName, $0) }, uniquingKeysWith: { first, _ in first })
        let made = first.observations
        entries = try made.compactMap { observation in
            guard let other = other[observation.name] else { return nil }
            return Entry(
                name: observation.name, node: observation.node, otherName: other.name, other: other.node, type: observation.value.type,
                error: try ValueError(observation.value, other.value, tolerance))
        }
        onlyFirst = made.count - entries.count
        onlySecond = other.count - entries.count
        observations = Dictionary(made.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.inputs = inputs
    }

    /// What makes `entry` out of values that agree: one node, or those that were fused; `second` is the other session where its graph is another.
    ///
    /// Graphs that share no other names meet at their inputs. Nil where not even those are the same.
    package func part(_ first: Session, _ second: Session?, for entry: Entry) throws(ONNXError) -> Part? {
        var agreed = inputs
        for other in entries where !other.error.isBeyond && other.name != entry.name { agreed[other.name] = observations[other.name]?.value }
        for given in [agreed, inputs] {
            let types = given.mapValues(\.type)
            let a = try first.part(ValueInfo(entry.name, entry.type), from: types)
            let b = try second?.part(ValueInfo(entry.otherName, entry.type), from: types)
            let read = a.graph.inputs.compactMap { input in given[input.name].map { (name: input.name, value: $0) } }
            if Set((b ?? a).graph.inputs.map(\.name)) == Set(read.map(\.name)) { return Part(a: a, b: b, inputs: read) }
        }
        return nil
    }
}
