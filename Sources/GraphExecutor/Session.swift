internal import Bytes
public import GraphIR
internal import OpLibrary
public import OrderedCollections
internal import Synchronization
public import Tensors

/// A model made ready to run, any number of times and from any number of tasks at once.
///
/// ```swift
/// let session = try Session(model: try Model(contentsOf: "distilbert.onnx"))
/// let outputs = try await session.run(["input_ids": .tensor(ids), "attention_mask": .tensor(mask)])
/// ```
public final class Session: Sendable {
    /// The values that a run is given, initializers with a default among them.
    public let inputs: [ValueInfo]
    /// The values that a run gives, in their order.
    public let outputs: [ValueInfo]

    private let options: SessionOptions
    private let program: Program
    private let budget: MemoryBudget
    private let seed: UInt64
    private let runs = Atomic<UInt64>(0)

    /// Checks `model` and makes it ready.
    ///
    /// Throws `ONNXError`: `.malformed` for a graph that is not well formed, `.unsupported` for operators, versions or attributes that the engine
    /// doesn't have, `.shape` for types and shapes that don't fit, `.limit` past a bound; the place names the node.
    public init(model: Model, options: SessionOptions = SessionOptions()) throws {
        var program = try ProgramBuilder.build(model, limits: options.limits)
        try program.inferTypes()
        self.program = program
        self.options = options
        inputs = program.inputs.map(\.info)
        outputs = program.outputs.map(\.info)
        budget = MemoryBudget(limit: options.maxMemory ?? MachineMemory.byteCount / 5 * 4)
        seed = options.seed ?? UInt64.random(in: 0 ... .max)
    }

    /// Runs the model on this thread and waits for the result.
    ///
    /// - Parameters:
    ///   - inputs: A value for each input without a default.
    ///   - fetch: Names of the values to return, outputs or any others of the main graph; nil for all outputs.
    ///   - options: What holds for this run.
    /// - Returns: The values in the order of `fetch`, or of the model's outputs.
    ///
    /// Throws `ONNXError`: `.usage` for inputs that are missing or unknown, `.shape` for values that don't fit, `.limit` past the memory budget,
    /// `.cancelled` past the timeout; the place names the node.
    public func runSynchronously(
        _ inputs: [String: Value], fetch: [String]? = nil, options: RunOptions = RunOptions()
    ) throws -> OrderedDictionary<String, Value> {
        try run(inputs, fetch: fetch, state: newState(options))
    }

    /// Runs the model on a thread of the engine's own. Cancelling the task ends the run at its next step.
    ///
    /// Parameters, result and errors are those of `runSynchronously`.
    public func run(
        _ inputs: [String: Value], fetch: [String]? = nil, options: RunOptions = RunOptions()
    ) async throws -> OrderedDictionary<String, Value> {
        let state = newState(options)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                RunThreads.submit { continuation.resume(with: Result { try self.run(inputs, fetch: fetch, state: state) }) }
            }
        } onCancel: {
            state.cancel()
        }
    }

    private func newState(_ options: RunOptions) -> RunState {
        let run = runs.wrappingAdd(1, ordering: .relaxed).newValue
        return RunState(budget: budget, options: options, seed: mixed(seed &+ mixed(run)))
    }

    private func run(_ inputs: [String: Value], fetch: [String]?, state: RunState) throws -> OrderedDictionary<String, Value> {
        defer { state.budget.close() }
        let fetched = try fetch.map { try ids($0) } ?? program.outputs.map { ($0.info.name, $0.id) }
        let interpreter = Interpreter(program, state: state, kept: Set(fetched.map(\.1)))
        for (input, value) in zip(program.inputs, try InputCheck.bind(inputs, to: program)) {
            if let value { interpreter.set(input.id, value) }
        }
        try interpreter.run()
        return OrderedDictionary(
            try fetched.map { name, id in
                guard let value = interpreter.value(id) else { throw ONNXError(.shape, "'\(name)' was not produced") }
                return (name, value)
            }, uniquingKeysWith: { first, _ in first })
    }

    private func ids(_ names: [String]) throws -> [(String, Program.ID)] {
        try zip(names, program.ids(named: names)).map { name, id in
            guard let id else {
                throw ONNXError(.usage, "the graph has no value '\(name)'", remedy: "`onnx-run inspect` lists the names")
            }
            return (name, id)
        }
    }
}
