internal import GraphIR
internal import Tensors

/// What follows a product, each the only reader of what is before it, and can be done before the product leaves the cache: a bias, an activation, a residual.
struct LinearTail {
    /// Empty where there is none.
    private(set) var bias: String
    private(set) var activation = "identity"
    private(set) var residual = ""
    /// The product and all that follows.
    private(set) var nodes: [Int]
    private(set) var last: (index: Int, node: Node)

    /// The tail of a product with so many columns, and perhaps a bias of its own.
    init(after product: (index: Int, node: Node), columns: Int, bias: String = "", _ editor: GraphEditor) {
        self.bias = bias
        last = product
        nodes = [product.index]
        var isActivated = false
        while residual.isEmpty, let next = editor.onlyReader(last.node.outputs[0]) {
            let value = last.node.outputs[0]
            if !isActivated, let name = FuseLinear.activation(next.node) {
                activation = name
                isActivated = true
            } else if next.node.domain.isEmpty, next.node.opType == "Add", next.node.inputs[0] != next.node.inputs[1] {
                let other = next.node.inputs[next.node.inputs[0] == value ? 1 : 0]
                if self.bias.isEmpty, !isActivated, Self.isVector(other, columns, editor) {
                    self.bias = other
                } else if editor.isFloat(other), editor.constant(other) == nil, Self.isSameRank(other, value, editor) {
                    residual = other
                } else {
                    return
                }
            } else {
                return
            }
            last = next
            nodes.append(next.index)
        }
    }

    /// Whether the value is a constant vector of floats with an element for each column.
    private static func isVector(_ name: String, _ columns: Int, _ editor: GraphEditor) -> Bool {
        editor.constant(name).map { $0.rank == 1 && $0.count == columns && $0.elementType == .float } ?? false
    }

    /// A residual that is of another rank is hardly one.
    private static func isSameRank(_ a: String, _ b: String, _ editor: GraphEditor) -> Bool {
        guard let x = editor.shape(a), let y = editor.shape(b) else { return false }
        return x.count == y.count && x.last == y.last
    }
}
