internal import Bytes
internal import Converter
internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// The figures of a model.
struct ModelSummary {
    private let model: Model
    /// The files that a native file carries.
    private let carried: [String]
    private let operators: OrderedDictionary<String, Int>
    private let elements: Int
    private let bytes: Int
    private let types: OrderedDictionary<String, Int>

    init(_ file: ModelFile) {
        model = file.model
        carried = file.native?.fileNames ?? []
        var counts: [String: Int] = [:]
        model.graph.forEachNode { node in counts[node.domain.isEmpty ? node.opType : "\(node.domain).\(node.opType)", default: 0] += 1 }
        operators = OrderedDictionary(uniqueKeysWithValues: counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) })
        var bytesByType: [String: Int] = [:]
        for tensor in model.graph.initializers.values { bytesByType[tensor.elementType.name, default: 0] += tensor.byteCount }
        types = OrderedDictionary(uniqueKeysWithValues: bytesByType.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        elements = model.graph.initializers.values.reduce(0) { $0 &+ $1.count }
        bytes = bytesByType.values.reduce(0, &+)
    }

    private var inputs: [ValueInfo] { model.graph.inputs.filter { model.graph.initializers[$0.name] == nil } }
    private var defaulted: [ValueInfo] { model.graph.inputs.filter { model.graph.initializers[$0.name] != nil } }

    /// What the metadata says of the licence, under any of the keys in use.
    private var licence: String? {
        model.metadata.first { key, _ in ["license", "licence", "license_name", "model_license", "spdx"].contains(key.lowercased()) }?.value
    }

    private func domain(_ name: String) -> String { name.isEmpty ? "ai.onnx" : quoted(name) }

    var text: String {
        var lines: [String] = []
        let producer = [model.producerName, model.producerVersion].filter { !$0.isEmpty }.map(quoted).joined(separator: " ")
        lines.append("producer     \(producer.isEmpty ? "not said" : producer), IR version \(model.irVersion)")
        lines.append("opsets       " + model.opsetImports.map { "\(domain($0.key)) \($0.value)" }.joined(separator: ", "))
        lines.append("licence      \(licence.map(quoted) ?? "not said")")
        lines.append("parameters   \(elements) elements in \(model.graph.initializers.count) tensors, \(bytes) bytes")
        lines += types.map { "             \($0.key): \($0.value) bytes" }
        if !model.externalFiles.isEmpty { lines.append("files        " + model.externalFiles.map(quoted).joined(separator: ", ")) }
        if !carried.isEmpty { lines.append("carries      " + carried.map(quoted).joined(separator: ", ")) }
        for (title, values) in [("inputs", inputs), ("defaults", defaulted), ("outputs", model.graph.outputs)] where !values.isEmpty {
            lines.append(title)
            lines += values.map { "  \(quoted($0.name))  \($0.type.map { "\($0)" } ?? "?")" }
        }
        lines.append("operators    \(operators.values.reduce(0, +)) nodes")
        lines += operators.map { "  \("\($0.value)".aligned(to: 6))  \(quoted($0.key))" }
        if !model.functions.isEmpty { lines.append("functions    " + model.functions.map { quoted("\($0.domain).\($0.name)") }.joined(separator: ", ")) }
        if !model.metadata.isEmpty {
            lines.append("metadata")
            lines += model.metadata.map { "  \(quoted($0.key)): \(quoted(String($0.value.prefix(200))))" }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    func json() throws -> String {
        func list(_ values: [ValueInfo]) -> [[String: String]] { values.map { ["name": $0.name, "type": $0.type.map { "\($0)" } ?? ""] } }
        var fields: [String: Any] = [
            "producer": model.producerName, "producer_version": model.producerVersion, "ir_version": model.irVersion,
            "opsets": Dictionary(model.opsetImports.map { ($0.key.isEmpty ? "ai.onnx" : $0.key, $0.value) }, uniquingKeysWith: { first, _ in first }),
            "parameters": elements, "parameter_bytes": bytes, "inputs": list(inputs), "defaults": list(defaulted), "outputs": list(model.graph.outputs),
            "operators": Dictionary(uniqueKeysWithValues: operators.map { ($0.key, $0.value) }), "external_files": model.externalFiles, "files": carried,
            "functions": model.functions.map { "\($0.domain).\($0.name)" },
            "metadata": Dictionary(uniqueKeysWithValues: model.metadata.map { ($0.key, $0.value) }),
        ]
        fields["licence"] = licence
        return try JSONText.pretty(fields)
    }
}
