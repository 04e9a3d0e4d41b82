/// One ONNX operator, bound to the attributes of one node. All of what the engine knows of it stands on its page.
package protocol Operator: Sendable {
    /// Name, versions, inputs, outputs, attributes and types.
    static var schema: OperatorSchema { get }

    /// What `run` is given in place of element types narrower than those that kernels are written for.
    static var narrowTypes: NarrowTypes { get }

    /// Reads the attributes once. The reader has checked them against the schema.
    init(_ node: NodeReader) throws

    /// Sets the output types from the input types, as far as they are known, and refuses those that don't fit.
    ///
    /// The same rule serves loading (dimensions may be unknown) and planning and running (every dimension and every input is known).
    /// An output whose shape depends on data that isn't known keeps an unknown shape; `run` then allocates it.
    func infer(_ types: Inference) throws

    /// What the memory plan may do with the outputs.
    func layout(_ types: Inference) -> Layout

    /// How index i of axis `axis` of the first output depends on `input`. What isn't said is mixed.
    func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource

    /// Brings constant inputs into the layout that the kernel wants. Called once, by the optimised session.
    mutating func prepack(_ constants: Constants) throws

    /// Computes the outputs that are wanted.
    func run(_ context: RunContext) throws
}

extension Operator {
    package static var narrowTypes: NarrowTypes { .widened }
    package func layout(_ types: Inference) -> Layout { Layout() }
    package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource { .mixed }
    package mutating func prepack(_ constants: Constants) throws {}
}

/// How an operator meets the element types below 32 bits of float and below 8 bits of integer.
package enum NarrowTypes: Sendable {
    /// Floats below 32 bits arrive as Float and the outputs are rounded once; packed integers arrive one a byte.
    case widened
    /// The operator only moves elements: packed types arrive one a byte, all others as they are.
    case moved
    /// Everything arrives as it is.
    case asStored
}

/// Liberties that a memory plan may take with an operator's outputs.
package struct Layout: Sendable {
    /// Outputs that are the same bytes as an input: output index to input index.
    package var views: [Int: Int] = [:]
    /// Inputs whose memory output 0 may take over when nobody reads them afterwards: each element is read before it is written.
    package var overwritable: [Int] = []

    /// The axis of an output whose extent is known when the operator has run, and is at most the inferred one until then.
    package var bounded: [Int: Int] = [:]

    package init(views: [Int: Int] = [:], overwritable: [Int] = [], bounded: [Int: Int] = [:]) {
        self.views = views
        self.overwritable = overwritable
        self.bounded = bounded
    }
}
