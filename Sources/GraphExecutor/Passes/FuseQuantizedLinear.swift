internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Integer products with a constant matrix that are cast and scaled to floats, and the bias, activation and residual that follow.
enum FuseQuantizedLinear: Pass {
    static let name = "fuse quantized linear layers"

    static func run(_ editor: GraphEditor) {
        for (index, node) in editor.nodes(of: "MatMulInteger") {
            guard let b = editor.constant(node.inputs[1]), b.rank == 2, let rank = editor.shape(node.inputs[0])?.count, rank >= 2 else { continue }
            fuse(index, node, columns: b.shape[1], editor)
        }
    }

    private static func fuse(_ index: Int, _ node: Node, columns: Int, _ editor: GraphEditor) {
        func zero(_ input: Int) -> String { node.inputs.count > input ? node.inputs[input] : "" }
        guard zero(2).isEmpty || isScalar(zero(2), editor) else { return editor.refuse(node, "A has more zero points than one") }
        guard zero(3).isEmpty || isVector(zero(3), columns, editor) else { return editor.refuse(node, "B's zero points are no constants of the columns") }
        guard let cast = editor.onlyReader(node.outputs[0]), isFloatCast(cast.node), let product = editor.onlyReader(cast.node.outputs[0]),
            product.node.opType == "Mul", product.node.domain.isEmpty,
            let scales = scales(product.node.inputs[product.node.inputs[0] == cast.node.outputs[0] ? 1 : 0], columns, editor)
        else { return editor.refuse(node, "what follows is no cast to float and one scale") }
        var inputs = [node.inputs[0], node.inputs[1], scales.a, scales.b, zero(2), zero(3), "", ""]
        let tail = LinearTail(after: product, columns: columns, editor)
        (inputs[6], inputs[7]) = (tail.bias, tail.residual)
        while inputs.last?.isEmpty ?? false { inputs.removeLast() }
        let fused = Node(
            "QuantizedLinear", domain: Fused.domain, name: node.name, inputs: inputs, outputs: tail.last.node.outputs,
            attributes: ["activation": .string(tail.activation)])
        editor.replace(tail.last.index, with: fused, removing: [index, cast.index] + tail.nodes, as: "quantized linear")
    }

    private static func isFloatCast(_ node: Node) -> Bool {
        guard node.opType == "Cast", node.domain.isEmpty, case .int(1)? = node.attributes["to"] else { return false }
        return true
    }

    /// The two factors of the scale: one of A, one of B or one a column.
    private static func scales(_ name: String, _ columns: Int, _ editor: GraphEditor) -> (a: String, b: String)? {
        guard let (_, node) = editor.producer(name), node.opType == "Mul", node.domain.isEmpty, node.inputs.count == 2 else { return nil }
        for (a, b) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])]
        where isScalar(a, editor) && editor.constant(a) == nil && isVector(b, columns, editor) && editor.isFloat(a) && editor.isFloat(b) {
            return (a, b)
        }
        return nil
    }

    /// Whether the value has one element and so few axes that it broadcasts to any matrix.
    private static func isScalar(_ name: String, _ editor: GraphEditor) -> Bool {
        editor.shape(name).map { $0.count <= 1 && $0.allSatisfy { $0.size == 1 } } ?? false
    }

    /// Whether the value is a constant of one element, or of one a column.
    private static func isVector(_ name: String, _ columns: Int, _ editor: GraphEditor) -> Bool {
        editor.constant(name).map { $0.rank <= 1 && ($0.count == 1 || $0.count == columns) } ?? false
    }
}
