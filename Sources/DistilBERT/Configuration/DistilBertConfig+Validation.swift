public import Bytes
internal import OrderedCollections

extension DistilBertConfig {
    /// More layers, rows or columns than any model has; keeps products of sizes far from overflow.
    static let largestSize = Int(Int32.max)
    static let mostLayers = 4_096
    static let mostLabels = 1 << 20

    /// Refuses sizes that no model can have, and contradictions.
    ///
    /// Throws `ONNXError`: `.usage` for a value out of range, which it names as config.json does.
    public func validate() throws(ONNXError) {
        for (name, size, most) in [
            ("vocab_size", vocabSize, Self.largestSize), ("max_position_embeddings", maxPositionEmbeddings, Self.largestSize),
            ("n_layers", nLayers, Self.mostLayers), ("n_heads", nHeads, Self.largestSize), ("dim", dim, Self.largestSize),
            ("hidden_dim", hiddenDim, Self.largestSize), ("num_labels", numLabels, Self.mostLabels),
        ] where !(1...most).contains(size) {
            throw invalid("\(name) is \(size), an integer from 1 to \(most) expected")
        }
        for (name, share) in [
            ("dropout", dropout), ("attention_dropout", attentionDropout), ("qa_dropout", qaDropout), ("seq_classif_dropout", seqClassifDropout),
        ] where !(0..<1).contains(share) {
            throw invalid("\(name) is \(share), a number from 0 to less than 1 expected")
        }
        guard initializerRange.isFinite, initializerRange >= 0 else { throw invalid("initializer_range is \(initializerRange), 0 or more expected") }
        guard dim % nHeads == 0 else {
            throw invalid("dim is \(dim) and n_heads \(nHeads), but the heads must divide the columns evenly")
        }
        if let padTokenID, !(0..<vocabSize).contains(padTokenID) {
            throw invalid("pad_token_id is \(padTokenID), but vocab_size is \(vocabSize); a row of the vocabulary, or null, expected")
        }
        guard problemType != .singleLabelClassification || numLabels > 1 else {
            throw invalid("problem_type is single_label_classification, but there is only 1 label; 2 or more expected, or problem_type regression")
        }
        for label in id2label.keys where !(0..<numLabels).contains(label) {
            throw invalid("id2label names label \(label), but there are \(numLabels) labels; 0 to \(numLabels - 1) expected")
        }
        try validatePrunedHeads()
    }

    private func validatePrunedHeads() throws(ONNXError) {
        for (layer, heads) in prunedHeads {
            guard (0..<nLayers).contains(layer) else { throw invalid("pruned_heads names layer \(layer), but n_layers is \(nLayers)") }
            for head in heads where !(0..<nHeads).contains(head) {
                throw invalid("pruned_heads names head \(head) of layer \(layer), but n_heads is \(nHeads)")
            }
            guard Set(heads).count < nHeads else { throw invalid("pruned_heads leaves layer \(layer) no head; 1 or more expected") }
        }
    }

    /// Refuses what `task` can't be built from.
    ///
    /// Throws `.usage` as `validate()`, and for a question answering model without exactly 2 labels: the start and the end.
    public func validate(for task: DistilBertTask) throws(ONNXError) {
        try validate()
        guard task != .questionAnswering || numLabels == 2 else {
            throw invalid("num_labels is \(numLabels), but a question answering model has 2: the start and the end")
        }
    }

    private func invalid(_ message: String) -> ONNXError { ONNXError(.usage, message, place: ["DistilBertConfig"], remedy: "correct the configuration") }
}
