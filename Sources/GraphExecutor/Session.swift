package import Bytes
public import GraphIR
internal import OpLibrary
public import OrderedCollections
internal import Parallelism
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

    /// What each pass did; empty for a reference session.
    package let passReports: [PassReport]

    /// What the user may want to know: why a packed cache was not used, or could not be written.
    public let notes: [String]
    /// The weights in the layouts that kernels want; nil for a reference session.
    package let packedWeights: PackedWeights?

    private let model: Model
    private let options: SessionOptions
    private let program: Program
    /// Programs with further outputs, which passes would have removed.
    private let variants = Locked<OrderedDictionary<Set<String>, Program>>([:])
    private let resources: SessionResources
    private let seed: UInt64
    private let runs = Atomic<UInt64>(0)

    /// Checks `model` and makes it ready.
    ///
    /// Throws `ONNXError`: `.malformed` for a graph that is not well formed, `.unsupported` for operators, versions or attributes that the engine
    /// doesn't have, `.shape` for types and shapes that don't fit, `.limit` past a bound; the place names the node.
    public init(model: Model, options: SessionOptions = SessionOptions()) throws {
        try model.validate(limits: options.limits)
        let expanded = options.kind == .reference ? try model.expandingFusedOperators() : model
        let model = try expanded.inliningFunctions(limits: options.limits)
        self.model = model
        self.options = options
        resources = SessionResources(threads: options.threads, maxMemory: options.maxMemory ?? MachineMemory.byteCount / 5 * 4)
        let (weights, refusal) =
            options.packedCache.map { PackedWeights.cache($0, limits: options.limits) } ?? (PackedWeights(model.packedForms), nil)
        (program, passReports) = try Self.compile(model, options, resources, weights)
        packedWeights = options.kind == .optimized ? weights : nil
        notes = Self.keep(weights, options, refusal) + [ChoosePrecision.note(options.precision)].compactMap { $0 }
        inputs = program.inputs.map(\.info)
        outputs = program.outputs.map(\.info)
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
                resources.pool.submit { continuation.resume(with: Result { try self.run(inputs, fetch: fetch, state: state) }) }
            }
        } onCancel: {
            state.cancel()
        }
    }

    /// Lets go of the memory that is kept for the next runs.
    public func trim() { resources.arenas.trim() }

    /// How the optimised session would run `inputs`, up to the first step whose shapes depend on data.
    package func plan(for inputs: [String: Value]) throws -> PlanSummary {
        let state = newState(RunOptions())
        defer { state.budget.close() }
        let executor = Executor(program, state: state)
        for (input, value) in zip(program.inputs, try InputCheck.bind(inputs, to: program)) {
            if let value { executor.set(input.id, value) }
        }
        return try executor.summary()
    }

    /// What is known of the types of the main graph's values before any run.
    package var types: [String: ValueType] {
        Dictionary(zip(program.names, program.types).compactMap { name, type in type.map { (name, $0) } }, uniquingKeysWith: { first, _ in first })
    }

    /// The names of the main graph's values.
    package var valueNames: Set<String> { Set(program.names) }

    /// The nodes that make `value` out of the values of `boundary`, as a model of their own: of the graph as it stands, before any pass.
    package func part(_ value: ValueInfo, from boundary: [String: ValueType]) throws(ONNXError) -> Model { try model.extracting(value, from: boundary) }

    private func newState(_ options: RunOptions) -> RunState {
        let run = runs.wrappingAdd(1, ordering: .relaxed).newValue
        return RunState(resources, isPlanned: self.options.kind == .optimized, options: options, seed: options.seed.map(mixed) ?? mixed(seed &+ mixed(run)))
    }

    /// Writes the cache that `options` ask for, unless it is whole, and says what was wrong with the one that was there.
    private static func keep(_ weights: PackedWeights, _ options: SessionOptions, _ refusal: String?) -> [String] {
        guard let path = options.packedCache, options.kind == .optimized else { return weights.refusals }
        var notes = [refusal].compactMap { $0 } + weights.refusals
        if !notes.isEmpty { notes.append("the packed cache '\(quoted(path))' is made anew") }
        guard weights.isIncomplete || refusal != nil else { return notes }
        do { try weights.write(to: path) } catch { notes.append("the packed cache could not be written: \(error)") }
        return notes
    }

    private static func compile(_ model: Model, _ options: SessionOptions, _ resources: SessionResources, _ weights: PackedWeights) throws -> (
        Program, [PassReport]
    ) {
        guard options.kind == .optimized else {
            var program = try ProgramBuilder.build(model, limits: options.limits)
            try program.inferTypes()
            try program.checkSizes(against: resources.budget)
            return (program, [])
        }
        let optimized = try Passes.run(model, options)
        var program = try ProgramBuilder.build(optimized.model, limits: options.limits)
        try program.inferTypes()
        try program.prepack(resources.pool, forms: weights)
        return (program, optimized.reports)
    }

    /// The program that gives `names`. Passes keep only outputs, so that an optimised session makes a program of its own for any other value.
    private func program(fetching names: [String]?) throws -> Program {
        let further = Set(names ?? []).subtracting(outputs.map(\.name))
        guard options.kind == .optimized, !further.isEmpty else { return program }
        if let variant = variants.withLock({ $0[further] }) { return variant }
        var model = model
        let known = Set(model.graph.nodes.flatMap(\.outputs) + model.graph.inputs.map(\.name) + model.graph.initializers.keys)
        if let name = further.subtracting(known).min() { throw unknown(name) }
        model.graph.outputs += further.sorted().map { ValueInfo($0) }
        let (variant, _) = try Self.compile(model, options, resources, PackedWeights(model.packedForms))
        variants.withLock { variants in
            if variants.count >= 4 { variants.removeFirst() }
            variants[further] = variant
        }
        return variant
    }

    private func unknown(_ name: String) -> ONNXError {
        ONNXError(.usage, "the graph has no value '\(name)'", remedy: "`onnx-run inspect --graph` lists the names")
    }

    private func values(named names: [String], of program: Program) throws -> [(String, Program.ID)] {
        try zip(names, program.ids(named: names)).map { name, id in
            guard let id else { throw unknown(name) }
            return (name, id)
        }
    }

    private func run(_ inputs: [String: Value], fetch: [String]?, state: RunState) throws -> OrderedDictionary<String, Value> {
        defer { state.budget.close() }
        let program = try program(fetching: fetch)
        let fetched = try fetch.map { try values(named: $0, of: program) } ?? program.outputs.map { ($0.info.name, $0.id) }
        let executor = Executor(program, state: state, kept: state.isPlanned ? [] : Set(fetched.map(\.1)))
        for (input, value) in zip(program.inputs, try InputCheck.bind(inputs, to: program)) {
            if let value { executor.set(input.id, value) }
        }
        try executor.run()
        return OrderedDictionary(
            try fetched.map { name, id in
                guard let value = executor.value(id) else { throw ONNXError(.shape, "'\(name)' was not produced") }
                return (name, value)
            }, uniquingKeysWith: { first, _ in first })
    }
}
