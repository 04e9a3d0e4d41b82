internal import GraphIR
internal import OpLibrary
internal import OrderedCollections

extension Model {
    /// The model with each fused operator of its main graph replaced by what it means.
    func expandingFusedOperators() throws -> Model {
        var model = self
        for (index, node) in graph.nodes.enumerated() where node.domain == Fused.domain {
            guard let type = Fused.operators.first(where: { $0.schema.name == node.opType }) else { continue }
            var function = try type.expansion(of: node)
            function.overload = "expansion \(index)"
            model.functions.append(function)
            model.graph.nodes[index].overload = function.overload
            model.graph.nodes[index].attributes = [:]
        }
        return model
    }
}
