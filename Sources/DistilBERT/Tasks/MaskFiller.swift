public import Bytes
public import Tokenizers

/// Masked language modelling: what may stand where a text has [MASK], as transformers' `fill-mask` pipeline says it.
public struct MaskFiller: Sendable {
    /// A token for one mask.
    public struct Candidate: Sendable, Equatable {
        /// The token, as text.
        public let token: String
        /// Its id.
        public let id: Int32
        /// Its probability.
        public let score: Float
        /// The text with the token in the mask's place; further masks stay.
        public let sequence: String
    }

    /// What was found of one text.
    public struct Result: Sendable, Equatable {
        /// For each mask, in their order, the most likely tokens, the likeliest first.
        public let masks: [[Candidate]]
        /// Whether the text had more tokens than the model takes, and was cut.
        public let isTruncated: Bool
    }

    private let model: TextModel
    private let output: TextModel.Output
    /// The ids that are told of; empty for the whole vocabulary.
    private let targets: [Int]

    /// With `targets` a mask's candidates are these alone: each is a token, or text that the tokenizer makes one token of. Scores stay those among the whole vocabulary.
    ///
    /// Throws `.unsupported` for a model without scores of [batch, sequence, vocabulary], and `.usage` for a target that is no token or several.
    public init(_ model: TextModel, targets: [String] = []) throws(ONNXError) {
        try model.require("ForMaskedLM", for: "fill-mask")
        self.model = model
        output = try model.output(["logits", "prediction_logits"], rank: 3, hasTokens: true, for: "fill-mask")
        self.targets = try Self.ids(of: targets, model.tokenizer)
    }

    /// Fills the masks of each text with the `top` likeliest tokens.
    ///
    /// Throws `.usage` for a text without a mask.
    public func fill(_ texts: [DistilBertTokenizer.Input], top: Int = 5) throws -> [Result] {
        let tokenizer = model.tokenizer
        let encodings = try model.encode(texts)
        for (index, encoding) in encodings.enumerated() where !encoding.ids.contains(tokenizer.maskTokenID) {
            let mask = quoted(tokenizer.options.maskToken)
            let isCut = encoding.overflowing.contains { $0.ids.contains(tokenizer.maskTokenID) }
            throw ONNXError(
                .usage, isCut ? "\(mask) stands beyond the first \(model.maxLength) tokens" : "there is no \(mask)", place: ["text \(index)"],
                remedy: isCut ? "give a shorter text" : "write \(mask) where a word is to be found")
        }
        var results = [Result?](repeating: nil, count: texts.count)
        try model.run(encodings, outputs: [output], tokens: Self.batchTokens(vocabulary: tokenizer.vocabularySize)) { index, rows in
            let encoding = encodings[index]
            guard let width = rows[0].shape.last, width > Int(tokenizer.maskTokenID) else {
                throw ONNXError(
                    .shape, "the model gives \(rows[0].shape.last ?? 0) scores a token, and the tokenizer has \(tokenizer.vocabularySize) tokens",
                    remedy: "give a model with a masked-language-modelling head, and its own tokenizer")
            }
            let ids = encoding.ids
            let places = ids.indices.filter { ids[$0] == tokenizer.maskTokenID }
            let masks = places.map { candidates(ids, at: $0, isOnly: places.count == 1, Scores.softmax(rows[0].vector($0)), top) }
            results[index] = Result(masks: masks, isTruncated: !encoding.overflowing.isEmpty)
        }
        return results.compactMap { $0 }
    }

    /// The id of each target, once.
    private static func ids(of targets: [String], _ tokenizer: DistilBertTokenizer) throws(ONNXError) -> [Int] {
        var ids: [Int] = []
        for target in targets {
            let tokens = tokenizer.id(of: target) == nil ? try tokenizer.tokenize(target) : [target]
            guard tokens.count == 1, let id = tokenizer.id(of: tokens[0]), target == tokens[0] || id != tokenizer.unkTokenID else {
                let found = tokens.map { "'\(quoted($0))'" }.joined(separator: ", ")
                throw ONNXError(
                    .usage, "the target '\(quoted(target))' is \(tokens.isEmpty ? "nothing" : found) to the tokenizer, one token expected",
                    remedy: "give a word of the vocabulary")
            }
            if !ids.contains(Int(id)) { ids.append(Int(id)) }
        }
        return ids
    }

    private func candidates(_ ids: [Int32], at place: Int, isOnly: Bool, _ scores: [Float], _ top: Int) -> [Candidate] {
        let wanted = targets.filter(scores.indices.contains)
        let best = targets.isEmpty ? Scores.top(top, of: scores) : Scores.top(top, of: wanted.map { scores[$0] }).map { wanted[$0] }
        return best.map { index in
            let id = Int32(truncatingIfNeeded: index)
            var filled = ids
            filled[place] = id
            // With a single mask special tokens go; with more, the masks that are left must stay to be seen.
            let sequence = model.tokenizer.decode(filled.filter { $0 != model.tokenizer.padTokenID }, skipSpecialTokens: isOnly)
            return Candidate(token: model.tokenizer.decode([id]), id: id, score: scores[index], sequence: sequence)
        }
    }

    /// So many tokens that their scores take at most 128 MB.
    private static func batchTokens(vocabulary: Int) -> Int { max(1, (32 << 20) / max(1, vocabulary)) }
}
