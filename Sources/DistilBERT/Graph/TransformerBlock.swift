internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// One block: attention, then two linear layers, each added to what came in and normalized.
struct TransformerBlock {
    let trunk: Trunk
    let index: Int

    private var config: DistilBertConfig { trunk.graph.config }
    private var name: String { trunk.graph.names.layer(index) }

    /// `x`, float `[row, sequence, dim]` → the block's result of the same shape, and its attention weights.
    func build(
        _ builder: inout GraphBuilder, _ x: String, _ mask: AttentionMask, headMask: String?
    ) throws -> (hidden: String, attention: String) {
        let (context, attention) = try builder.scoped("attention") { builder in try attend(&builder, x, mask, headMask) }
        let attended = try builder.scoped("sa_layer_norm") { builder in
            try trunk.normalize(&builder, builder.apply("Add", [context, x]), name + "sa_layer_norm")
        }
        let fed = try builder.scoped("ffn") { builder in
            let wide = try config.activation.build(&builder, try trunk.linear(&builder, attended, name + "ffn.lin1"))
            return trunk.dropOut(&builder, try trunk.linear(&builder, wide, name + "ffn.lin2"), config.dropout)
        }
        let hidden = try builder.scoped("output_layer_norm") { builder in
            try trunk.normalize(&builder, builder.apply("Add", [fed, attended]), name + "output_layer_norm")
        }
        return (hidden, attention)
    }

    /// softmax(Q K' / √size, masked) V, through the last linear layer.
    private func attend(_ builder: inout GraphBuilder, _ x: String, _ mask: AttentionMask, _ headMask: String?) throws -> (String, String) {
        let (heads, size) = (config.heads(index), config.headSize)
        let split = builder.integers([0, 0, heads, size])
        func projected(_ layer: String, _ order: [Int64]) throws -> String {
            let rows = builder.apply("Reshape", [try trunk.linear(&builder, x, name + "attention." + layer), split])
            return builder.apply("Transpose", [rows], ["perm": .ints(order)])
        }
        let (queries, keys, values) = (try projected("q_lin", [0, 2, 1, 3]), try projected("k_lin", [0, 2, 3, 1]), try projected("v_lin", [0, 2, 1, 3]))
        let products = builder.apply("MatMul", [queries, keys])
        let scores = builder.apply("Mul", [products, builder.constant(1 / Double(size).squareRoot())])
        var weights = builder.apply("Softmax", [mask.applied(&builder, to: scores)], ["axis": .int(-1)])
        if trunk.graph.guardsMaskedRows {
            weights = builder.apply("Where", [builder.apply("IsNaN", [weights]), builder.constant(0), weights])
        }
        weights = trunk.dropOut(&builder, weights, config.attentionDropout)
        if let headMask {
            let own = builder.apply("Gather", [headMask, builder.integer(index)], ["axis": .int(0)])
            weights = builder.apply("Mul", [weights, own])
        }
        let context = builder.apply("Transpose", [builder.apply("MatMul", [weights, values])], ["perm": .ints([0, 2, 1, 3])])
        let joined = builder.apply("Reshape", [context, builder.integers([0, 0, heads * size])])
        return (try trunk.linear(&builder, joined, name + "attention.out_lin"), weights)
    }
}
