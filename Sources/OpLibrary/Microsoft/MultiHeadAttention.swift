internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// Attention of projected queries, keys and values. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MultiHeadAttention
    ///
    /// Separate inputs of `[batch, row, width]`; packed forms and past states are refused.
    package struct MultiHeadAttention: Operator {
        package static let schema = OperatorSchema(
            "MultiHeadAttention", domain: domain, since: [1],
            inputs: [
                .one("query", "T"), .optional("key", "T"), .optional("value", "T"), .optional("bias", "T"), .optional("key_padding_mask", "M"),
                .optional("attention_bias", "T"), .optional("past_key", "T"), .optional("past_value", "T"), .optional("past_sequence_length", "M"),
                .optional("cache_indirection", "M"),
            ],
            outputs: [.one("output", "T"), .optional("present_key", "T"), .optional("present_value", "T"), .optional("qk", "QK")],
            attributes: [
                .required("num_heads", .int), .optional("scale", .float), .defaulted("mask_filter_value", .float(-10_000)),
                .defaulted("unidirectional", .int(0)),
            ],
            types: ["T": .tensors(.float, .float16, .bfloat16), "QK": .tensors(.float, .float16, .bfloat16), "M": .tensors(.int32)])

        private let options: AttentionOptions

        package init(_ node: NodeReader) throws {
            options = try AttentionOptions(node)
            guard node.hasInput(1), node.hasInput(2) else {
                throw ONNXError(.unsupported, "packed queries, keys and values are not supported; give three inputs")
            }
            for input in 6...9 where node.hasInput(input) { throw ONNXError(.unsupported, "past states are not supported") }
            for output in 1...3 where node.hasOutput(output) { throw ONNXError(.unsupported, "outputs after the first are not supported") }
        }

        package func infer(_ types: Inference) throws {
            for (input, name) in [(0, "query"), (1, "key"), (2, "value")] {
                try types.checkRank(input, 3...3, name)
                guard let width = types.shape(input)?[2].size, width % options.heads != 0 else { continue }
                throw ONNXError(.shape, "'\(name)' of width \(width) doesn't divide into \(options.heads) heads")
            }
            types.set(0, types.element(0), types.shape(0).map { [$0[0], $0[1], types.shape(2)?[2] ?? .unknown] })
        }

        package func run(_ context: RunContext) throws {
            let inputs = try (0..<3).map { try context.input($0) }
            let widths = inputs.map { $0.shape[2] }
            let bias = try context.optionalInput(3)
            if let bias, bias.count != widths.reduce(0, +) { throw ONNXError(.shape, "the bias has \(bias.count) elements, \(widths.reduce(0, +)) expected") }
            let heads = try inputs.enumerated().map { index, input in
                let shifted = try bias.map { try shift(input, by: $0, from: widths[..<index].reduce(0, +), context) } ?? input
                return Heads(
                    rowsFirst: try shifted.elements(), batches: input.shape[0], rows: input.shape[1], heads: options.heads, size: widths[index] / options.heads)
            }
            let mask = AttentionMask(
                batches: heads[0].batches, queries: heads[0].rows, keys: heads[1].rows, filter: options.filter, isCausal: options.isCausal)
            let added = try mask.bias(try context.optionalInput(4), adding: try context.optionalInput(5))
            try AttentionProduct(
                queries: heads[0], keys: heads[1], values: heads[2],
                bias: try added.map { try AttentionBias($0, batches: heads[0].batches, heads: options.heads, queries: heads[0].rows, keys: heads[1].rows) },
                scale: options.scale ?? 1 / Float(heads[0].size).squareRoot(), maskedRowsAreZero: false
            ).run(into: try context.output().elements(), rowsFirst: true, context)
        }

        private func shift(_ input: Tensor, by bias: Tensor, from start: Int, _ context: RunContext) throws -> Tensor {
            let result = try context.scratch(.float, input.shape)
            let part = try MutableTensor(.float, [input.shape[2]])
            try part.elements(Float.self).copy(try bias.elements(), from: start, count: part.count, to: 0)
            try FloatOperation.add.zip(input, part.tensor, to: result, context)
            return result.tensor
        }
    }
}
