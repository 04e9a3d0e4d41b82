internal import ArgumentParser
internal import Bytes
internal import Foundation
internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// `onnx-run inspect MODEL`: what a model is made of.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a model is made of.",
        discussion: """
            Without an option: inputs, outputs, operators, parameters, sizes and metadata.
            """)

    @Argument(help: "An ONNX model.", completion: .file()) var model: String
    @Option(help: ArgumentHelp("Show the nodes of this name, or that make this value.", valueName: "name")) var node: String?
    @Flag(help: "Print the graph, a line a node.") var graph = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let model = try Model(contentsOf: self.model)
        if let node {
            let found = model.graph.nodes.filter { $0.name == node || $0.outputs.contains(node) }
            guard !found.isEmpty else { throw ONNXError(.usage, "no node is called '\(node)' or makes a value of that name", place: [self.model]) }
            for node in found { Console.print(node.lines(indent: "").joined(separator: "\n")) }
        } else if graph {
            Console.print("\(model.graph)")
        } else {
            let summary = ModelSummary(model)
            Console.output(json ? try summary.json() : summary.text)
        }
    }
}

/// The figures of a model.
struct ModelSummary {
    private let model: Model
    private let operators: OrderedDictionary<String, Int>
    private let elements: Int
    private let bytes: Int
    private let types: OrderedDictionary<String, Int>

    init(_ model: Model) {
        self.model = model
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

    var text: String {
        var lines: [String] = []
        lines.append("producer     \(model.producerName) \(model.producerVersion)")
        lines.append("ir version   \(model.irVersion)")
        lines.append("opsets       " + model.opsetImports.map { "\($0.key.isEmpty ? "ai.onnx" : $0.key) \($0.value)" }.joined(separator: ", "))
        lines.append("parameters   \(elements) elements in \(model.graph.initializers.count) tensors, \(bytes) bytes")
        lines += types.map { "             \($0.key): \($0.value) bytes" }
        for (title, values) in [("inputs", inputs), ("defaults", defaulted), ("outputs", model.graph.outputs)] where !values.isEmpty {
            lines.append(title)
            lines += values.map { "  \($0.name)  \($0.type.map { "\($0)" } ?? "?")" }
        }
        lines.append("operators    \(operators.values.reduce(0, +)) nodes")
        lines += operators.map { "  \(String(format: "%6d", $0.value))  \($0.key)" }
        if !model.functions.isEmpty { lines.append("functions    " + model.functions.map { "\($0.domain).\($0.name)" }.joined(separator: ", ")) }
        if !model.metadata.isEmpty {
            lines.append("metadata")
            lines += model.metadata.map { "  \($0.key): \($0.value.prefix(200))" }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    func json() throws -> String {
        func list(_ values: [ValueInfo]) -> [[String: String]] { values.map { ["name": $0.name, "type": $0.type.map { "\($0)" } ?? ""] } }
        let fields: [String: Any] = [
            "producer": model.producerName, "producer_version": model.producerVersion, "ir_version": model.irVersion,
            "opsets": Dictionary(uniqueKeysWithValues: model.opsetImports.map { ($0.key, $0.value) }),
            "parameters": elements, "parameter_bytes": bytes, "inputs": list(inputs), "defaults": list(defaulted), "outputs": list(model.graph.outputs),
            "operators": Dictionary(uniqueKeysWithValues: operators.map { ($0.key, $0.value) }),
            "functions": model.functions.map { "\($0.domain).\($0.name)" },
            "metadata": Dictionary(uniqueKeysWithValues: model.metadata.map { ($0.key, $0.value) }),
        ]
        let data = try JSONSerialization.data(withJSONObject: fields, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
