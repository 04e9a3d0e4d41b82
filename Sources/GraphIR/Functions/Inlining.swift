public import Bytes
internal import OrderedCollections

extension Model {
    /// The model with every call of a model-local function replaced by the function's body, however deep they nest.
    ///
    /// Nodes of a body know the operator-set version that it was written in (`Node.version`). Inner values get names of their own.
    /// Throws `.malformed` for functions that call themselves or don't fit their calls, `.limit` where the result would exceed `limits`.
    public func inliningFunctions(limits: Limits = Limits()) throws(ONNXError) -> Model {
        guard !functions.isEmpty else { return self }
        let table = try FunctionTable(functions)
        try table.checkExpansion(of: graph, limits: limits)
        var model = self
        model.graph = try Inliner(table, taken: graph.valueNames).graph(graph, in: nil)
        model.functions = []
        return model
    }
}

/// Replaces calls by bodies. Calls within bodies are kept on a stack of its own: only graphs within graphs, whose depth is bounded, recurse.
final class Inliner {
    private struct Frame {
        let nodes: [Node]
        var next = 0
        let call: Call?
    }

    private let table: FunctionTable
    private var taken: Set<String>
    private var suffixes: [String: Int] = [:]

    init(_ table: FunctionTable, taken: Set<String>) {
        self.table = table
        self.taken = taken
    }

    /// A name that nothing else has, beginning with `wanted`.
    func unique(_ wanted: String) -> String {
        var name = wanted
        while !taken.insert(name).inserted {
            let suffix = suffixes[wanted, default: 0] + 1
            suffixes[wanted] = suffix
            name = "\(wanted)_\(suffix)"
        }
        return name
    }

    /// `graph` with its calls expanded; within a function, as the body `call` has it.
    func graph(_ graph: Graph, in call: Call?) throws(ONNXError) -> Graph {
        var result = graph
        if let call {
            result.inputs = graph.inputs.map { $0.renamed(call.define($0.name, self)) }
            result.initializers = OrderedDictionary(graph.initializers.map { (call.define($0.key, self), $0.value) }) { first, _ in first }
        }
        result.nodes = try nodes(graph.nodes, in: call)
        guard let call else { return result }
        result.outputs = []
        for output in graph.outputs { result.outputs.append(output.renamed(try call.actual(output.name))) }
        result.valueInfo = [:]
        for info in graph.valueInfo.values {
            guard let name = call.definedName(info.name) else { continue }
            result.valueInfo[name] = info.renamed(name)
        }
        return result
    }

    private func nodes(_ nodes: [Node], in call: Call?) throws(ONNXError) -> [Node] {
        var result: [Node] = []
        var stack = [Frame(nodes: nodes, call: call)]
        while let frame = stack.last {
            guard frame.next < frame.nodes.count else {
                stack.removeLast()
                if stack.count > 0, let call = frame.call { result += try call.passedThrough() }
                continue
            }
            stack[stack.count - 1].next += 1
            let node = try instantiate(frame.nodes[frame.next], in: frame.call)
            if let function = try table.function(for: node) {
                stack.append(Frame(nodes: function.nodes, call: try Call(of: function, by: node, within: frame.call)))
            } else {
                result.append(node)
            }
        }
        return result
    }

    /// The node of a body as it is in the graph that calls it; outside of bodies, with its subgraphs expanded.
    private func instantiate(_ node: Node, in call: Call?) throws(ONNXError) -> Node {
        var result = node
        do throws(ONNXError) {
            if let call {
                result.name = node.name.isEmpty ? "" : call.prefix + "/" + node.name
                result.version = try call.version(of: node)
                result.inputs = []
                for name in node.inputs { result.inputs.append(try call.actual(name)) }
            }
            result.attributes = [:]
            for (name, attribute) in node.attributes {
                if case .reference(let target, let kind) = attribute, let call {
                    // Without a value the operator's own default holds.
                    if let value = try call.attribute(target, kind) { result.attributes[name] = value }
                } else {
                    result.attributes[name] = try attribute.mapGraphs { graph throws(ONNXError) in
                        try self.graph(graph, in: call.map { Call(subgraphOf: $0) })
                    }
                }
            }
            if let call { result.outputs = node.outputs.map { $0.isEmpty ? "" : call.define($0, self) } }
            return result
        } catch {
            throw call == nil ? error.at("node \(node)") : error.at("node \(node)").at("function '\(quoted(call?.function.name ?? ""))'")
        }
    }
}
