internal import ArgumentParser
internal import Bytes
internal import Foundation
internal import GraphExecutor
internal import GraphIR
internal import OpLibrary
internal import Parallelism
internal import Tensors

/// `onnx-run bench MODEL`: how long loading and running take.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure loading and running a model.",
        discussion: """
            Inputs are made: ids uniform in the table that they index, masks of ones, other numbers
            uniform in -1...1, different in each run. Shapes come from --shape or --dim, or the inputs
            themselves from --input.

            onnx-run bench distilbert.onnx --shape input_ids=1x128 --shape attention_mask=1x128
            onnx-run bench distilbert.onnx --dim batch=8 --dim sequence=128 --json
            """)

    @Argument(help: "An ONNX model.", completion: .file()) var model: String
    @Option(help: ArgumentHelp("Shape of an input.", valueName: "name=1x128")) var shape: [String] = []
    @Option(help: ArgumentHelp("Extent of a named dimension.", valueName: "name=128")) var dim: [String] = []
    @Option(help: ArgumentHelp("Input values instead of made ones.", valueName: "file"), completion: .file()) var input: [String] = []
    @Option(help: "Runs that count.") var runs = 20
    @Option(help: "Runs before those.") var warmup = 3
    @Option(help: "Seed of the made inputs; printed.") var seed: UInt64?
    @OptionGroup var session: SessionFlags
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard runs >= 1, warmup >= 0 else { throw ValidationError("--runs must be at least 1 and --warmup at least 0") }
    }

    func run() throws {
        let clock = ContinuousClock()
        let seed = seed ?? UInt64.random(in: 0..<1_000_000)
        let start = clock.now
        let model = try Model(contentsOf: self.model)
        let session = try Session(model: model, options: session.options)
        let load = clock.now - start
        var samples = input.isEmpty ? try SampleInputs(model, shapes: try shapes(), dimensions: try dimensions(), seed: seed) : nil
        let given = input.isEmpty ? nil : try bind(session)
        var times: [Double] = []
        for index in 0..<(warmup + runs + 1) {
            let values = try given ?? samples?.next() ?? [:]
            let before = clock.now
            _ = try session.runSynchronously(values)
            times.append((clock.now - before).milliseconds)
            Console.progress("run \(index)/\(warmup + runs)")
        }
        Console.progress("")
        let result = BenchResult(
            load: load.milliseconds, first: times[0], times: times.dropFirst(1 + warmup).sorted(), seed: seed,
            threads: self.session.options.threads ?? availableProcessors())
        Console.output(json ? try result.json(modelPath: self.model) : result.text)
    }

    private func bind(_ session: Session) throws -> [String: Value] {
        let reader = GivenInputs(session.inputs)
        return try InputBinding(inputs: session.inputs, isStrict: false, note: { Console.error("note: \($0)") }).bind(input.flatMap { try reader.read($0) })
    }

    private func shapes() throws -> [String: [Int]] {
        try pairs(shape, "--shape", "name=1x128").mapValues { text in
            let sizes = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
            guard sizes.allSatisfy({ $0.map { $0 >= 0 } ?? false }) || text.isEmpty else {
                throw ONNXError(.usage, "--shape \(text) is no shape", remedy: "write it as 1x128")
            }
            return sizes.compactMap { $0 }
        }
    }

    private func dimensions() throws -> [String: Int] {
        try pairs(dim, "--dim", "name=128").mapValues { text in
            guard let size = Int(text), size >= 0 else { throw ONNXError(.usage, "--dim \(text) is no number") }
            return size
        }
    }

    private func pairs(_ arguments: [String], _ option: String, _ form: String) throws -> [String: String] {
        try Dictionary(
            arguments.map { argument in
                guard let equals = argument.lastIndex(of: "=") else { throw ONNXError(.usage, "\(option) \(argument): \(form) expected") }
                return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
            }, uniquingKeysWith: { _, last in last })
    }
}

/// What a benchmark measured; times in milliseconds.
struct BenchResult {
    let load: Double
    let first: Double
    /// Sorted.
    let times: [Double]
    let seed: UInt64
    let threads: Int

    private func quantile(_ part: Double) -> Double { times[Int((Double(times.count - 1) * part).rounded())] }

    var text: String {
        func line(_ name: String, _ value: Double) -> String { "\(name.padding(toLength: 8, withPad: " ", startingAt: 0))\(String(format: "%10.3f", value)) ms\n" }
        return line("load", load) + line("first", first) + line("min", quantile(0)) + line("median", quantile(0.5)) + line("p90", quantile(0.9))
            + "\(times.count) runs, \(threads) threads, \(Kernels.instructionSet), seed \(seed), peak memory \(ProcessMemory.peakBytes / 1_000_000) MB\n"
    }

    func json(modelPath: String) throws -> String {
        let fields: [String: Any] = [
            "load_ms": load, "first_ms": first, "min_ms": quantile(0), "median_ms": quantile(0.5), "p90_ms": quantile(0.9), "runs": times.count,
            "peak_bytes": ProcessMemory.peakBytes, "anonymous_bytes": ProcessMemory.anonymousBytes, "machine": ProcessMemory.processorName,
            "instruction_set": Kernels.instructionSet, "threads": threads, "seed": seed, "version": Version.text,
            "model_sha256": SHA256.hexadecimal(ByteRegion(try MappedFile(path: modelPath))),
        ]
        let data = try JSONSerialization.data(withJSONObject: fields, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}

extension Duration {
    var milliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) * 1e-15 }
}

/// What Linux says of this process and its processor.
enum ProcessMemory {
    /// The most that was resident.
    static var peakBytes: Int { status("VmHWM") }
    /// Resident memory that is no file's.
    static var anonymousBytes: Int { status("RssAnon") }

    static var processorName: String {
        let text = FileManager.default.contents(atPath: "/proc/cpuinfo").map { String(decoding: $0, as: UTF8.self) } ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") || $0.hasPrefix("CPU part") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }

    private static func status(_ key: String) -> Int {
        let text = FileManager.default.contents(atPath: "/proc/self/status").map { String(decoding: $0, as: UTF8.self) } ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") }
        return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1024
    }
}
