internal import Bytes
internal import GraphExecutor
internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// `inspect --node`: nodes with the types of what they read and make.
struct NodeReport {
    private let nodes: [Node]
    private let types: [String: String]

    /// The nodes called `name`, in any graph; else those that make or read a value of that name. Throws `.usage` where there is none.
    init(_ model: Model, name: String, path: String) throws {
        var named: [Node] = []
        var touching: [Node] = []
        model.graph.forEachNode { node in
            if node.name == name { named.append(node) }
            if node.outputs.contains(name) || node.inputs.contains(name) { touching.append(node) }
        }
        nodes = named.isEmpty ? touching : named
        guard !nodes.isEmpty else {
            throw ONNXError(
                .usage, "no node is called '\(quoted(name))', makes or reads a value of that name", place: [quoted(path)], remedy: "inspect --graph lists all")
        }
        let graph = model.graph
        // A model that can't run has its declared types still.
        let inferred = (try? Session(model: model, options: SessionOptions(kind: .reference)))?.types ?? [:]
        let declared = Array(graph.valueInfo.values) + graph.inputs + graph.outputs
        var types = Dictionary(declared.compactMap { info in info.type.map { (info.name, "\($0)") } }, uniquingKeysWith: { first, _ in first })
        for (name, type) in inferred { types[name] = "\(type)" }
        for (name, tensor) in graph.initializers { types[name] = "\(tensor), constant" }
        self.types = types
    }

    var text: String {
        nodes.map { node in
            let values = [("reads", node.inputs), ("makes", node.outputs)].flatMap { verb, names in
                names.filter { !$0.isEmpty }.map { "  \(verb)  \(quoted($0))  \(types[$0] ?? "type not known")" }
            }
            return (node.lines(indent: "") + values).map { $0 + "\n" }.joined()
        }.joined()
    }

    func json() throws -> String {
        func values(_ names: [String]) -> [[String: String]] { names.map { ["name": $0, "type": types[$0] ?? ""] } }
        return try JSONText.pretty(
            nodes.map { node -> [String: Any] in
                [
                    "name": node.name, "operator": node.opType, "domain": node.domain, "inputs": values(node.inputs), "outputs": values(node.outputs),
                    "attributes": Dictionary(node.attributes.map { ($0.key, "\($0.value)") }, uniquingKeysWith: { first, _ in first }),
                ]
            })
    }
}
