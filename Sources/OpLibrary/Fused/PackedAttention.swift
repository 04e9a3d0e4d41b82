internal import Bytes
package import GraphIR
internal import OrderedCollections
internal import Tensors

extension Fused {
    /// Attention on rows that `PackRows` has packed: sequence b's keys and values are the rows from `starts[b]` to the next start.
    ///
    /// K and V are `[1, row, head, size]`; Q is too, or `[batch, row, head, size]` where not `packed_queries`. Keys that are left out are those that the mask
    /// hides. Where all rows are there the mask holds as it stands.
    package struct PackedAttention: FusedOperator {
        package static let schema = OperatorSchema(
            "PackedAttention", domain: Fused.domain, since: [1],
            inputs: [
                .one("Q", "T"), .one("K", "T"), .one("V", "T"), .one("mask", "M"), .one("rows", "I"), .one("starts", "I"), .one("extents", "I"),
            ], outputs: [.one("Y", "T")],
            attributes: [
                .required("scale", .float), .defaulted("guards", .int(0)), .defaulted("fill", .float(-.infinity)), .defaulted("packed_queries", .int(1)),
                .defaulted("precision", .string(Precision.fp32.rawValue)),
            ], types: ["T": .tensors(.float), "M": .tensors(.float, .bool), "I": .tensors(.int64)])

        private let attention: Attention
        private let isPacked: Bool

        package init(_ node: NodeReader) throws {
            attention = try Attention(try NodeReader(Self.dense(node.node), opset: 1, schema: Attention.schema))
            isPacked = try node.flag("packed_queries")
        }

        /// The node that does the same on rows in their places.
        private static func dense(_ node: Node) -> Node {
            var attributes = node.attributes.filter { $0.key != "packed_queries" }
            for name in ["q", "k", "v", "y"] { attributes[name + "_rows_first"] = .int(1) }
            return Node("Attention", domain: Fused.domain, inputs: ["Q", "K", "V", "mask"], outputs: ["Y"], attributes: attributes)
        }

        package static func expansion(of node: Node) throws -> Function {
            let reader = try NodeReader(node, opset: 1, schema: schema)
            let isPacked = try reader.flag("packed_queries")
            var nodes: [Node] = []
            for name in ["Q", "K", "V"] where name != "Q" || isPacked { nodes += UnpackRows.nodes(from: name, to: name + "_placed") }
            let inner = try Attention.expansion(of: dense(node))
            let names = ["Q": isPacked ? "Q_placed" : "Q", "K": "K_placed", "V": "V_placed", "mask": "mask", "Y": isPacked ? "Y_placed" : "Y"]
            nodes += inner.nodes.map { node in
                var node = node
                node.inputs = node.inputs.map { names[$0] ?? "dense_" + $0 }
                node.outputs = node.outputs.map { names[$0] ?? "dense_" + $0 }
                return node
            }
            if isPacked { nodes += PackRows.nodes(from: "Y_placed", to: "Y") }
            return function(["Q", "K", "V", "mask", "rows", "starts", "extents"], nodes)
        }

        package func infer(_ types: Inference) throws {
            for (input, name) in ["Q", "K", "V"].enumerated() { try types.checkRank(input, 4...4, name) }
            guard let q = types.shape(0), let v = types.shape(2) else { return types.set(0, .float, Array(repeating: .unknown, count: 4)) }
            types.set(0, .float, [q[0], q[1], q[2], v[3]])
        }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
            switch (axis, input) {
            case (0...1, 0): .axis(axis)
            case (0...1, 1...2): .whole
            default: .mixed
            }
        }

        package func run(_ context: RunContext) throws {
            let (q, k, v) = (try context.input(0), try context.input(1), try context.input(2))
            let (starts, extents) = (try context.input(5).ints(), try context.input(6).ints())
            let count = k.shape[1]
            guard extents.count == 2, starts.count == extents[0], k.shape[0] == 1, v.shape[..<3].elementsEqual(k.shape[..<3]),
                q.shape[0] == (isPacked ? 1 : extents[0]), !isPacked || q.shape[1] == count, q.shape[2] == k.shape[2],
                starts.allSatisfy((0...count).contains), zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
            else { throw ONNXError(.shape, "queries \(q), keys \(k) and values \(v) are not packed rows of \(starts.count) sequences") }
            let y = try context.output()
            if count == extents[0] * extents[1] { return try runPadded(q, k, v, extents, y, context) }

            let (queries, keys, values) = (try q.elements(Float.self), try k.elements(Float.self), try v.elements(Float.self))
            func heads(_ elements: Elements<Float>, _ tensor: Tensor, _ start: Int, _ rows: Int) -> Heads {
                let (heads, size) = (tensor.shape[2], tensor.shape[3])
                return Heads(rowsFirst: elements, batches: 1, rows: rows, heads: heads, size: size, offset: start * heads * size)
            }
            let products = try starts.indices.map { index in
                let (start, end) = (starts[index], index + 1 < starts.count ? starts[index + 1] : count)
                let (first, rows) = isPacked ? (start, end - start) : (index * q.shape[1], q.shape[1])
                let product = try AttentionProduct(
                    queries: heads(queries, q, first, rows), keys: heads(keys, k, start, end - start), values: heads(values, v, start, end - start), bias: nil,
                    scale: attention.scale, maskedRowsAreZero: attention.guards, precision: attention.precision)
                return (product: product, start: first)
            }
            try AttentionProduct.run(products.filter { $0.product.keys.rows > 0 }, into: try y.elements(Float.self), context)
        }

        /// All rows are there, each in its place.
        private func runPadded(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ extents: [Int], _ y: MutableTensor, _ context: RunContext) throws {
            let rows = isPacked ? extents[1] : q.shape[1]
            func heads(_ tensor: Tensor, rows: Int) throws -> Heads {
                Heads(rowsFirst: try tensor.elements(Float.self), batches: extents[0], rows: rows, heads: tensor.shape[2], size: tensor.shape[3])
            }
            let bias = try attention.maskBias(try context.input(3), [extents[0], q.shape[2]], queries: rows, keys: extents[1], context)
            let product = try AttentionProduct(
                queries: try heads(q, rows: rows), keys: try heads(k, rows: extents[1]), values: try heads(v, rows: extents[1]), bias: bias,
                scale: attention.scale, maskedRowsAreZero: attention.guards, precision: attention.precision)
            try product.run(into: try y.elements(Float.self), rowsFirst: true, context)
        }
    }
}
