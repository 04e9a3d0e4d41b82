internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Products with a constant matrix, and the bias, activation and residual that follow them.
enum FuseLinear: Pass {
    static let name = "fuse linear layers"

    private static let activations = ["Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid"]

    /// The function that a node applies, where a product can do it.
    static func activation(_ node: Node) -> String? {
        if node.domain.isEmpty { return activations[node.opType] }
        guard node.domain == Fused.domain, node.opType == "Activation", case .string(let name)? = node.attributes["function"] else { return nil }
        return name
    }

    static func run(_ editor: GraphEditor) {
        for (index, node) in editor.nodes(of: "MatMul") {
            guard editor.isFloat(node.inputs[0]), let rank = editor.shape(node.inputs[0])?.count, rank >= 2 else { continue }
            guard let (weight, isTransposed) = weight(node.inputs[1], editor) else { continue }
            fuse(index, node, inputs: [node.inputs[0], weight, "", ""], isTransposed: isTransposed, editor)
        }
        for (index, node) in editor.nodes(of: "Gemm") { fuseGemm(index, node, editor) }
    }

    /// The constant matrix, or the one whose transpose the value is.
    private static func weight(_ name: String, _ editor: GraphEditor) -> (String, Bool)? {
        if editor.constant(name)?.rank == 2 { return (name, false) }
        guard let (_, node) = editor.producer(name), node.opType == "Transpose", editor.constant(node.inputs[0])?.rank == 2 else { return nil }
        if case .ints(let order)? = node.attributes["perm"], order != [1, 0] { return nil }
        return (node.inputs[0], true)
    }

    private static func fuseGemm(_ index: Int, _ node: Node, _ editor: GraphEditor) {
        guard editor.isFloat(node.inputs[0]), editor.constant(node.inputs[1])?.rank == 2 else { return }
        let bias = node.inputs.count > 2 ? node.inputs[2] : ""
        guard bias.isEmpty || isBias(bias, of: node.outputs[0], editor) else { return editor.refuse(node, "C is no constant vector of the columns") }
        guard isPlain(node) else { return editor.refuse(node, "A is transposed, or alpha or beta are not 1") }
        fuse(index, node, inputs: [node.inputs[0], node.inputs[1], bias, ""], isTransposed: node.integer("transB") ?? 0 != 0, editor)
    }

    /// Whether a Gemm takes A as it is, alpha and beta 1.
    static func isPlain(_ node: Node) -> Bool {
        func isOne(_ name: String) -> Bool { if case .float(let value)? = node.attributes[name] { value == 1 } else { true } }
        return node.integer("transA") ?? 0 == 0 && isOne("alpha") && isOne("beta")
    }

    /// Whether `name` is a constant vector with an element for each column of `product`.
    static func isBias(_ name: String, of product: String, _ editor: GraphEditor) -> Bool {
        guard let bias = editor.constant(name), bias.rank == 1, let columns = editor.shape(product)?.last?.size else { return false }
        return bias.count == columns && bias.elementType == .float
    }

    private static func fuse(_ index: Int, _ node: Node, inputs: [String], isTransposed: Bool, _ editor: GraphEditor) {
        var inputs = inputs
        var last = (index: index, node: node)
        var removed = [index]
        var activation: String?
        while let next = editor.onlyReader(last.node.outputs[0]) {
            let value = last.node.outputs[0]
            if activation == nil, let name = Self.activation(next.node) {
                activation = name
            } else if next.node.domain.isEmpty, next.node.opType == "Add" {
                let other = next.node.inputs[next.node.inputs[0] == value ? 1 : 0]
                if inputs[2].isEmpty, activation == nil, isBias(other, of: value, editor) {
                    inputs[2] = other
                } else if editor.isFloat(other), editor.constant(other) == nil, isSameRank(other, value, editor) {
                    inputs[3] = other
                } else {
                    break
                }
            } else {
                break
            }
            last = next
            removed.append(next.index)
            if !inputs[3].isEmpty { break }
        }
        while inputs.last?.isEmpty ?? false { inputs.removeLast() }
        var attributes: OrderedDictionary<String, Attribute> = ["activation": .string(activation ?? "identity")]
        if isTransposed { attributes["transB"] = .int(1) }
        let fused = Node("Linear", domain: Fused.domain, name: node.name, inputs: inputs, outputs: last.node.outputs, attributes: attributes)
        editor.replace(last.index, with: fused, removing: removed, as: "linear")
    }

    /// A residual that is of another rank is hardly one.
    private static func isSameRank(_ a: String, _ b: String, _ editor: GraphEditor) -> Bool {
        guard let x = editor.shape(a), let y = editor.shape(b) else { return false }
        return x.count == y.count && x.last == y.last
    }
}
