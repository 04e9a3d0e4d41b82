internal import Bytes
internal import GraphExecutor
internal import Tensors

/// What `compare` found, as text and JSON.
struct ComparisonReport {
    /// The first node that differs, on its own.
    struct Repeated {
        /// How far its values are apart when both read the same; nil where its value is known before it runs.
        let error: ValueError?
        /// What repeats it, where it was saved.
        let command: String?
    }

    /// Values listed unless all are asked for.
    private static let listed = 10

    private let comparison: SessionComparison
    private let tolerance: ValueError.Tolerance
    private let a: String
    private let b: String
    private let repeated: Repeated?

    init(_ comparison: SessionComparison, tolerance: ValueError.Tolerance, a: String, b: String, repeated: Repeated?) {
        (self.comparison, self.tolerance, self.a, self.b, self.repeated) = (comparison, tolerance, a, b, repeated)
    }

    private var beyond: [SessionComparison.Entry] { comparison.entries.filter(\.error.isBeyond) }

    func text(all: Bool) -> String {
        let entries = comparison.entries
        var text = "A  \(a)\nB  \(b)\n"
        text += "\(entries.count) values compared; \(comparison.onlyFirst) only in A, \(comparison.onlySecond) only in B\n\n"
        let shown = all ? entries : Array(entries.sorted { $0.error.maxAbsolute > $1.error.maxAbsolute }.prefix(Self.listed))
        if !shown.isEmpty { text += table(shown) + "\n" }
        guard let first = comparison.firstBeyond else {
            return text + (entries.isEmpty ? "no value is in both\n" : "no value differs by more than \(bound)\n")
        }
        text += "\(beyond.count) values differ by more than \(bound); the first is of\n  \(first.node)\n"
        if let other = first.other, other != first.node { text += "  \(other) in B\n" }
        text += "  '\(quoted(first.name))' \(first.type): " + (first.error.mismatch ?? detail(first.error)) + "\n"
        if let error = repeated?.error {
            text += "  alone, on the values that it read in A: " + (error.mismatch ?? detail(error))
            text += error.isBeyond ? "\n" : ", within the tolerance: the rest comes with its inputs\n"
        }
        if let command = repeated?.command { text += "saved; this repeats it:\n  \(command)\n" }
        return text
    }

    private var bound: String { "\(tolerance.absolute) + \(tolerance.relative) x |b|" }

    private func detail(_ error: ValueError) -> String {
        guard error.maxAbsolute > 0 else { return "equal" }
        var text = "\(error.beyondCount) of \(error.count) elements, max abs \(Self.short(error.maxAbsolute)), max rel \(Self.short(error.maxRelative))"
        if let ulp = error.maxULP { text += ", max \(ulp) ULP" }
        if let worst = error.worst { text += "; at \(worst.index) \(worst.a) against \(worst.b)" }
        return text
    }

    private func table(_ entries: [SessionComparison.Entry]) -> String {
        func cell(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(1, width - text.count)) + text }
        let header = cell("max abs", 11) + cell("max rel", 11) + cell("max ULP", 12) + "  value, node\n"
        return header
            + entries.map { entry in
                let error = entry.error
                let numbers =
                    error.mismatch.map { cell($0, 34) } ?? cell(Self.short(error.maxAbsolute), 11) + cell(Self.short(error.maxRelative), 11)
                    + cell(error.maxULP.map { "\($0)" } ?? "-", 12)
                return numbers + (error.isBeyond ? " !" : "  ") + "\(quoted(entry.name)), \(entry.node)\n"
            }.joined()
    }

    private static func short(_ value: Double) -> String { value == 0 ? "0" : value.text(digits: 3) }

    func json() throws -> String {
        var fields: [String: Any] = [
            "a": a, "b": b, "compared": comparison.entries.count, "only_a": comparison.onlyFirst, "only_b": comparison.onlySecond,
            "beyond": beyond.count, "atol": tolerance.absolute, "rtol": tolerance.relative, "values": comparison.entries.map(Self.fields),
        ]
        fields["first"] = comparison.firstBeyond.map(Self.fields)
        fields["alone"] = repeated?.error.map(Self.fields)
        fields["repeat"] = repeated?.command
        return try JSONText.pretty(fields)
    }

    private static func fields(_ entry: SessionComparison.Entry) -> [String: Any] {
        var fields = fields(entry.error)
        fields["name"] = entry.name
        fields["node"] = entry.node
        fields["type"] = "\(entry.type)"
        fields["node_b"] = entry.other
        return fields
    }

    private static func fields(_ error: ValueError) -> [String: Any] {
        func number(_ value: Double) -> Any { value.isFinite ? value : "\(value)" }
        var fields: [String: Any] = [
            "beyond": error.isBeyond, "elements_beyond": error.beyondCount, "max_abs": number(error.maxAbsolute), "max_rel": number(error.maxRelative),
        ]
        fields["max_ulp"] = error.maxULP
        fields["mismatch"] = error.mismatch
        if let worst = error.worst { fields["worst"] = ["index": worst.index, "a": number(worst.a), "b": number(worst.b)] as [String: Any] }
        return fields
    }
}
