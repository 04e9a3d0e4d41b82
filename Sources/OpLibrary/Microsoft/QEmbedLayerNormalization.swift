internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// EmbedLayerNormalization of quantized tables. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QEmbedLayerNormalization
    package struct QEmbedLayerNormalization: Operator {
        package static let schema = OperatorSchema(
            "QEmbedLayerNormalization", domain: domain, since: [1],
            inputs: [
                .one("input_ids", "T1"), .optional("segment_ids", "T1"), .one("word_embedding_quant", "T2"), .one("position_embedding_quant", "T2"),
                .optional("segment_embedding", "T2"), .one("gamma_quant", "T2"), .one("beta_quant", "T2"), .optional("mask", "T1"),
                .one("word_embedding_scale", "T"), .one("position_embedding_scale", "T"), .optional("segment_embedding_scale", "T"), .one("gamma_scale", "T"),
                .one("beta_scale", "T"), .one("word_embedding_zero_point", "T2"), .one("position_embedding_zero_point", "T2"),
                .optional("segment_embedding_zero_point", "T2"), .one("gamma_zero_point", "T2"), .one("beta_zero_point", "T2"),
            ],
            outputs: [.one("layernorm_out", "T"), .one("mask_index_out", "T1")], attributes: [.defaulted("epsilon", .float(1e-12))],
            types: ["T1": .tensors(.int32), "T2": .tensors(.int8, .uint8), "T": .tensors(.float)])

        private let epsilon: Float

        package init(_ node: NodeReader) throws { epsilon = try node.float("epsilon") }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...2, "input_ids")
            try types.checkRank(2, 2...2, "word_embedding_quant")
            types.set(0, .float, types.shape(0).map { [$0[0], $0[1], types.shape(2)?[1] ?? .unknown] })
            types.set(1, .int32, [types.shape(0)?[0] ?? .unknown])
        }

        package func run(_ context: RunContext) throws {
            func table(_ input: Int, scale: Int, zero: Int) throws -> Elements<Float> {
                try Dequantized.read(context, input, scale: scale, zero: zero).elements()
            }
            let tables = EmbeddingTables(
                word: try table(2, scale: 8, zero: 13), position: try table(3, scale: 9, zero: 14),
                segment: context.value(4) == nil ? nil : try table(4, scale: 10, zero: 15), size: try context.input(2).shape[1])
            try EmbeddingSum(ids: try context.input(0), segments: try context.optionalInput(1), positions: nil, tables: tables)
                .run(gamma: try table(5, scale: 11, zero: 16), beta: try table(6, scale: 12, zero: 17), epsilon: epsilon, sumOutput: 2, context)
            if context.isWanted(1) { try MaskIndex.write(mask: try context.optionalInput(7), to: try context.output(1).elements()) }
        }
    }
}
