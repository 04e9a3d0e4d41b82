internal import Bytes
internal import GraphExecutor
internal import OrderedCollections
internal import Tensors
internal import Tokenizers

/// How texts share batches, so that little is computed for padding.
enum EncoderBatches {
    /// Indices of `lengths` in batches of like lengths, the longest first. A batch has at most `tokens` tokens, padding among them, or one text.
    ///
    /// Where `isExact` only texts of one length share a batch; `rows` bounds the texts of a batch.
    static func cut(_ lengths: [Int], tokens: Int, isExact: Bool = false, rows: Int? = nil) -> [[Int]] {
        var batches: [[Int]] = []
        var longest = 0
        for index in lengths.indices.sorted(by: { (lengths[$1], $0) < (lengths[$0], $1) }) {
            let count = (batches.last?.count ?? 0) + 1
            let fits = count <= rows ?? .max && count.multipliedReportingOverflow(by: longest).partialValue <= tokens && (!isExact || lengths[index] == longest)
            if fits, !batches.isEmpty {
                batches[batches.count - 1].append(index)
            } else {
                batches.append([index])
                longest = lengths[index]
            }
        }
        return batches
    }
}

/// What a model said of one text: its row of an output.
struct OutputRows: Sendable {
    private let elements: Elements<Float>
    private let start: Int
    /// The row's own shape.
    let shape: [Int]

    /// Row `index` of `tensor`, of which each row has `rank` axes.
    init(_ tensor: Tensor, _ index: Int, rank: Int, name: String) throws(ONNXError) {
        guard tensor.rank == rank + 1, tensor.elementType.isFloatingPoint, index < tensor.shape[0] else {
            throw ONNXError(.shape, "output '\(quoted(name))' is \(tensor); floats of rank \(rank + 1) with a row for each text expected")
        }
        shape = Array(tensor.shape.dropFirst())
        start = index * (tensor.shape[0] == 0 ? 0 : tensor.count / tensor.shape[0])
        elements = try tensor.elementType == .float ? tensor.elements() : Tensor(tensor.doubles().map { Float($0) }, shape: tensor.shape).elements()
    }

    /// The scores or components of one token; of the text as a whole where the output has no axis for tokens.
    func vector(_ token: Int = 0) -> [Float] {
        let width = shape.last ?? 1
        return (0..<width).map { elements[start + token * width + $0] }
    }

    /// The one number of a token, of an output without a further axis.
    func scalar(_ token: Int) -> Float { elements[start + token] }
}

extension TextModel {
    /// Runs `encodings` in batches and hands `body` the index of each and its rows of `outputs`, in any order.
    func run(
        _ encodings: [Encoding], outputs: [Output], tokens: Int = 2048, _ body: (Int, [OutputRows]) throws -> Void
    ) throws {
        let batches = EncoderBatches.cut(encodings.map(\.count), tokens: tokens, isExact: !inputs.hasMask, rows: inputs.fixedBatch)
        for batch in batches {
            let texts = batch.map { encodings[$0] }
            if !inputs.hasMask, let length = inputs.fixedLength, let other = texts.first(where: { $0.count != length })?.count {
                throw ONNXError(
                    .shape, "a text has \(other) tokens, and the model takes \(length) without an attention_mask", remedy: "export it with dynamic axes")
            }
            let results = try session.runSynchronously(try inputs.values(texts, padding: tokenizer.padTokenID), fetch: outputs.map(\.name))
            let tensors = try outputs.map { output in
                guard let tensor = results[output.name]?.tensor else { throw ONNXError(.shape, "output '\(quoted(output.name))' is no tensor") }
                return (output, tensor)
            }
            for (row, index) in batch.enumerated() {
                let rows = try tensors.map { output, tensor in try OutputRows(tensor, row, rank: output.rank - 1, name: output.name) }
                try check(rows, outputs, length: encodings[index].count)
                try body(index, rows)
            }
        }
    }

    /// An output with an axis for tokens has one for each.
    private func check(_ rows: [OutputRows], _ outputs: [Output], length: Int) throws(ONNXError) {
        for (row, output) in zip(rows, outputs) where output.hasTokens && row.shape[0] < length {
            throw ONNXError(
                .shape, "output '\(quoted(output.name))' has \(row.shape[0]) rows a text, and the text has \(length) tokens",
                remedy: "this is not the output that the task reads; see onnx-run inspect")
        }
    }
}
