internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// Projection to queries, keys and values in one product, and attention. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.Attention
    package struct Attention: Operator {
        package static let schema = OperatorSchema(
            "Attention", domain: domain, since: [1],
            inputs: [
                .one("input", "T"), .one("weights", "T"), .optional("bias", "T"), .optional("mask_index", "M"), .optional("past", "T"),
                .optional("attention_bias", "T"), .optional("past_sequence_length", "M"),
            ],
            outputs: [.one("output", "T"), .optional("present", "T")],
            attributes: AttentionOptions.attributes + [
                .optional("qkv_hidden_sizes", .ints), .optional("rotary_embedding_dim", .int),
            ],
            types: ["T": .tensors(.float, .float16, .bfloat16), "M": .tensors(.int32)])

        private let options: AttentionOptions
        private let sizes: [Int]?
        private var packed: PackedMatrix?

        package init(_ node: NodeReader) throws {
            options = try AttentionOptions(node)
            sizes = node.optionalInts("qkv_hidden_sizes").flatMap { $0.isEmpty ? nil : $0 }
            if let sizes, sizes.count != 3 || sizes[0] != sizes[1] || sizes.contains(where: { $0 < 1 || $0 % options.heads != 0 }) {
                throw ONNXError(.malformed, "qkv_hidden_sizes are \(sizes); three multiples of num_heads expected, the first two equal")
            }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 3...3, "input")
            try types.checkRank(1, 2...2, "weights")
            let (shape, width) = (types.shape(0), types.shape(1)?[1].size)
            if let width, sizes.map({ $0.reduce(0, +) != width }) ?? (width % (3 * options.heads) != 0) {
                throw ONNXError(.shape, "weights of \(width) columns don't divide into queries, keys and values of \(options.heads) heads")
            }
            let value = sizes?[2] ?? width.map { $0 / 3 }
            types.set(0, types.element(0), shape.map { [$0[0], $0[1], value.map(Dimension.known) ?? .unknown] })
            let total = options.total(past: types.type(4), shape?[1] ?? .unknown)
            types.set(
                1, types.element(0),
                shape.map { [.known(2), $0[0], .known(options.heads), total, value.map { .known($0 / options.heads) } ?? .unknown] })
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let weights = constants[1], weights.elementType == .float, weights.rank == 2 else { return }
            packed = try PackedMatrix(try weights.elements(), rows: weights.shape[0], columns: weights.shape[1])
        }

        package func run(_ context: RunContext) throws {
            let (x, weights) = (try context.input(0), try context.input(1))
            let (batches, rows, columns) = (x.shape[0], x.shape[1], weights.shape[1])
            guard x.shape[2] == weights.shape[0] else { throw ONNXError(.shape, "input \(x) and weights \(weights) don't fit") }
            let projected = try context.scratch(Float.self, count: batches * rows * columns)
            let matrix = try packed ?? PackedMatrix(try weights.elements(), rows: weights.shape[0], columns: columns, storage: context.host.scratch(byteCount:))
            var epilogue = Epilogue()
            epilogue.bias = try context.optionalInput(2)?.elements()
            if let bias = epilogue.bias, bias.count != columns { throw ONNXError(.shape, "the bias has \(bias.count) elements, \(columns) expected") }
            try MatrixProduct.multiply(try x.elements(), rows: batches * rows, by: matrix, into: projected, epilogue: epilogue, context: context)
            let widths = sizes ?? [columns / 3, columns / 3, columns / 3]
            try ProjectedAttention(projected: projected.elements, batches: batches, rows: rows, widths: widths, options: options)
                .run(mask: try context.optionalInput(3), past: try context.optionalInput(4), bias: try context.optionalInput(5), context)
        }
    }
}

/// The attributes that ONNX Runtime's attention operators share.
struct AttentionOptions {
    let heads: Int
    let scale: Float?
    let filter: Float
    let isCausal: Bool

    static let attributes: [AttributeSchema] = [
        .required("num_heads", .int), .optional("scale", .float), .defaulted("mask_filter_value", .float(-10_000)), .defaulted("unidirectional", .int(0)),
        .defaulted("do_rotary", .int(0)), .defaulted("past_present_share_buffer", .int(0)),
    ]

    init(_ node: NodeReader) throws {
        heads = try node.int("num_heads")
        guard heads >= 1 else { throw ONNXError(.malformed, "num_heads is \(heads); at least 1 expected") }
        scale = node.optionalFloat("scale").flatMap { $0 == 0 ? nil : $0 }
        filter = try node.float("mask_filter_value")
        isCausal = try node.flag("unidirectional")
        for name in ["do_rotary", "past_present_share_buffer"] where node.optionalInt(name) ?? 0 != 0 {
            throw ONNXError(.unsupported, "attribute '\(name)' is not supported")
        }
    }

    /// Past rows and present ones together.
    func total(past: ValueType?, _ rows: Dimension) -> Dimension {
        guard let past else { return rows }
        guard let before = past.shape.flatMap({ $0.count == 5 ? $0[3].size : nil }), let rows = rows.size else { return .unknown }
        return .known(before &+ rows)
    }
}

/// Attention over rows that hold queries, keys and values side by side.
struct ProjectedAttention {
    let projected: Elements<Float>
    let batches: Int
    let rows: Int
    /// Of queries, keys and values.
    let widths: [Int]
    let options: AttentionOptions

    /// Writes output 0, and the present state as output 1.
    func run(mask: Tensor?, past: Tensor?, bias: Tensor?, _ context: RunContext) throws {
        let stride = widths.reduce(0, +)
        func part(_ index: Int) -> Heads {
            Heads(
                rowsFirst: projected, batches: batches, rows: rows, heads: options.heads, size: widths[index] / options.heads,
                offset: widths[..<index].reduce(0, +), rowStride: stride)
        }
        var (keys, values) = (part(1), part(2))
        if past != nil || context.isWanted(1) {
            let joined = [try PastState.joined(past, part: 0, keys), try PastState.joined(past, part: 1, values)]
            (keys, values) = (try Heads(headsFirst: joined[0]), try Heads(headsFirst: joined[1]))
            if context.isWanted(1) {
                let present = try context.output(1).elements(Float.self)
                for (index, tensor) in joined.enumerated() { present.copy(try tensor.elements(), from: 0, count: tensor.count, to: index * tensor.count) }
            }
        }
        let added = try AttentionMask(batches: batches, queries: rows, keys: keys.rows, filter: options.filter, isCausal: options.isCausal).bias(
            mask, adding: bias)
        let queries = part(0)
        try AttentionProduct(
            queries: queries, keys: keys, values: values,
            bias: try added.map { try AttentionBias($0, batches: batches, heads: options.heads, queries: rows, keys: keys.rows) },
            scale: options.scale ?? 1 / Float(queries.size).squareRoot(), maskedRowsAreZero: false
        ).run(into: try context.output().elements(), rowsFirst: true, context)
    }
}
