internal import Bytes
internal import Foundation
internal import GraphExecutor
internal import Tensors

/// Where the time of a profiled run went.
struct ProfileReport {
    /// All steps of one operator.
    struct Row {
        let operation: String
        let count: Int
        let milliseconds: Double
        let share: Double
        /// 10^9 operations a second; nil where the operator is no product.
        let gigaflops: Double?
        /// 10^9 bytes a second.
        let gigabytes: Double
    }

    /// The longest first.
    let rows: [Row]
    private let entries: [Profile.Entry]

    /// Of the run that took neither long nor short; there must be one.
    init(medianOf profiles: [Profile]) {
        func time(_ entries: [Profile.Entry]) -> Duration { entries.reduce(.zero) { $0 + $1.duration } }
        let runs = profiles.map(\.entries).sorted { time($0) < time($1) }
        entries = runs[runs.count / 2]
        let total = max(entries.reduce(0) { $0 + $1.duration.milliseconds }, .leastNormalMagnitude)
        rows = Dictionary(grouping: entries, by: \.operation).map { operation, steps in
            let time = max(steps.reduce(0) { $0 + $1.duration.milliseconds }, .leastNormalMagnitude)
            let work = steps.map(Work.init)
            let operations = work.compactMap(\.operations)
            return Row(
                operation: operation, count: steps.count, milliseconds: time, share: time / total,
                gigaflops: operations.isEmpty ? nil : operations.reduce(0, +) / time / 1e6, gigabytes: work.reduce(0) { $0 + $1.bytes } / time / 1e6)
        }.sorted { ($0.milliseconds, $1.operation) > ($1.milliseconds, $0.operation) }
    }

    var text: String {
        func cell(_ value: Double, _ width: Int, _ format: String) -> String {
            let text = String(format: format, value)
            return String(repeating: " ", count: max(0, width - text.count)) + text
        }
        let width = max(8, rows.map(\.operation.count).max() ?? 0)
        var text = "operator".padding(toLength: width, withPad: " ", startingAt: 0) + "   count        ms   share   GFLOP/s      GB/s\n"
        for row in rows {
            text += row.operation.padding(toLength: width, withPad: " ", startingAt: 0)
            text += cell(Double(row.count), 8, "%.0f") + cell(row.milliseconds, 10, "%.3f") + cell(row.share * 100, 7, "%.1f") + "%"
            text += (row.gigaflops.map { cell($0, 10, "%.1f") } ?? "         -") + cell(row.gigabytes, 10, "%.1f") + "\n"
        }
        return text
    }

    var fields: [[String: Any]] {
        rows.map { row in
            var fields: [String: Any] = [
                "operator": row.operation, "count": row.count, "ms": row.milliseconds, "share": row.share, "gigabytes_per_s": row.gigabytes,
            ]
            fields["gigaflops_per_s"] = row.gigaflops
            return fields
        }
    }

    /// Writes the steps in the trace format that Perfetto and Chrome read.
    ///
    /// Source: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
    func writeTrace(to path: String) throws {
        let file = try AtomicFile(path: path)
        var json = JSONWriter { try file.write($0) }
        try json.beginObject()
        try json.name("displayTimeUnit")
        try json.string("ms")
        try json.name("traceEvents")
        try json.beginArray()
        for entry in entries { try Self.write(entry, &json) }
        try json.endArray()
        try json.endObject()
        try json.endLine()
        try file.commit()
    }

    private static func write(_ entry: Profile.Entry, _ json: inout JSONWriter) throws {
        try json.beginObject()
        for (name, text) in [("name", entry.operation), ("cat", "operator"), ("ph", "X")] {
            try json.name(name)
            try json.string(text)
        }
        for (name, time) in [("ts", entry.start), ("dur", entry.duration)] {
            try json.name(name)
            try json.number(time.milliseconds * 1e3)
        }
        for name in ["pid", "tid"] {
            try json.name(name)
            try json.integer(1)
        }
        try json.name("args")
        try json.beginObject()
        try json.name("node")
        try json.string(entry.node)
        for (name, types) in [("inputs", entry.inputs), ("outputs", entry.outputs)] {
            try json.name(name)
            try json.string(types.map { $0.map { "\($0)" } ?? "none" }.joined(separator: ", "))
        }
        try json.endObject()
        try json.endObject()
    }
}
