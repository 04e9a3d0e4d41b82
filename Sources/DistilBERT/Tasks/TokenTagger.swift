public import Bytes
internal import Tokenizers

/// Token classification: names, places and whatever else a model was trained to mark, as transformers' `token-classification` pipeline finds them.
public struct TokenTagger: Sendable {
    /// How tokens become entities.
    public enum Aggregation: String, Sendable, CaseIterable {
        /// Each token by itself.
        case none
        /// Neighbours of one class are one entity; a B- begins another.
        case simple
        /// As `simple`, but a word has the class of its first token.
        case first
        /// As `simple`, but a word has the class with the highest mean over its tokens.
        case average
        /// As `simple`, but a word has the class of its token with the highest score.
        case max
    }

    /// A token or a group of tokens, and its class.
    public struct Entity: Sendable, Equatable {
        /// The class, by id2label; of a group without its B- or I-.
        public let label: String
        /// The probability, of a group the mean over its tokens or words.
        public let score: Float
        /// The text as its tokens spell it.
        public let word: String
        /// Where in the text it stands, in Unicode scalars.
        public let range: Range<Int>
        /// The token's place among those of the text, special ones included; nil for a group.
        public let index: Int?
    }

    /// What was found of one text.
    public struct Result: Sendable, Equatable {
        /// In the order of the text.
        public let entities: [Entity]
        /// Whether the text had more tokens than the model takes, and was cut.
        public let isTruncated: Bool
    }

    /// How tokens become entities.
    public var aggregation: Aggregation
    /// Classes that are not told.
    public var ignoredLabels: Set<String>
    /// The tokens that a window of a long text repeats of the one before. Nil: a text is cut to the length that the model takes.
    public var stride: Int?

    private let model: TextModel
    private let output: TextModel.Output

    /// Throws `.unsupported` for a model without scores of [batch, sequence, classes], `.usage` for a stride without aggregation.
    public init(_ model: TextModel, aggregation: Aggregation = .none, ignoredLabels: Set<String> = ["O"], stride: Int? = nil) throws(ONNXError) {
        try model.require("ForTokenClassification", for: "token classification")
        guard stride == nil || aggregation != .none else {
            throw ONNXError(.usage, "windows overlap, so that their tokens must be grouped", remedy: "ask for an aggregation other than none")
        }
        self.model = model
        self.aggregation = aggregation
        self.ignoredLabels = ignoredLabels
        self.stride = stride
        output = try model.output(["logits"], rank: 3, hasTokens: true, for: "token classification")
    }

    /// Finds the entities of each text.
    public func tag(_ texts: [String]) throws -> [Result] {
        let truncation = Truncation(maxLength: model.maxLength, stride: stride ?? 0, returnsOverflow: true)
        let encodings = try model.tokenizer.encode(texts.map { DistilBertTokenizer.Input($0) }, truncation: truncation)
        let windows = encodings.enumerated().flatMap { text, encoding in
            ([encoding] + (stride == nil ? [] : encoding.overflowing)).map { (text: text, encoding: $0) }
        }
        var found = [[Entity]](repeating: [], count: windows.count)
        try model.run(windows.map(\.encoding), outputs: [output]) { index, rows in
            let window = windows[index]
            let entities = try entities(of: tokens(window.encoding, ScalarText(texts[window.text]), rows[0]))
            found[index] = entities.filter { !ignoredLabels.contains($0.label) }
        }
        var results: [[[Entity]]] = Array(repeating: [], count: texts.count)
        for (window, entities) in zip(windows, found) { results[window.text].append(entities) }
        return zip(results, encodings).map { windows, encoding in
            let entities = windows.count > 1 ? Entity.longest(of: windows.flatMap { $0 }) : windows.flatMap { $0 }
            return Result(entities: entities, isTruncated: stride == nil && !encoding.overflowing.isEmpty)
        }
    }

    /// The tokens of a window that are of the text, with their probabilities.
    private func tokens(_ encoding: Encoding, _ text: ScalarText, _ rows: OutputRows) throws -> [TaggedToken] {
        let (ids, offsets, special) = (encoding.ids, encoding.offsets, encoding.specialTokensMask)
        return try ids.indices.filter { special[$0] == 0 }.map { index in
            let surface = text[offsets[index]]
            let isUnknown = ids[index] == model.tokenizer.unkTokenID
            let word = isUnknown ? surface : model.tokenizer.token(of: ids[index]) ?? ""
            // A piece is longer than what it stands for by its ##: this is how transformers tells where words begin.
            let continues = !isUnknown && word.unicodeScalars.count != surface.unicodeScalars.count
            let scores = Scores.softmax(rows.vector(index))
            let labels = try scores.indices.map { try model.configuration.label($0, of: scores.count) }
            return TaggedToken(word: word, scores: scores, labels: labels, range: offsets[index], index: index, continuesWord: continues)
        }
    }

    private func entities(of tokens: [TaggedToken]) -> [Entity] {
        switch aggregation {
        case .none: tokens.map(\.entity)
        case .simple: Entity.grouped(tokens.map(\.entity), by: model.tokenizer)
        case .first, .average, .max: Entity.grouped(words(tokens).map { aggregation.entity(of: $0, by: model.tokenizer) }, by: model.tokenizer)
        }
    }

    private func words(_ tokens: [TaggedToken]) -> [[TaggedToken]] {
        var words: [[TaggedToken]] = []
        for token in tokens {
            if token.continuesWord, !words.isEmpty { words[words.count - 1].append(token) } else { words.append([token]) }
        }
        return words
    }
}
