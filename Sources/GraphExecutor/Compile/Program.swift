package import GraphIR
package import OpLibrary
package import OrderedCollections
package import Tensors

/// A graph whose names have become numbers and whose nodes are bound to their operators.
package struct Program: Sendable {
    /// A place for a value; an index into `names`, `types` and `constants`.
    package typealias ID = Int

    /// A node, ready to run.
    package struct Step: Sendable {
        /// As errors name it.
        package let label: String
        package let opType: String
        package let domain: String
        package let opset: Int
        package var operation: any Operator
        /// The node's attributes, graphs aside.
        package let attributes: OrderedDictionary<String, Attribute>
        /// Nil where an optional input is left out.
        package let inputs: [ID?]
        /// Nil where an output is not wanted.
        package let outputs: [ID?]
        /// The node's subgraphs by attribute.
        package var bodies: [String: Program]
        /// What the bodies read of this graph, beside `inputs`.
        package let captured: [ID]
        /// Values that nobody reads after this step.
        package var dying: [ID] = []
    }

    /// A value of the graph around this one, and its place here.
    package struct Capture: Sendable {
        package let outer: ID
        package let inner: ID
    }

    package var names: [String] = []
    /// What is known of each value before any run.
    package var types: [ValueType?] = []
    /// Values that are the same in every run.
    package var constants: [Tensor?] = []
    /// What is known of the elements of values that hold sizes.
    package var elements: [[ShapeElement]?] = []
    /// Initializers that an input of the same name takes the place of.
    package var defaults: [ID: Tensor] = [:]
    package var inputs: [(id: ID, info: ValueInfo)] = []
    package var outputs: [(id: ID, info: ValueInfo)] = []
    package var captures: [Capture] = []
    package var steps: [Step] = []
    /// Whether somebody reads the value.
    package var isRead: [Bool] = []
    /// The last step that reads each value; `Int.max` for outputs, -1 where nobody does.
    package var lastRead: [Int] = []
    /// Plans for the shapes that were met.
    let plans = PlanCache()
    /// Whether types give dimensions that nothing is known of a name.
    var namesUnknowns = false
    /// Whether the graph stands within another.
    var isBody = false
    /// Constants that are not initializers but follow from types and other constants.
    package var derived: [ID] = []
    /// The input and captured types that `types` was found for.
    var inferredFor: [ValueType?]?

    package var valueCount: Int { names.count }

    /// Lets types, in bodies too, give dimensions that nothing is known of a name.
    mutating func nameUnknowns() {
        namesUnknowns = true
        for index in steps.indices {
            for name in steps[index].bodies.keys { steps[index].bodies[name]?.nameUnknowns() }
        }
    }

    /// The places of values by name.
    package func ids(named wanted: [String]) -> [ID?] {
        let byName = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        return wanted.map { byName[$0] }
    }
}
