internal import Bytes
internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Products of dequantized bytes with a dequantized constant matrix, as static quantization writes them: their sums are made of integers, and so exact.
enum FuseDequantizedProduct: Pass {
    static let name = "fuse products of dequantized bytes"

    /// Rows of the matrix up to which a sum of products of bytes less their zero points stays within 32 bits.
    private static let greatestDepth = Int(Int32.max) / (255 * 255)

    static func run(_ editor: GraphEditor) {
        for (index, node) in editor.nodes(of: "MatMul") { fuse(index, node, isTransposed: false, bias: "", editor) }
        for (index, node) in editor.nodes(of: "Gemm") {
            guard FuseLinear.isPlain(node) else { continue }
            let bias = node.inputs.count > 2 ? node.inputs[2] : ""
            guard bias.isEmpty || FuseLinear.isBias(bias, of: node.outputs[0], editor) else { continue }
            fuse(index, node, isTransposed: node.integer("transB") ?? 0 != 0, bias: bias, editor)
        }
    }

    private static func fuse(_ index: Int, _ node: Node, isTransposed: Bool, bias: String, _ editor: GraphEditor) {
        guard let left = editor.producer(node.inputs[0])?.node, let right = editor.producer(node.inputs[1])?.node, right.opType == "DequantizeLinear",
            let matrix = editor.constant(right.inputs[0]), matrix.rank == 2
        else { return }
        let (depth, columns) = isTransposed ? (matrix.shape[1], matrix.shape[0]) : (matrix.shape[0], matrix.shape[1])
        guard let a = DequantizedBytes(left, scales: 1, axis: nil, editor), (editor.shape(node.inputs[0])?.count ?? 0) >= 2 else {
            return editor.refuse(node, "A is no dequantized bytes with one constant scale")
        }
        guard let b = DequantizedBytes(right, scales: columns, axis: isTransposed ? 0 : 1, editor) else {
            return editor.refuse(node, "B is no dequantized bytes with one constant scale, or one a column")
        }
        guard depth <= greatestDepth else { return editor.refuse(node, "sums over \(depth) products of bytes may leave 32 bits") }
        guard b.scaleValues.allSatisfy({ (a.scaleValues[0] * $0).isNormal }) else { return editor.refuse(node, "a product of scales is no normal number") }
        let tail = LinearTail(after: (index, node), columns: columns, bias: bias, editor)
        var inputs = [a.bytes, b.bytes, a.scale, b.scale, a.zero, b.zero, tail.bias, tail.residual]
        while inputs.last?.isEmpty ?? false { inputs.removeLast() }
        var attributes: OrderedDictionary<String, Attribute> = ["activation": .string(tail.activation)]
        if isTransposed { attributes["transB"] = .int(1) }
        let fused = Node("QuantizedLinear", domain: Fused.domain, name: node.name, inputs: inputs, outputs: tail.last.node.outputs, attributes: attributes)
        editor.replace(tail.last.index, with: fused, removing: tail.nodes, as: "dequantized product")
    }

    /// Whether a constant is dequantized in each run.
    static func leaves(_ graph: Graph) -> Bool {
        graph.nodes.contains { node in
            node.opType == "DequantizeLinear" && node.domain.isEmpty && node.inputs.allSatisfy { $0.isEmpty || graph.initializers[$0] != nil }
        }
    }

    /// Dequantized constants that are to stay bytes: matrices that this pass will find, and tables whose rows are quantized again as they were.
    static func keptBytes(_ graph: Graph) -> Set<String> {
        let producers = Dictionary(graph.nodes.flatMap { node in node.outputs.map { ($0, node) } }, uniquingKeysWith: { first, _ in first })
        func constant(_ name: String) -> Tensor? {
            if let tensor = graph.initializers[name] { return tensor }
            guard let node = producers[name], node.opType == "Constant", case .tensor(let tensor)? = node.attributes["value"] else { return nil }
            return tensor
        }
        func isByte(_ type: ElementType?) -> Bool { type == .int8 || type == .uint8 }
        func isDequantizedByte(_ name: String) -> Bool {
            guard let node = producers[name], node.opType == "DequantizeLinear", node.domain.isEmpty, node.inputs.count > 2 else { return false }
            return isByte(constant(node.inputs[2])?.elementType)
        }
        var readers: [String: [(node: Node, input: Int)]] = [:]
        var captured: Set<String> = []
        for node in graph.nodes {
            captured.formUnion(GraphEditor.captures(node))
            for (input, name) in node.inputs.enumerated() where !name.isEmpty { readers[name, default: []].append((node, input)) }
        }
        let visible = captured.union(graph.outputs.map(\.name))
        return Set(
            graph.nodes.filter { $0.opType == "DequantizeLinear" && $0.domain.isEmpty }.compactMap { node in
                let (name, tensor) = (node.outputs[0], constant(node.inputs[0]))
                guard isByte(tensor?.elementType), tensor?.rank == 2, !visible.contains(name), let uses = readers[name] else { return nil }
                let isKept = uses.allSatisfy { use in
                    guard use.node.domain.isEmpty else { return false }
                    switch (use.node.opType, use.input) {
                    case ("MatMul", 1), ("Gemm", 1): return isDequantizedByte(use.node.inputs[0])
                    case ("Gather", 0):
                        return (readers[use.node.outputs[0]] ?? []).allSatisfy {
                            $0.node.opType == "QuantizeLinear" && $0.input == 0 && $0.node.inputs[1...] == node.inputs[1...]
                        }
                    default: return false
                    }
                }
                return isKept ? name : nil
            })
    }
}

/// What a DequantizeLinear of bytes reads.
struct DequantizedBytes {
    let bytes: String
    let scale: String
    /// Empty where there is none.
    let zero: String
    let scaleValues: [Float]

    /// Nil where the node is something else, or its scale is neither one nor one of `scales` along `axis`, all of them constant and normal numbers.
    init?(_ node: Node, scales count: Int, axis: Int?, _ editor: GraphEditor) {
        guard node.opType == "DequantizeLinear", node.domain.isEmpty, editor.isFloat(node.outputs[0]), let type = editor.type(node.inputs[0])?.elementType,
            type == .int8 || type == .uint8, let scale = editor.constant(node.inputs[1]), let values = try? scale.elements(Float.self)
        else { return nil }
        let own = node.integer("axis") ?? 1
        let isOne = values.count == 1 && scale.rank <= 1
        guard node.integer("block_size") ?? 0 == 0,
            isOne || scale.rank == 1 && values.count == count && axis.map({ Int64($0) == own || Int64($0) - 2 == own }) ?? false,
            values.allSatisfy(\.isNormal)
        else { return nil }
        zero = node.inputs.count > 2 ? node.inputs[2] : ""
        guard zero.isEmpty || editor.constant(zero)?.count == values.count else { return nil }
        (bytes, self.scale, scaleValues) = (node.inputs[0], node.inputs[1], Array(values))
    }
}
