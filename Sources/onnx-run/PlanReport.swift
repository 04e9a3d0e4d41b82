internal import GraphExecutor

/// `inspect --plan`: the steps of a run and where the arena holds what they make.
struct PlanReport {
    private let plan: PlanSummary

    init(_ plan: PlanSummary) { self.plan = plan }

    var text: String {
        var lines = ["    offset  value"]
        for step in plan.steps {
            lines.append("            \(step.node)")
            for output in step.outputs {
                let offset = output.offset.map(String.init) ?? "own"
                lines.append(offset.aligned(to: 10) + "    \(output.name)  \(output.type.map { "\($0)" } ?? "?")")
            }
        }
        if let open = plan.openNode { lines.append("the plan ends at \(open): the shapes of its outputs depend on data") }
        let peak = plan.peak.map { ", at most \($0.byteCount) in use at once, at \($0.node)" } ?? ""
        lines.append("\(plan.steps.count) steps, \(plan.computedNodeCount) nodes computed or viewed; an arena of \(plan.arenaByteCount) bytes\(peak)")
        return lines.map { $0 + "\n" }.joined()
    }

    func json() throws -> String {
        let steps = plan.steps.map { step -> [String: Any] in
            let outputs = step.outputs.map { output -> [String: Any] in
                var fields: [String: Any] = ["name": output.name, "type": output.type.map { "\($0)" } ?? ""]
                fields["offset"] = output.offset
                return fields
            }
            return ["node": step.node, "outputs": outputs]
        }
        var fields: [String: Any] = ["steps": steps, "arena_bytes": plan.arenaByteCount, "computed_nodes": plan.computedNodeCount]
        fields["peak_bytes"] = plan.peak?.byteCount
        fields["peak_node"] = plan.peak?.node
        fields["open_node"] = plan.openNode
        return try JSONText.pretty(fields)
    }
}
