public import Bytes

/// Text to ids and back, as `DistilBertTokenizerFast` of transformers does it, or, by `Options.implementation`, its slow `DistilBertTokenizer`.
///
/// Words are cut at white space and punctuation, words into pieces by the longest match in the vocabulary; [CLS] and [SEP] are put around. Offsets are
/// counted in Unicode scalars and in bytes. No text makes it fail: what the vocabulary can't express is [UNK].
public struct DistilBertTokenizer: Sendable {
    /// Whose ways are followed where two tokenizers of transformers differ.
    public enum Implementation: String, Sendable, CaseIterable {
        /// `DistilBertTokenizerFast`, in Rust.
        case fast
        /// `DistilBertTokenizer` of transformers 4, in Python: composes characters (NFC), knows `doBasicTokenize` and `neverSplit`, cleans text always,
        /// spaces U+2B820 to U+2B91F, cuts equally long pairs at the second text first, and tells no offsets.
        case slow
        /// `DistilBertTokenizer` of transformers 2: as `slow`, but composes nothing, strips accents if and only if it lower-cases (`stripAccents` is not
        /// known), and `neverSplit` keeps words as they are only from that: punctuation cuts them, and they become pieces.
        case v2
    }

    /// How text is normalized.
    public struct Options: Sendable, Equatable {
        /// Whose ways are followed.
        public var implementation = Implementation.fast
        /// Not `fast`: cuts words at punctuation and normalizes them; otherwise only white space separates words.
        public var doBasicTokenize = true
        /// Not `fast`: words that stay as they are. With `doLowerCase` the text is in lower case before they are looked for.
        public var neverSplit: [String] = []
        /// Lower-cases the text.
        public var doLowerCase = true
        /// Removes control characters and makes every white space a space.
        public var cleanText = true
        /// Makes a word of each Chinese character.
        public var tokenizeChineseChars = true
        /// Removes accents; nil: as `doLowerCase` says.
        public var stripAccents: Bool?
        /// What a piece that continues a word begins with.
        public var wordpiecesPrefix = "##"
        /// Words of more Unicode scalars are unknown.
        public var maxInputCharsPerWord = 100
        /// The unknown token.
        public var unkToken = "[UNK]"
        /// The token that ends a text.
        public var sepToken = "[SEP]"
        /// The token that pads.
        public var padToken = "[PAD]"
        /// The token that begins an encoding.
        public var clsToken = "[CLS]"
        /// The token that stands for a masked one.
        public var maskToken = "[MASK]"
        /// The longest encoding that the model takes, where the tokenizer's files say so.
        public var modelMaxLength: Int?

        /// The options of distilbert-base-uncased.
        public init() {}
    }

    /// A text, or a pair of texts.
    public struct Input: Sendable, Equatable, ExpressibleByStringLiteral {
        /// The first text.
        public var text: String
        /// The second text, if any.
        public var pair: String?

        /// One text, or two.
        public init(_ text: String, pair: String? = nil) {
            self.text = text
            self.pair = pair
        }

        /// One text.
        public init(stringLiteral text: String) { self.init(text) }
    }

    /// How text is normalized.
    public let options: Options
    /// The tokens that are found in the text as they stand, by id.
    public private(set) var addedTokens: [Int32: AddedToken] = [:]
    /// The truncation that tokenizer.json names; it is applied only if it is passed to `encode`.
    public internal(set) var savedTruncation: Truncation?
    /// The padding that tokenizer.json names; it is applied only if it is passed to `encode`.
    public internal(set) var savedPadding: Padding?

    let model: WordPieceModel
    let normalizer: Normalizer
    let memory: WorkMemory
    let scanner: WordScanner
    var template: Template
    private let special: SpecialIDs
    private(set) var rawMatcher = AddedTokenMatcher([])
    private(set) var normalizedMatcher = AddedTokenMatcher([])
    private(set) var slow: SlowTokenizer?

    private struct SpecialIDs: Sendable {
        let unknown, separate, pad, classify, mask: Int32
    }

    /// A tokenizer over `vocabulary`, in which every special token of `options` must be.
    init(_ vocabulary: Vocabulary, _ options: Options, place: String) throws(ONNXError) {
        guard (1...10_000).contains(options.maxInputCharsPerWord) else {
            throw ONNXError(.malformed, "max_input_chars_per_word is \(options.maxInputCharsPerWord), not between 1 and 10000", place: [place])
        }
        func id(_ token: String, _ name: String) throws(ONNXError) -> Int32 {
            if let id = vocabulary.id(token) { return id }
            throw ONNXError(.malformed, "the \(name) \"\(quoted(token))\" is not in the vocabulary", place: [place], remedy: "name the \(name) that it has")
        }
        special = SpecialIDs(
            unknown: try id(options.unkToken, "unk_token"), separate: try id(options.sepToken, "sep_token"), pad: try id(options.padToken, "pad_token"),
            classify: try id(options.clsToken, "cls_token"), mask: try id(options.maskToken, "mask_token"))
        self.options = options
        model = WordPieceModel(
            vocabulary: vocabulary, prefix: options.wordpiecesPrefix, longestWord: options.maxInputCharsPerWord, unknown: special.unknown)
        memory = WorkMemory(model.wholeWords)
        normalizer = Normalizer(
            cleansText: options.cleanText, spacesCJK: options.tokenizeChineseChars, stripsAccents: options.stripAccents ?? options.doLowerCase,
            lowercases: options.doLowerCase)
        scanner = WordScanner(normalizer)
        template = Template(classify: special.classify, separate: special.separate)
        let names = [options.unkToken, options.sepToken, options.padToken, options.clsToken, options.maskToken]
        try addTokens(names.map { AddedToken($0, special: true) })
    }

    /// The id of the unknown token.
    public var unkTokenID: Int32 { special.unknown }
    /// The id of the token that ends a text.
    public var sepTokenID: Int32 { special.separate }
    /// The id of the token that pads.
    public var padTokenID: Int32 { special.pad }
    /// The id of the token that begins an encoding.
    public var clsTokenID: Int32 { special.classify }
    /// The id of the token that stands for a masked one.
    public var maskTokenID: Int32 { special.mask }

    /// How many tokens there are, added ones included.
    public var vocabularySize: Int { model.vocabulary.count + addedTokens.count { model.vocabulary.token($0.key) == nil } }

    /// The id of `token`, if there is one.
    public func id(of token: String) -> Int32? {
        addedIDs[Array(token.utf8)] ?? model.vocabulary.id(token)
    }

    /// The token of `id`, if there is one.
    public func token(of id: Int32) -> String? {
        addedTokens[id]?.content ?? model.vocabulary.token(id)
    }

    // By bytes: two strings that Swift calls equal may be two tokens.
    private var addedIDs: [[UInt8]: Int32] = [:]

    /// Adds tokens that are to be found in the text as they stand; one that the vocabulary has keeps its id, another gets the next free one.
    public mutating func addTokens(_ tokens: [AddedToken]) throws(ONNXError) {
        var next = Int32(truncatingIfNeeded: model.vocabulary.tokens.count)
        for id in addedTokens.keys { next = max(next, id + 1) }
        for token in tokens {
            let known = id(of: token.content)
            try insert(token, id: known ?? next)
            if known == nil { next += 1 }
        }
        rebuildMatchers()
    }

    /// Adds tokens with the ids that a file gives them.
    mutating func addTokens(_ tokens: [(id: Int32, token: AddedToken)]) throws(ONNXError) {
        for entry in tokens { try insert(entry.token, id: entry.id) }
        rebuildMatchers()
    }

    private mutating func insert(_ token: AddedToken, id: Int32) throws(ONNXError) {
        guard !token.content.isEmpty else { throw ONNXError(.malformed, "the added token of id \(id) is empty", remedy: "remove it") }
        guard id < Int32.max - 1 else { throw ONNXError(.malformed, "the id \(id) of \"\(quoted(token.content))\" is too great") }
        let bytes = Array(token.content.utf8)
        if let other = self.token(of: id), Array(other.utf8) != bytes {
            throw ONNXError(.malformed, "the id \(id) belongs to \"\(quoted(other))\" and to \"\(quoted(token.content))\"", remedy: "give each token an id")
        }
        addedTokens[id] = token
        addedIDs[bytes] = id
    }

    private mutating func rebuildMatchers() {
        if options.implementation != .fast {
            slow = SlowTokenizer(options, model, addedTokens)
            return
        }
        let sorted = addedTokens.sorted { $0.key < $1.key }
        rawMatcher = AddedTokenMatcher(
            sorted.filter { !$0.value.normalized }.map { AddedTokenMatcher.Entry(pattern: Array($0.value.content.utf8), id: $0.key, token: $0.value) })
        normalizedMatcher = AddedTokenMatcher(
            sorted.filter(\.value.normalized).map { id, token in
                let bytes = Array(token.content.utf8)
                var text = NormalizedText()
                normalizer.run(bytes.span, 0..<bytes.count, into: &text)
                return AddedTokenMatcher.Entry(pattern: text.bytes, id: id, token: token)
            })
    }
}
