internal import Bytes
package import Tensors

/// What a run lends to an operator. The executor implements it.
package protocol RunHost: AnyObject {
    /// Memory for output `output` of the running node, planned or fresh. Counts against the memory budget.
    func allocate(output: Int, _ type: ElementType, _ shape: [Int]) throws -> MutableTensor
    /// Fresh memory that lives until the operator returns. Counts against the memory budget.
    func scratch(byteCount: Int) throws -> Storage
    /// Runs `body` over parts of `0..<count`, each at least `grain` long, on the pool's threads. The parts depend on `count` and `grain` only.
    func parallel(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) throws -> Void) throws
    /// Runs the node's subgraph attribute `name`; captured values are supplied by the executor.
    func runBody(_ name: String, _ inputs: [Value]) throws -> [Value]
    /// Throws `.cancelled` when the run was cancelled or is past its deadline.
    func checkDeadline() throws
    /// A seed that differs from node to node and from run to run of a session with the same seed.
    func nextSeed() -> UInt64
}

/// One application of an operator: its inputs, and where its outputs go.
package final class RunContext {
    private var inputs: [Value?]
    private var outputTypes: [ValueType?]
    private let wanted: [Bool]
    package let host: any RunHost
    /// The outputs made so far.
    package private(set) var results: [Value?]
    private var pending: [MutableTensor?]

    /// `outputTypes` are what `infer` found for these inputs; `wanted` says which outputs somebody reads.
    package init(inputs: [Value?], outputTypes: [ValueType?], wanted: [Bool], host: any RunHost) {
        self.inputs = inputs
        self.outputTypes = outputTypes
        self.wanted = wanted
        self.host = host
        results = Array(repeating: nil, count: outputTypes.count)
        pending = Array(repeating: nil, count: outputTypes.count)
    }

    /// Makes the context ready for another run of the same step.
    package func reset() {
        for index in results.indices {
            results[index] = nil
            pending[index] = nil
        }
    }

    /// Another value, or none any more, for input `index`.
    package func rebind(_ index: Int, _ value: Value?) { inputs[index] = value }

    /// Another type for output `index`, whose extents have become known.
    package func retype(_ index: Int, _ type: ValueType) { outputTypes[index] = type }

    package var inputCount: Int { inputs.count }
    package var outputCount: Int { outputTypes.count }

    /// Input `index` of any kind; nil when it is left out.
    package func value(_ index: Int) -> Value? { index < inputs.count ? inputs[index] : nil }

    /// Input `index`, which must be a tensor. Throws `.shape` when it is left out or something else.
    package func input(_ index: Int) throws -> Tensor {
        guard let value = value(index) else { throw ONNXError(.shape, "input \(index) is missing") }
        guard let tensor = value.tensor else { throw ONNXError(.shape, "input \(index) is \(value.type), a tensor expected") }
        return tensor
    }

    /// Input `index`, if it is there. Throws `.shape` when it is not a tensor.
    package func optionalInput(_ index: Int) throws -> Tensor? { value(index) == nil ? nil : try input(index) }

    /// The elements of a sequence input. Throws `.shape` when it is something else.
    package func sequence(_ index: Int) throws -> (values: [Value], type: ValueType) {
        switch value(index) {
        case .sequence(let values, let type)?, .optional(.sequence(let values, let type)?, _)?: return (values, type)
        case let other: throw ONNXError(.shape, "input \(index) is \(other.map { "\($0.type)" } ?? "missing"), a sequence expected")
        }
    }

    /// Whether somebody reads output `index`.
    package func isWanted(_ index: Int) -> Bool { index < wanted.count && wanted[index] }

    /// The type that `infer` found for output `index`.
    package func outputType(_ index: Int) -> ValueType? { index < outputTypes.count ? outputTypes[index] : nil }

    /// The memory of output `index`, of the type and shape that `infer` found. Asked twice, it is the same.
    ///
    /// Throws `.shape` when inference left the shape open: then `allocate` is the call.
    package func output(_ index: Int = 0) throws -> MutableTensor {
        if index < pending.count, let tensor = pending[index] { return tensor }
        guard let type = outputType(index), let element = type.elementType, let shape = type.knownShape else {
            throw ONNXError(.shape, "the shape of output \(index) is not known before the operator runs")
        }
        return try allocate(index, element, shape)
    }

    /// Memory for output `index`, whose shape depends on data.
    package func allocate(_ index: Int, _ type: ElementType, _ shape: [Int]) throws -> MutableTensor {
        let tensor =
            isWanted(index) ? try host.allocate(output: index, type, shape) : try scratch(type, shape)
        if index < pending.count {
            pending[index] = tensor
            results[index] = .tensor(tensor.tensor)
        }
        return tensor
    }

    /// Gives output `index` as it is: a view of an input, strings, a sequence.
    package func set(_ index: Int, _ value: Value) {
        if index < results.count { results[index] = value }
    }

    package func set(_ index: Int, _ tensor: Tensor) { set(index, .tensor(tensor)) }

    /// A tensor for the operator's own use while it runs.
    package func scratch(_ type: ElementType, _ shape: [Int]) throws -> MutableTensor {
        let bytes = try Shape.byteCount(try Shape.count(shape), type)
        return try MutableTensor(type, shape, try host.scratch(byteCount: bytes), byteOffset: 0)
    }

    /// Elements for the operator's own use while it runs, not initialised.
    package func scratch<T: TensorElement>(_ type: T.Type, count: Int) throws -> MutableElements<T> {
        try scratch(T.elementType, [count]).elements(T.self)
    }

    /// Runs `body` over parts of `0..<count`, each at least `grain` long. Where the parts end never depends on the number of threads.
    package func parallel(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) throws -> Void) throws {
        try host.parallel(count, grain: grain, body)
    }

    /// Runs the node's subgraph attribute `name`.
    package func runBody(_ name: String, _ inputs: [Value]) throws -> [Value] { try host.runBody(name, inputs) }

    /// Throws `.cancelled` past the run's deadline. Loops call it.
    package func checkDeadline() throws { try host.checkDeadline() }

    package func nextSeed() -> UInt64 { host.nextSeed() }
}
