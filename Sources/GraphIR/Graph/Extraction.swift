package import Bytes
internal import OrderedCollections
package import Tensors

extension Model {
    /// The nodes that make `output`, back to the values of `boundary`, as a model of their own that takes those values and the constants with it.
    ///
    /// Throws `.usage` where no node makes `output`.
    package func extracting(_ output: ValueInfo, from boundary: [String: ValueType]) throws(ONNXError) -> Model {
        var makers: [String: Int] = [:]
        for (index, node) in graph.nodes.enumerated() { for name in node.outputs where !name.isEmpty { makers[name] = index } }
        guard let last = makers[output.name] else { throw ONNXError(.usage, "no node makes '\(quoted(output.name))'") }
        var taken: Set<Int> = [last]
        var read: OrderedSet<String> = []
        var waiting = [last]
        while let index = waiting.popLast() {
            for name in graph.nodes[index].reads where read.append(name).inserted && boundary[name] == nil {
                if let maker = makers[name], taken.insert(maker).inserted { waiting.append(maker) }
            }
        }
        var part = Graph(name: graph.name)
        part.nodes = taken.sorted().map { graph.nodes[$0] }
        part.initializers = graph.initializers.filter { read.contains($0.key) && boundary[$0.key] == nil }
        let made = Set(part.nodes.flatMap(\.outputs))
        for name in read where part.initializers[name] == nil && (boundary[name] != nil || !made.contains(name)) {
            part.inputs.append(ValueInfo(name, boundary[name] ?? graph.inputs.first { $0.name == name }?.type))
        }
        part.outputs = [output]
        var model = self
        model.graph = part
        return model
    }
}
