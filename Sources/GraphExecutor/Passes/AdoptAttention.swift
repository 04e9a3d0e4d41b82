internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Brings ONNX's own Attention, where it does no more than softmax(scale Q K' + mask) V, to the form that other attentions are brought to.
enum AdoptAttention: Pass {
    static let name = "adopt attention operators"

    private struct Refusal: Error { let reason: String }

    static func run(_ editor: GraphEditor) {
        /// What hides keys, by the mask that shows them.
        var hiding: [String: String] = [:]
        for (index, node) in editor.nodes(of: "Attention") {
            do { try adopt(index, node, &hiding, editor) } catch { editor.refuse(node, error.reason) }
        }
    }

    private static func adopt(_ index: Int, _ node: Node, _ hiding: inout [String: String], _ editor: GraphEditor) throws(Refusal) {
        func require(_ condition: Bool, _ reason: String) throws(Refusal) { if !condition { throw Refusal(reason: reason) } }
        func int(_ name: String) -> Int64? { if case .int(let value)? = node.attributes[name] { value } else { nil } }
        func float(_ name: String) -> Float? { if case .float(let value)? = node.attributes[name] { value } else { nil } }
        let names = Array(node.inputs[..<3])
        let shapes = names.compactMap { editor.shape($0) }
        try require(shapes.allSatisfy { $0.count == 4 } && shapes.count == 3 && names.allSatisfy(editor.isFloat), "its operands are no floats of rank 4")
        try require(node.inputs.dropFirst(4).allSatisfy(\.isEmpty), "it has past keys or lengths")
        try require(node.outputs.dropFirst().allSatisfy { editor.useCount($0) == 0 && !editor.isOutput($0) }, "it has more outputs than one")
        try require(int("is_causal") ?? 0 == 0 && float("softcap") ?? 0 == 0, "it is causal or caps scores")
        try require(int("left_window_size") ?? -1 < 0 && int("right_window_size") ?? -1 < 0, "it has a window")
        try require([nil, Int64(ElementType.float.rawValue)].contains(int("softmax_precision")), "its softmax is of another type")
        try require(
            shapes[0][1].size != nil && shapes[0][1] == shapes[1][1] && shapes[1][1] == shapes[2][1], "queries and keys are not known to have as many heads")
        guard let size = shapes[0][3].size, size > 0 else { throw Refusal(reason: "the size of a head is not known") }

        var attributes: OrderedDictionary<String, Attribute> = ["scale": .float(float("scale") ?? 1 / Float(size).squareRoot()), "guards": .int(1)]
        var inputs: [String] = []
        for (name, flag) in zip(names, ["q_rows_first", "k_rows_first", "v_rows_first"]) {
            let source = transposed(editor.producer(name)?.node)
            if source != nil { attributes[flag] = .int(1) }
            inputs.append(source ?? name)
        }
        if node.inputs.count > 3, !node.inputs[3].isEmpty { inputs.append(try mask(index, node, shapes[1][2], &attributes, &hiding, editor)) }
        var fused = Node("Attention", domain: Fused.domain, name: node.name, inputs: inputs, outputs: [node.outputs[0]], attributes: attributes)
        guard let reader = editor.onlyReader(node.outputs[0]), transposed(reader.node) == node.outputs[0] else {
            return editor.replace(index, with: fused, as: "adopted")
        }
        fused.outputs = reader.node.outputs
        fused.attributes["y_rows_first"] = .int(1)
        editor.replace(reader.index, with: fused, removing: [index], as: "adopted")
    }

    /// What a transpose changes the places of heads and rows of.
    private static func transposed(_ node: Node?) -> String? {
        guard let node, node.opType == "Transpose", node.domain.isEmpty, case .ints([0, 2, 1, 3])? = node.attributes["perm"] else { return nil }
        return node.inputs[0]
    }

    /// The mask as the other form has it: a bool one says there what is hidden.
    private static func mask(
        _ index: Int, _ node: Node, _ keys: Dimension, _ attributes: inout OrderedDictionary<String, Attribute>, _ hiding: inout [String: String],
        _ editor: GraphEditor
    ) throws(Refusal) -> String {
        let name = node.inputs[3]
        guard let shape = editor.shape(name), (1...4).contains(shape.count), let last = shape.last, last == keys else {
            throw Refusal(reason: "the mask is not known to have each key")
        }
        switch editor.type(name)?.elementType {
        case .float: return name
        case .bool:
            attributes["fill"] = .float(-.infinity)
            if let found = hiding[name] { return found }
            let hidden = editor.newName("\(name)_hidden")
            editor.insert(Node("Not", inputs: [name], outputs: [hidden]), before: index)
            hiding[name] = hidden
            return hidden
        default: throw Refusal(reason: "the mask is neither float nor bool")
        }
    }
}
