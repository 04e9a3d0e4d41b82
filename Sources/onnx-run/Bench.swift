internal import ArgumentParser
internal import Bytes
internal import Converter
internal import GraphExecutor
internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Parallelism
internal import Tensors

/// `onnx-run bench MODEL`: how long loading and running take.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure loading and running a model.",
        discussion: """
            Inputs are made: ids uniform in the table that they index, masks of ones,
            other numbers uniform in -1...1, different in each run. Shapes come from
            --shape or --dim, or the inputs themselves from --input.

            After the runs that count, five more are profiled; the table by operator
            (and by step with --steps) is of the median one. GFLOP/s and GB/s follow from
            the shapes of products (an operation of integers counts as one of floats) and
            the bytes of all values, each read or written once.

            'of peak' compares them with this machine, measured for 0.1 s after the runs
            with the session's threads: with multiplications and additions in the same
            precision on registers alone, and with reading 128 MiB of memory. A share over
            100 % of the bandwidth says that values came from caches. Where something else
            runs meanwhile the limits come out low; --no-peak leaves them out.

            onnx-run bench distilbert.onnx --shape input_ids=1x128 --shape attention_mask=1x128
            onnx-run bench distilbert.onnx --dim batch=8 --dim sequence=128 --json
            """)

    @Argument(help: "An ONNX or native model file.", completion: .file()) var model: String
    @Option(help: ArgumentHelp("Shape of an input.", valueName: "name=1x128")) var shape: [String] = []
    @Option(help: ArgumentHelp("Extent of a named dimension.", valueName: "name=128")) var dim: [String] = []
    @Option(help: ArgumentHelp("Input values instead of made ones, as for run.", valueName: "file | name=file"), completion: .file()) var input: [String] = []
    @Option(help: "Runs that count.") var runs = 20
    @Option(help: "Runs before those.") var warmup = 3
    @Option(help: "Seed of the made inputs; printed.") var seed: UInt64?
    @OptionGroup var session: SessionFlags
    @Option(help: ArgumentHelp("Write the steps of the profiled run to this file, for Perfetto or chrome://tracing.", valueName: "file"), completion: .file())
    var trace: String?
    @Flag(help: "List every step of the profiled run too.") var steps = false
    @Flag(inversion: .prefixedNo, help: "Measure what the machine reaches at most, and compare the steps with it.") var peak = true
    @Flag(help: "Print JSON.") var json = false

    /// Runs that tell what each operator took.
    private static let profiledRuns = 5

    func validate() throws {
        guard runs >= 1, warmup >= 0 else { throw ValidationError("--runs must be at least 1 and --warmup at least 0") }
    }

    func run() throws {
        let clock = ContinuousClock()
        let seed = seed ?? UInt64.random(in: 0..<1_000_000)
        let start = clock.now
        let model = try ModelFile(contentsOf: self.model).model
        let session: Session
        do { session = try Session(model: model, options: self.session.options) } catch let error as ONNXError { throw error.at(quoted(self.model)) }
        let load = clock.now - start
        for note in session.notes { Console.error("note: \(note)") }
        var samples =
            input.isEmpty
            ? try SampleInputs(model, shapes: try NamedSizes.shapes(shape, option: "--shape"), dimensions: try NamedSizes.dimensions(dim), seed: seed) : nil
        let given = input.isEmpty ? nil : try bind(session)
        var times: [Double] = []
        for index in 0..<(warmup + runs + 1) {
            let values = try given ?? samples?.next() ?? [:]
            let before = clock.now
            _ = try run(session, values, RunOptions())
            times.append((clock.now - before).milliseconds)
            Console.progress("run \(index)/\(warmup + runs)")
        }
        Console.progress("")
        let result = BenchResult(
            load: load.milliseconds, first: times[0], times: times.dropFirst(1 + warmup).sorted(), seed: seed,
            threads: self.session.options.threads ?? availableProcessors(), peakBytes: ProcessMemory.peakBytes,
            anonymousBytes: ProcessMemory.anonymousBytes)
        let profiles = try (0..<Self.profiledRuns).map { _ in
            let profile = Profile()
            _ = try run(session, try given ?? samples?.next() ?? [:], RunOptions(profile: profile))
            return profile
        }
        var report = ProfileReport(medianOf: profiles)
        if peak { report.limits = try MachineLimits(report.precisions, threads: result.threads) }
        if let trace { try report.writeTrace(to: trace) }
        Console.output(
            json ? try result.json(modelPath: self.model, profile: report.fields(withSteps: steps)) : result.text + "\n" + report.text(withSteps: steps))
    }

    private func run(_ session: Session, _ inputs: [String: Value], _ options: RunOptions) throws -> OrderedDictionary<String, Value> {
        do { return try session.runSynchronously(inputs, options: options) } catch let error as ONNXError { throw error.at(quoted(model)) }
    }

    private func bind(_ session: Session) throws -> [String: Value] {
        let reader = GivenInputs(session.inputs)
        return try InputBinding(inputs: session.inputs, isStrict: false, note: { Console.error("note: \($0)") }).bind(input.flatMap { try reader.read($0) })
    }
}
