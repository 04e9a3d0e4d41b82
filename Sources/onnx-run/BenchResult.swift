internal import Bytes
internal import FoundationEssentials
internal import OpLibrary
internal import Parallelism

/// What a benchmark measured; times in milliseconds.
struct BenchResult {
    let load: Double
    let first: Double
    /// Sorted.
    let times: [Double]
    let seed: UInt64
    let threads: Int
    let peakBytes: Int
    let anonymousBytes: Int

    private func quantile(_ part: Double) -> Double { times[Int((Double(times.count - 1) * part).rounded())] }

    var text: String {
        func line(_ name: String, _ value: Double) -> String {
            name.padded(to: 8) + value.text(decimals: 3).aligned(to: 10) + " ms\n"
        }
        return line("load", load) + line("first", first) + line("min", quantile(0)) + line("median", quantile(0.5)) + line("p90", quantile(0.9))
            + "\(times.count) runs, \(threads) threads, \(Kernels.instructionSet), seed \(seed), peak memory \(peakBytes / 1_000_000) MB\n"
    }

    func json(modelPath: String, profile: [String: Any]) throws -> String {
        let fields: [String: Any] = [
            "load_ms": load, "first_ms": first, "min_ms": quantile(0), "median_ms": quantile(0.5), "p90_ms": quantile(0.9), "runs": times.count,
            "peak_bytes": peakBytes, "anonymous_bytes": anonymousBytes, "machine": ProcessMemory.processorName,
            "instruction_set": Kernels.instructionSet, "threads": threads, "seed": seed, "version": Version.number,
            "model_sha256": SHA256.hexadecimal(ByteRegion(try MappedFile(path: modelPath))),
        ]
        return try JSONText.pretty(fields.merging(profile) { $1 })
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
        return line?.split(separator: ":").last.map { String($0.drop { $0 == " " }) } ?? "unknown"
    }

    private static func status(_ key: String) -> Int {
        let text = FileManager.default.contents(atPath: "/proc/self/status").map { String(decoding: $0, as: UTF8.self) } ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") }
        return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1024
    }
}
