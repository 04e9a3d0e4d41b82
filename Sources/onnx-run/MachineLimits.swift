internal import OpLibrary

/// What the threads of a session reach at most, measured beside it.
struct MachineLimits {
    /// Operations a second, by the precision of products.
    let operations: [Precision: Double]
    /// Bytes a second from memory.
    let bytes: Double
    private let threads: Int

    init(_ precisions: Set<Precision>, threads: Int) throws {
        operations = Dictionary(uniqueKeysWithValues: precisions.map { ($0, MachinePeak.operations($0, threads: threads)) })
        bytes = try MachinePeak.bandwidth(threads: threads)
        self.threads = threads
    }

    private var sorted: [(name: String, gigaoperations: Double)] {
        Precision.allCases.compactMap { precision in operations[precision].map { (precision.rawValue, $0 / 1e9) } }
    }

    var text: String {
        let products = sorted.map { $0.gigaoperations.text(decimals: 0) + " GFLOP/s " + $0.name }
        return "limits of \(threads) threads: \((products + [(bytes / 1e9).text(decimals: 1) + " GB/s"]).joined(separator: ", "))\n"
    }

    var fields: [String: Any] {
        var fields: [String: Any] = ["gigabytes_per_s": bytes / 1e9]
        for (name, gigaoperations) in sorted { fields["\(name)_gigaflops_per_s"] = gigaoperations }
        return fields
    }
}
