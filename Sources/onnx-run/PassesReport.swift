internal import Bytes
internal import GraphExecutor
internal import OrderedCollections

/// `inspect --passes`: what the passes of an optimised session did and refused.
struct PassesReport {
    private let reports: [PassReport]

    init(_ reports: [PassReport]) { self.reports = reports }

    var text: String {
        var lines: [String] = []
        for report in reports {
            let kinds = OrderedDictionary(grouping: report.patches, by: \.kind).map { "\($0.value.count) \($0.key)" }
            lines.append("\(report.pass): " + (kinds.isEmpty ? "nothing" : kinds.joined(separator: ", ")))
            lines += report.patches.map { "  \($0.kind)  \($0.node)" }
            lines += report.refusals.map { "  refused  \($0.node): \($0.reason)" }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    func json() throws -> String {
        try JSONText.pretty(
            reports.map { report -> [String: Any] in
                [
                    "pass": report.pass, "patches": report.patches.map { ["kind": $0.kind, "node": $0.node] },
                    "refusals": report.refusals.map { ["node": $0.node, "reason": $0.reason] },
                ]
            })
    }
}
