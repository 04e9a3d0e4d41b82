internal import OrderedCollections
internal import Tensors

extension Model: CustomStringConvertible {
    /// The model as text: what it imports, its functions and its graph, a line for each value and node.
    public var description: String {
        let imports = opsetImports.map { "\($0.key.isEmpty ? "ai.onnx" : $0.key) \($0.value)" }.joined(separator: ", ")
        let producer = producerName.isEmpty ? "" : ", by \(producerName)" + (producerVersion.isEmpty ? "" : " \(producerVersion)")
        let functions = functions.map { $0.description + "\n" }.joined()
        return "model of IR \(irVersion), \(imports)\(producer)\n\(functions)\(graph)"
    }
}

extension Graph: CustomStringConvertible {
    /// The graph as text: inputs, outputs and initializers, then a line for each node, with its subgraphs beneath it.
    public var description: String { lines(indent: "").joined(separator: "\n") }

    fileprivate func lines(indent: String) -> [String] {
        let head = "\(indent)graph \(name)(\(list(inputs))) -> (\(list(outputs)))"
        let constants = initializers.map { "\(indent)  \($0.key): \($0.value)" }
        return [head] + constants + nodes.flatMap { $0.lines(indent: indent + "  ") }
    }

    private func list(_ values: [ValueInfo]) -> String {
        values.map { value in value.name + (value.type.map { ": \($0)" } ?? "") }.joined(separator: ", ")
    }
}

extension Function: CustomStringConvertible {
    /// The function as text, as a graph is written.
    public var description: String {
        let defaults = attributeDefaults.map { "\($0.key) = \($0.value)" }
        let attributes = (attributeNames + defaults).joined(separator: ", ")
        let label = (domain.isEmpty ? "" : domain + ".") + name + (overload.isEmpty ? "" : ":" + overload)
        let imports = opsetImports.map { "\($0.key.isEmpty ? "ai.onnx" : $0.key) \($0.value)" }.joined(separator: ", ")
        let head = "function \(label)" + (attributes.isEmpty ? "" : "<\(attributes)>")
        let body = nodes.flatMap { $0.lines(indent: "  ") }
        return ([head + "(\(inputs.joined(separator: ", "))) -> (\(outputs.joined(separator: ", "))) in \(imports)"] + body).joined(separator: "\n")
    }
}

extension Node {
    /// The node as text: `y = Gather<axis = 0>(table, ids)  # name`, with its subgraphs beneath it.
    package func lines(indent: String) -> [String] {
        let plain = attributes.filter { $0.value.graphs.isEmpty }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
        let operation = (domain.isEmpty ? "" : domain + ".") + opType + (overload.isEmpty ? "" : ":" + overload)
        let made = outputs.map { $0.isEmpty ? "_" : $0 }.joined(separator: ", ")
        let read = inputs.map { $0.isEmpty ? "_" : $0 }.joined(separator: ", ")
        let line = "\(indent)\(made) = \(operation)" + (plain.isEmpty ? "" : "<\(plain)>") + "(\(read))" + (name.isEmpty ? "" : "  # \(name)")
        let bodies = attributes.flatMap { label, attribute in
            attribute.graphs.flatMap { ["\(indent)  \(label):"] + $0.lines(indent: indent + "    ") }
        }
        return [line] + bodies
    }
}

extension Attribute: CustomStringConvertible {
    /// The value, cut where it is long: `[1, 2, … 30 in all]`, `float[2]`, `"text"`, `@alpha`.
    public var description: String {
        switch self {
        case .float(let value): "\(value)"
        case .int(let value): "\(value)"
        case .string(let value): Self.quote(value)
        case .tensor(let value): "\(value)"
        case .graph(let value): "graph \(value.name)"
        case .type(let value): "\(value)"
        case .floats(let values): Self.list(values.prefix(8).map { "\($0)" }, values.count)
        case .ints(let values): Self.list(values.prefix(8).map { "\($0)" }, values.count)
        case .strings(let values): Self.list(values.prefix(8).map(Self.quote), values.count)
        case .tensors(let values): Self.list(values.prefix(8).map { "\($0)" }, values.count)
        case .graphs(let values): Self.list(values.prefix(8).map { "graph \($0.name)" }, values.count)
        case .types(let values): Self.list(values.prefix(8).map { "\($0)" }, values.count)
        case .reference(let name, _): "@\(name)"
        }
    }

    private static func list(_ shown: [String], _ count: Int) -> String {
        "[" + shown.joined(separator: ", ") + (count > shown.count ? ", … \(count) in all" : "") + "]"
    }

    private static func quote(_ text: String) -> String {
        let shown = text.prefix(40)
        return (shown + (shown.endIndex < text.endIndex ? "…" : "")).debugDescription
    }
}
