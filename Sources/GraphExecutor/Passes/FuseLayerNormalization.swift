internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// LayerNormalization as exporters below opset 17 spell it: (x - mean) / sqrt(mean((x - mean)²) + epsilon) * scale + shift over the last axis.
enum FuseLayerNormalization: Pass {
    static let name = "fuse LayerNormalization"

    static func run(_ editor: GraphEditor) {
        for (index, node) in editor.nodes(of: "Div") {
            guard let root = editor.producer(node.inputs[1]), root.node.opType == "Sqrt" else { continue }
            do { try fuse(index, node, root, editor) } catch { editor.refuse(node, error.reason) }
        }
    }

    private struct Refusal: Error { let reason: String }

    private static func fuse(_ index: Int, _ division: Node, _ root: (index: Int, node: Node), _ editor: GraphEditor) throws(Refusal) {
        func require(_ condition: Bool, _ reason: String) throws(Refusal) { if !condition { throw Refusal(reason: reason) } }
        func step(_ name: String, _ types: [String], _ reason: String) throws(Refusal) -> (index: Int, node: Node) {
            guard let found = editor.producer(name), found.node.domain.isEmpty, types.contains(found.node.opType) else { throw Refusal(reason: reason) }
            return found
        }
        let difference = try step(division.inputs[0], ["Sub"], "the dividend is no difference")
        let sum = try step(root.node.inputs[0], ["Add"], "nothing is added under the root")
        let (variance, epsilon) = try split(sum.node, editor)
        let meanOfSquares = try step(variance, ["ReduceMean"], "what is under the root is no mean")
        let square = try step(meanOfSquares.node.inputs[0], ["Pow", "Mul"], "the variance is no mean of squares")
        let centred = difference.node.outputs[0]
        try require(square.node.inputs[0] == centred, "the squares are not of the difference")
        if square.node.opType == "Pow" {
            try require(editor.scalar(square.node.inputs[1]) == 2 || editor.integers(square.node.inputs[1]) == [2], "the power is not 2")
        } else {
            try require(square.node.inputs[1] == centred, "the squares are not of the difference")
        }
        let x = difference.node.inputs[0]
        let mean = try step(difference.node.inputs[1], ["ReduceMean"], "no mean is taken off")
        try require(mean.node.inputs[0] == x, "the mean is of another value")
        guard let rank = editor.shape(x)?.count, editor.isFloat(x) else { throw Refusal(reason: "the value is no float tensor of known rank") }
        for node in [mean.node, meanOfSquares.node] { try require(isOverLastAxis(node, rank, editor), "a mean is not over the last axis, kept") }

        guard let product = editor.onlyReader(division.outputs[0]), product.node.opType == "Mul" else { throw Refusal(reason: "no scale follows") }
        let scale = product.node.inputs[product.node.inputs[0] == division.outputs[0] ? 1 : 0]
        guard let result = editor.onlyReader(product.node.outputs[0]), result.node.opType == "Add" else { throw Refusal(reason: "no shift follows") }
        let shift = result.node.inputs[result.node.inputs[0] == product.node.outputs[0] ? 1 : 0]
        let columns = editor.shape(scale)?.last?.size
        for name in [scale, shift] {
            try require(
                editor.shape(name)?.count == 1 && editor.shape(name)?.last?.size == columns && columns != nil && editor.isFloat(name),
                "scale and shift are no vectors")
        }
        try require(editor.shape(x)?.last?.size == columns, "the last axis is not known to be as long as scale and shift")

        let inner = [root.node, sum.node, meanOfSquares.node, square.node, mean.node].map { $0.outputs[0] }
        for name in inner { try require(editor.isInner(name), "'\(name)' has another use") }
        let usesOfCentred = square.node.opType == "Mul" ? 3 : 2
        try require(editor.useCount(centred) == usesOfCentred && !editor.isOutput(centred), "'\(centred)' has another use")

        let fused = Node(
            "LayerNormalization", name: result.node.name, inputs: [x, scale, shift], outputs: result.node.outputs,
            attributes: ["axis": .int(-1), "epsilon": .float(Float(epsilon))])
        editor.replace(
            result.index, with: fused,
            removing: [index, root.index, difference.index, sum.index, meanOfSquares.index, square.index, mean.index, product.index],
            as: "layernorm")
    }

    private static func split(_ sum: Node, _ editor: GraphEditor) throws(Refusal) -> (variance: String, epsilon: Double) {
        for (place, other) in [(0, 1), (1, 0)] {
            if let epsilon = editor.scalar(sum.inputs[other]) { return (sum.inputs[place], epsilon) }
        }
        throw Refusal(reason: "no constant is added under the root")
    }

    private static func isOverLastAxis(_ node: Node, _ rank: Int, _ editor: GraphEditor) -> Bool {
        var axes: [Int]?
        if case .ints(let values)? = node.attributes["axes"] { axes = values.map { Int($0) } }
        if node.inputs.count > 1 { axes = editor.integers(node.inputs[1]) }
        if case .int(0)? = node.attributes["keepdims"] { return false }
        return axes == [-1] || axes == [rank - 1]
    }
}
