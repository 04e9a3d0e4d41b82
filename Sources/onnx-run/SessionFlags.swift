internal import ArgumentParser
internal import Bytes
internal import FoundationEssentials
internal import GraphExecutor

/// Options of every subcommand that runs a model.
struct SessionFlags: ParsableArguments {
    @Option(help: "reference (operator by operator, as the graph stands) or optimized.") var session = SessionName.optimized
    @Option(help: "Threads; by default the processors this process may use.") var threads: Int?
    @Option(help: ArgumentHelp("Most memory for values, as 512MB or 4GB; by default 80 % of the machine's.", valueName: "size")) var maxMemory: ByteSize?

    @Option(help: ArgumentHelp("Keep the packed weights in this file, for the next start; made anew where it doesn't fit the model.", valueName: "file"))
    var packedCache: String?

    @Option(help: "fp32, bf16 or int8: how closely linear layers with constant weights are computed; attention is in bf16 for both.") var precision =
        PrecisionName.fp32
    @Option(
        name: .customLong("keep-fp32"),
        help: ArgumentHelp("A linear layer or attention that stays in fp32, by its node's name; * stands for any characters. Repeatable.", valueName: "name"))
    var keepFP32: [String] = []
    @Option(help: "compute, or skip: rows that an attention mask hides are left out, and 0 in outputs that have a row for each token.")
    var padding = PaddingName.compute

    func validate() throws {
        if precision == .fp32, let name = keepFP32.first { throw ValidationError("--keep-fp32 \(quoted(name)) goes with --precision bf16 or int8") }
        if precision != .fp32, session == .reference {
            throw ValidationError("--precision goes with --session optimized: a reference session computes as the graph says")
        }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); 1 to 1024 expected") }
        if threads == nil, let text = Self.environmentText, Self.environmentThreads == nil {
            throw ValidationError("ONNX_RUN_THREADS is '\(quoted(text))'; 1 to 1024 expected")
        }
    }

    var options: SessionOptions {
        var options = SessionOptions(kind: session.kind, threads: threads ?? Self.environmentThreads)
        options.maxMemory = maxMemory?.bytes
        options.padding = padding == .skip ? .skip : .compute
        options.packedCache = packedCache
        options.precision = precision.precision
        options.keepFP32 = keepFP32
        return options
    }

    private static var environmentText: String? { ProcessInfo.processInfo.environment["ONNX_RUN_THREADS"].flatMap { $0.isEmpty ? nil : $0 } }

    private static var environmentThreads: Int? { environmentText.flatMap(Int.init).flatMap { (1...1024).contains($0) ? $0 : nil } }
}

/// What `--padding` accepts.
enum PaddingName: String, ExpressibleByArgument, CaseIterable {
    case compute, skip
}

/// What `--session` accepts.
enum SessionName: String, ExpressibleByArgument, CaseIterable {
    case reference, optimized

    var kind: SessionOptions.Kind { self == .reference ? .reference : .optimized }
}

/// What `--precision` accepts.
enum PrecisionName: String, ExpressibleByArgument, CaseIterable {
    case fp32, bf16, int8

    var precision: SessionOptions.Precision {
        switch self {
        case .fp32: .fp32
        case .bf16: .bf16
        case .int8: .int8
        }
    }
}

/// A number of bytes, as `512MB`, `4GiB` or `1000`.
struct ByteSize: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        let units: [(String, Int)] = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("K", 1_000), ("M", 1_000_000),
            ("G", 1_000_000_000), ("B", 1), ("", 1),
        ]
        for (unit, size) in units where argument.uppercased().hasSuffix(unit.uppercased()) {
            guard let number = Double(argument.dropLast(unit.count)), number > 0, number * Double(size) < 9e18 else { return nil }
            bytes = Int(number * Double(size))
            return
        }
        return nil
    }

    var defaultValueDescription: String { "\(bytes)" }
}

/// A length of time, as `500ms`, `10s` or `2m`; a bare number is seconds.
struct TimeSpan: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)]
        for (unit, seconds) in units where argument.hasSuffix(unit) {
            guard let number = Double(argument.dropLast(unit.count)), number > 0, number * seconds < 1e9 else { continue }
            duration = .seconds(number * seconds)
            return
        }
        return nil
    }
}
