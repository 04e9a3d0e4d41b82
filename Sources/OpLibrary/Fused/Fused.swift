package import GraphIR
internal import OrderedCollections

/// Operators of our own, which passes put in the place of several of ONNX's.
package enum Fused {
    /// The name that they go by in a graph.
    package static let domain = "swift.onnx"

    package static let operators: [any FusedOperator.Type] = [
        Activation.self,
        Attention.self,
        Elementwise.self,
        KeptRows.self,
        Linear.self,
        PackRows.self,
        PackedAttention.self,
        QuantizedLinear.self,
        RowExtents.self,
        UnpackRows.self,
    ]
}

/// An operator that means what a function of ONNX's operators means.
package protocol FusedOperator: Operator {
    /// The function that `node` stands for: its meaning in the reference session, its form in an exported file, and its test.
    static func expansion(of node: Node) throws -> Function
}

extension FusedOperator {
    /// A function with `node`'s inputs and outputs and the opset that expansions are written in.
    static func function(_ inputs: [String], _ nodes: [Node]) -> Function {
        var function = Function(schema.name, domain: Fused.domain)
        function.inputs = inputs
        function.outputs = ["Y"]
        function.nodes = nodes
        function.opsetImports = ["": 20]
        return function
    }

    /// A constant of one float.
    static func constant(_ value: Float, _ name: String) -> Node { Node("Constant", inputs: [], outputs: [name], attributes: ["value_float": .float(value)]) }
}
