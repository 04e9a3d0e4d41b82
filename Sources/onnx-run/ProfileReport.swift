internal import Bytes
internal import GraphExecutor
internal import OpLibrary
internal import Tensors

/// Where the time of a profiled run went.
struct ProfileReport {
    /// What the machine can do; nil leaves the columns out that tell.
    var limits: MachineLimits?
    private let entries: [Profile.Entry]
    private let total: Double

    /// Of the run that took neither long nor short; there must be one.
    init(medianOf profiles: [Profile]) {
        func time(_ entries: [Profile.Entry]) -> Duration { entries.reduce(.zero) { $0 + $1.duration } }
        let runs = profiles.map(\.entries).sorted { time($0) < time($1) }
        entries = runs[runs.count / 2]
        total = max(time(entries).milliseconds, .leastNormalMagnitude)
    }

    /// The precisions of the products in it.
    var precisions: Set<Precision> { Set(entries.map(Work.init).filter { $0.operations != nil }.map(\.precision)) }

    /// All steps of one operator, those that took longest first.
    private var operators: [(name: String, count: Int, speed: StepSpeed)] {
        Dictionary(grouping: entries, by: \.operation)
            .map { (name: $0, count: $1.count, speed: StepSpeed($1, total: total, limits: limits)) }
            .sorted { ($0.speed.milliseconds, $1.name) > ($1.speed.milliseconds, $0.name) }
    }

    /// A line an operator, and before them a line a step where `withSteps`.
    func text(withSteps: Bool) -> String {
        let (rows, withLimits) = (operators, limits != nil)
        let width = max(8, rows.map(\.name.count).max() ?? 0)
        var text = ""
        if withSteps {
            text += StepSpeed.heads(withLimits: withLimits) + "   step\n"
            for entry in entries { text += StepSpeed([entry], total: total, limits: limits).cells(withLimits: withLimits) + "   \(entry.node)\n" }
            text += "\n"
        }
        text += "operator".padded(to: width) + "   count" + StepSpeed.heads(withLimits: withLimits) + "\n"
        for row in rows {
            text += row.name.padded(to: width) + "\(row.count)".aligned(to: 8) + row.speed.cells(withLimits: withLimits) + "\n"
        }
        return text + (limits?.text ?? "")
    }

    /// The same for programs.
    func fields(withSteps: Bool) -> [String: Any] {
        var fields: [String: Any] = [
            "operators": operators.map { row in row.speed.fields.merging(["operator": row.name, "count": row.count]) { $1 } }
        ]
        fields["limits"] = limits?.fields
        guard withSteps else { return fields }
        fields["steps"] = entries.map { entry in
            StepSpeed([entry], total: total, limits: limits).fields.merging(["operator": entry.operation, "node": entry.node]) { $1 }
        }
        return fields
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
