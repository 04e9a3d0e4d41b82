internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// The normalised sum of word, position and segment embeddings, and the lengths that a mask stands for.
    /// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.EmbedLayerNormalization
    package struct EmbedLayerNormalization: Operator {
        package static let schema = OperatorSchema(
            "EmbedLayerNormalization", domain: domain, since: [1],
            inputs: [
                .one("input_ids", "T1"), .optional("segment_ids", "T1"), .one("word_embedding", "T"), .one("position_embedding", "T"),
                .optional("segment_embedding", "T"), .one("gamma", "T"), .one("beta", "T"), .optional("mask", "T1"), .optional("position_ids", "T1"),
            ],
            outputs: [.one("output", "T"), .optional("mask_index", "T1"), .optional("embedding_sum", "T")],
            attributes: [.defaulted("epsilon", .float(1e-12)), .defaulted("mask_index_type", .int(0))],
            types: ["T1": .tensors(.int32), "T": .tensors(.float, .float16)])

        private let epsilon: Float

        package init(_ node: NodeReader) throws { epsilon = try node.float("epsilon") }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...2, "input_ids")
            for (input, name) in [(2, "word_embedding"), (3, "position_embedding"), (4, "segment_embedding")] { try types.checkRank(input, 2...2, name) }
            let size = types.shape(2)?[1] ?? .unknown
            let shape = types.shape(0).map { [$0[0], $0[1], size] }
            types.set(0, types.element(2), shape)
            types.set(1, .int32, [types.shape(0)?[0] ?? .unknown])
            types.set(2, types.element(2), shape)
        }

        package func run(_ context: RunContext) throws {
            let ids = try context.input(0)
            let tables = EmbeddingTables(
                word: try context.input(2).elements(), position: try context.input(3).elements(), segment: try context.optionalInput(4)?.elements(),
                size: try context.input(2).shape[1])
            try EmbeddingSum(ids: ids, segments: try context.optionalInput(1), positions: try context.optionalInput(8), tables: tables)
                .run(gamma: try context.input(5).elements(), beta: try context.input(6).elements(), epsilon: epsilon, sumOutput: 2, context)
            if context.isWanted(1) { try MaskIndex.write(mask: try context.optionalInput(7), to: try context.output(1).elements()) }
        }
    }
}

/// Rows of floats to look up, each `size` long.
struct EmbeddingTables {
    let word: Elements<Float>
    let position: Elements<Float>
    let segment: Elements<Float>?
    let size: Int
}

/// The sum of looked-up rows, then LayerNormalization.
struct EmbeddingSum {
    let ids: Tensor
    let segments: Tensor?
    let positions: Tensor?
    let tables: EmbeddingTables

    /// Writes outputs 0 and, where wanted, `sumOutput`. Throws `.shape` for an id out of its table.
    func run(gamma: Elements<Float>, beta: Elements<Float>, epsilon: Float, sumOutput: Int, _ context: RunContext) throws {
        let (length, size) = (ids.shape[1], tables.size)
        guard gamma.count == size, beta.count == size else {
            throw ONNXError(.shape, "gamma and beta have \(gamma.count) and \(beta.count) elements, \(size) expected")
        }
        let sum = context.isWanted(sumOutput) ? try context.output(sumOutput) : try context.scratch(.float, ids.shape + [size])
        let target = try sum.elements(Float.self)
        let (words, kinds, places) = (try ids.ints(), try segments?.ints(), try positions?.ints())
        for (token, id) in words.enumerated() {
            let word = try row(id, tables.word, "id", token)
            let place = try row(places.map { $0[$0.count == length ? token % length : token] } ?? token % length, tables.position, "position", token)
            let segment = try tables.segment.map { try row(kinds?[token] ?? 0, $0, "segment", token) }
            for column in 0..<size {
                var value = tables.word[word + column] + tables.position[place + column]
                if let segment, let table = tables.segment { value += table[segment + column] }
                target[token * size + column] = value
            }
        }
        try FloatNormalization(
            x: target.elements, y: try context.output().elements(), gamma: gamma, beta: beta, epsilon: epsilon,
            view: AxisView(sum.shape, axis: sum.shape.count - 1), isRootMeanSquare: false
        ).run(context)
    }

    private func row(_ index: Int, _ table: Elements<Float>, _ name: String, _ token: Int) throws -> Int {
        guard index >= 0, index < table.count / Swift.max(1, tables.size) else {
            throw ONNXError(.shape, "\(name) \(index) of token \(token) is out of range for a table of \(table.count / Swift.max(1, tables.size)) rows")
        }
        return index * tables.size
    }
}

/// How many tokens of each row take part: ONNX Runtime counts the ones of the mask.
enum MaskIndex {
    static func write(mask: Tensor?, to lengths: MutableElements<Int32>) throws {
        guard let mask else { return lengths.fill(0) }
        let values = try mask.ints()
        guard lengths.count > 0 else { return }
        let width = values.count / lengths.count
        for row in lengths.indices { lengths[row] = Int32(values[row * width..<(row + 1) * width].count { $0 == 1 }) }
    }
}
