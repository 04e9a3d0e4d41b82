internal import Bytes
internal import OrderedCollections

/// Checks the names of a graph and of the graphs within it: who makes each value, and whether that is before it is read.
struct GraphCheck {
    let opsets: OrderedDictionary<String, Int>
    let limits: Limits
    let findings: Findings
    /// Where the graph is, outermost first; written out only for findings.
    var place: [Place] = []
    /// The function whose body this is; only there may attributes refer to others.
    var function: Function?

    enum Place {
        case function(String)
        case node(Node)
        case attribute(String)

        var text: String {
            switch self {
            case .function(let name): "function '\(quoted(name))'"
            case .node(let node): "node \(node)"
            case .attribute(let name): quoted(name)
            }
        }
    }

    private enum Maker {
        case input
        case initializer
        case node(Node)

        var text: String {
            switch self {
            case .input: "an input"
            case .initializer: "an initializer"
            case .node(let node): "node \(node)"
            }
        }
    }

    /// The names that are visible in a graph, and what made them.
    private final class Scope {
        let outer: Scope?
        let depth: Int
        var makers: [String: Maker] = [:]

        init(outer: Scope?) {
            self.outer = outer
            depth = (outer?.depth ?? 0) + 1
        }

        func maker(of name: String) -> Maker? {
            makers[name] ?? outer?.maker(of: name)
        }
    }

    func check(_ graph: Graph) {
        check(graph, in: Scope(outer: nil))
    }

    private func check(_ graph: Graph, in scope: Scope) {
        guard scope.depth <= limits.subgraphDepth else {
            report(.limit, "graphs are nested more than \(limits.subgraphDepth) deep", remedy: "raise Limits.subgraphDepth")
            return
        }
        defineInputs(graph, in: scope)
        for name in graph.initializers.keys where scope.makers[name] == nil { scope.makers[name] = .initializer }
        let order = NodeOrder(graph)
        for (index, node) in graph.nodes.enumerated() {
            if findings.isFull { return }
            check(node, index, order, in: scope)
        }
        for output in graph.outputs {
            if output.name.isEmpty {
                report(.malformed, "an output of the graph has no name")
            } else if scope.maker(of: output.name) == nil {
                report(.malformed, "the output '\(quoted(output.name))' is made by no node and is neither an input nor an initializer")
            }
        }
        warnOfUnused(graph)
    }

    private func defineInputs(_ graph: Graph, in scope: Scope) {
        for input in graph.inputs {
            if input.name.isEmpty {
                report(.malformed, "an input of the \(function == nil ? "graph" : "function") has no name")
            } else if scope.makers.updateValue(.input, forKey: input.name) != nil {
                report(.malformed, "there are two inputs '\(quoted(input.name))'")
            }
        }
    }

    private func check(_ node: Node, _ index: Int, _ order: NodeOrder, in scope: Scope) {
        let inner = GraphCheck(opsets: opsets, limits: limits, findings: findings, place: place + [.node(node)], function: function)
        if opsets[node.domain] == nil && node.version == nil {
            let names = opsets.keys.map { $0.isEmpty ? "ai.onnx" : quoted($0) }.joined(separator: ", ")
            let domain = node.domain.isEmpty ? "ai.onnx" : quoted(node.domain)
            inner.report(.malformed, "the domain \(domain) is not imported; \(names.isEmpty ? "nothing" : names) is", remedy: "add it to opset_import")
        }
        for name in OrderedSet(node.inputs) where !name.isEmpty && scope.maker(of: name) == nil {
            inner.reportUndefined(name, at: index, order)
        }
        for (name, attribute) in node.attributes { inner.check(attribute, name, in: scope) }
        for name in node.outputs where !name.isEmpty {
            if let maker = scope.maker(of: name) {
                inner.report(.malformed, "makes '\(quoted(name))', which \(maker.text) makes already: each name has one maker")
            }
            scope.makers[name] = .node(node)
        }
        if !node.outputs.contains(where: { !$0.isEmpty }) {
            inner.findings.add(.warning, ONNXError(.malformed, "makes no value", place: inner.place.map(\.text)))
        }
    }

    private func check(_ attribute: Attribute, _ name: String, in scope: Scope) {
        if case .reference(let target, _) = attribute {
            if let function {
                if !function.attributeNames.contains(target) && function.attributeDefaults[target] == nil {
                    report(.malformed, "attribute '\(quoted(name))' refers to '\(quoted(target))', which the function doesn't have")
                }
            } else {
                report(.malformed, "attribute '\(quoted(name))' refers to another one, which is possible only within a function")
            }
        }
        for graph in attribute.graphs {
            let inner = GraphCheck(opsets: opsets, limits: limits, findings: findings, place: place + [.attribute(name)], function: function)
            inner.check(graph, in: Scope(outer: scope))
        }
    }

    private func reportUndefined(_ name: String, at index: Int, _ order: NodeOrder) {
        guard let maker = order.maker(of: name) else {
            report(.malformed, "reads '\(quoted(name))', which no input, initializer or node makes")
            return
        }
        if let cycle = order.cycle(through: index) {
            report(.malformed, "reads '\(quoted(name))' in a cycle of nodes: \(cycle.joined(separator: " → "))")
        } else {
            report(
                .malformed, "reads '\(quoted(name))' before node \(maker) makes it",
                remedy: "the nodes have a valid order: sort them topologically")
        }
    }

    private func warnOfUnused(_ graph: Graph) {
        var read = Set(graph.outputs.map(\.name)).union(graph.inputs.map(\.name))
        for node in graph.nodes { read.formUnion(node.reads) }
        for name in graph.initializers.keys where !read.contains(name) {
            findings.add(.warning, ONNXError(.usage, "nothing reads the initializer", place: place.map(\.text) + ["initializer '\(quoted(name))'"]))
        }
    }

    private func report(_ code: ONNXError.Code, _ message: String, remedy: String? = nil) {
        findings.add(.error, ONNXError(code, message, place: place.map(\.text), remedy: remedy))
    }
}
