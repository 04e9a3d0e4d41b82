public import Bytes
internal import OrderedCollections

extension Model {
    /// Everything about the model's structure that is not as ONNX asks, up to a hundred findings: names, order of nodes, cycles, what is read and made,
    /// operator sets, functions. Knows no operator: whether a node fits its operator is found when a session is made.
    public func check(limits: Limits = Limits()) -> [Finding] {
        let findings = Findings()
        if !(3...14).contains(irVersion) {
            findings.add(.error, ONNXError(irVersion > 14 ? .unsupported : .malformed, "the model has IR version \(irVersion); 3 to 14 are supported"))
        }
        GraphCheck(opsets: opsetImports, limits: limits, findings: findings).check(graph)
        checkFunctions(limits, findings)
        return findings.all
    }

    /// Throws the first error that `check` finds.
    public func validate(limits: Limits = Limits()) throws(ONNXError) {
        if let finding = check(limits: limits).first(where: { $0.severity == .error }) { throw finding.error }
    }

    private func checkFunctions(_ limits: Limits, _ findings: Findings) {
        var called: Set<FunctionKey> = []
        graph.forEachNode { called.insert(FunctionKey($0)) }
        for function in functions {
            let body = GraphCheck(
                opsets: function.opsetImports, limits: limits, findings: findings, place: [.function(function.name)], function: function)
            body.check(function.bodyGraph)
            function.nodes.forEach { node in
                called.insert(FunctionKey(node))
                node.subgraphs.forEach { $0.forEachNode { called.insert(FunctionKey($0)) } }
            }
        }
        for function in functions where !called.contains(FunctionKey(function)) {
            findings.add(.warning, ONNXError(.usage, "nothing calls the function", place: ["function '\(quoted(function.name))'"]))
        }
        do throws(ONNXError) {
            try FunctionTable(functions).checkExpansion(of: graph, limits: limits)
        } catch {
            findings.add(.error, error)
        }
    }
}

extension Function {
    /// The body as a graph of untyped values.
    var bodyGraph: Graph {
        var graph = Graph(name: name)
        graph.nodes = nodes
        graph.inputs = inputs.map { ValueInfo($0) }
        graph.outputs = outputs.map { ValueInfo($0) }
        return graph
    }
}
