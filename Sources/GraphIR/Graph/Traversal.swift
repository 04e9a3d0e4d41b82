package import OrderedCollections

extension Attribute {
    /// The graphs that the attribute holds.
    package var graphs: [Graph] {
        switch self {
        case .graph(let graph): [graph]
        case .graphs(let graphs): graphs
        default: []
        }
    }

    /// The attribute with each graph that it holds replaced.
    package func mapGraphs<E: Error>(_ transform: (Graph) throws(E) -> Graph) throws(E) -> Attribute {
        switch self {
        case .graph(let graph): return .graph(try transform(graph))
        case .graphs(let graphs):
            var results: [Graph] = []
            for graph in graphs { results.append(try transform(graph)) }
            return .graphs(results)
        default: return self
        }
    }
}

extension Node {
    /// The graphs in the node's attributes: bodies and branches.
    package var subgraphs: [Graph] { attributes.values.flatMap(\.graphs) }

    /// The names that the node's subgraphs read from the graphs around them, in the order of their first use.
    package var captures: OrderedSet<String> {
        subgraphs.reduce(into: []) { $0.formUnion($1.captures) }
    }

    /// Every value that the node needs: its inputs and what its subgraphs capture.
    package var reads: OrderedSet<String> {
        captures.union(inputs.filter { !$0.isEmpty })
    }

    /// Whether the node's operator is called `opType` in `domain`.
    package func isOperator(_ opType: String, domain: String = "") -> Bool {
        self.opType == opType && self.domain == domain
    }
}

extension Graph {
    /// Calls `body` for each node in order; with `recursively`, for those of its subgraphs right after it.
    package func forEachNode<E: Error>(recursively: Bool = true, _ body: (Node) throws(E) -> Void) throws(E) {
        for node in nodes {
            try body(node)
            if recursively {
                for graph in node.subgraphs { try graph.forEachNode(body) }
            }
        }
    }

    /// The names that the graph reads and doesn't define, in the order of their first use.
    package var captures: OrderedSet<String> {
        var defined = Set(inputs.map(\.name)).union(initializers.keys)
        var captures: OrderedSet<String> = []
        for node in nodes {
            for name in node.reads where !defined.contains(name) { captures.append(name) }
            defined.formUnion(node.outputs)
        }
        for output in outputs where !defined.contains(output.name) { captures.append(output.name) }
        return captures
    }

    /// Every name of a value in the graph and its subgraphs.
    package var valueNames: Set<String> {
        var names = Set(initializers.keys).union(valueInfo.keys).union(inputs.map(\.name)).union(outputs.map(\.name))
        for node in nodes {
            names.formUnion(node.inputs)
            names.formUnion(node.outputs)
            for graph in node.subgraphs { names.formUnion(graph.valueNames) }
        }
        names.remove("")
        return names
    }

    /// The graph with its values renamed. Subgraphs follow, but for names that they define themselves.
    package func renaming(_ names: [String: String]) -> Graph {
        guard !names.isEmpty else { return self }
        func renamed(_ name: String) -> String { names[name] ?? name }
        var graph = self
        graph.nodes = nodes.map { $0.renaming(inputs: names, outputs: names) }
        graph.inputs = inputs.map { $0.renamed(renamed($0.name)) }
        graph.outputs = outputs.map { $0.renamed(renamed($0.name)) }
        graph.initializers = OrderedDictionary(initializers.map { (renamed($0.key), $0.value) }) { first, _ in first }
        graph.valueInfo = OrderedDictionary(valueInfo.values.map { (renamed($0.name), $0.renamed(renamed($0.name))) }) { first, _ in first }
        return graph
    }

    /// The names that the graph defines itself.
    package var definitions: Set<String> {
        Set(inputs.map(\.name)).union(initializers.keys).union(nodes.flatMap(\.outputs))
    }
}

extension Node {
    /// The node with the values that it reads and writes renamed. What its subgraphs capture is read.
    package func renaming(inputs: [String: String] = [:], outputs: [String: String] = [:]) -> Node {
        var node = self
        node.inputs = self.inputs.map { inputs[$0] ?? $0 }
        node.outputs = self.outputs.map { outputs[$0] ?? $0 }
        for (name, attribute) in attributes where !attribute.graphs.isEmpty {
            node.attributes[name] = attribute.mapGraphs { graph in
                let own = graph.definitions
                return graph.renaming(inputs.filter { !own.contains($0.key) })
            }
        }
        return node
    }
}

extension ValueInfo {
    func renamed(_ name: String) -> ValueInfo {
        var info = self
        info.name = name
        return info
    }
}
