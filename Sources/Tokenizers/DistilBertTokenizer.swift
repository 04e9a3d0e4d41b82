public import Bytes
internal import Parallelism

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
    }

    /// How text is normalized.
    public struct Options: Sendable, Equatable {
        /// Whose ways are followed.
        public var implementation = Implementation.fast
        /// Slow only: cuts words at punctuation and normalizes them; otherwise only white space separates words.
        public var doBasicTokenize = true
        /// Slow only: words that stay as they are. With `doLowerCase` the text is in lower case before they are looked for.
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
    var template: Template
    private let special: SpecialIDs
    private var rawMatcher = AddedTokenMatcher([])
    private var normalizedMatcher = AddedTokenMatcher([])
    private var slow: SlowTokenizer?

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
        normalizer = Normalizer(
            cleansText: options.cleanText, spacesCJK: options.tokenizeChineseChars, stripsAccents: options.stripAccents ?? options.doLowerCase,
            lowercases: options.doLowerCase)
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
        if options.implementation == .slow {
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

// Encoding.
extension DistilBertTokenizer {
    /// The tokens of `text`, without special ones around.
    public func tokenize(_ text: String) throws(ONNXError) -> [String] {
        var sink = WordSink(model)
        return try records(text, &sink).map { token(of: $0.id) ?? "" }
    }

    /// The ids of a text or a pair, with special tokens around unless told otherwise.
    ///
    /// Without `truncation` nothing is cut, without `padding` nothing is added. Throws if a text is longer than 2 GB or truncation can't do what it is asked.
    public func encode(
        _ text: String, pair: String? = nil, addSpecialTokens: Bool = true, truncation: Truncation? = nil, padding: Padding? = nil
    ) throws(ONNXError) -> Encoding {
        var sink = WordSink(model)
        var encodings = [try encode(Input(text, pair: pair), addSpecialTokens, truncation, &sink)]
        try padding?.apply(&encodings, id: padTokenID)
        return encodings[0]
    }

    /// The ids of many texts or pairs, in their order, on `threads` threads (by default as many as the machine has).
    public func encode(
        _ inputs: [Input], addSpecialTokens: Bool = true, truncation: Truncation? = nil, padding: Padding? = nil, threads: Int? = nil
    ) throws(ONNXError) -> [Encoding] {
        let parts = Locked<[Int: [Encoding]]>([:])
        try ThreadPool.shared(threads: threads).parallel(inputs.count, grain: 16) { range throws(ONNXError) in
            var part: [Encoding] = []
            part.reserveCapacity(range.count)
            var sink = WordSink(model)
            for index in range {
                do throws(ONNXError) {
                    part.append(try encode(inputs[index], addSpecialTokens, truncation, &sink))
                } catch {
                    throw error.at("text \(index)")
                }
            }
            let made = part
            parts.withLock { $0[range.lowerBound] = made }
        }
        var encodings = parts.withLock { $0 }.sorted { $0.key < $1.key }.flatMap(\.value)
        try padding?.apply(&encodings, id: padTokenID)
        return encodings
    }

    private func encode(_ input: Input, _ addSpecialTokens: Bool, _ truncation: Truncation?, _ sink: inout WordSink) throws(ONNXError) -> Encoding {
        let first = try records(input.text, &sink)
        let second = try input.pair.map { pair throws(ONNXError) in try records(pair, &sink) }
        guard let truncation else { return Encoding(template.fill([first[...]] + (second.map { [$0[...]] } ?? []), special: addSpecialTokens)) }
        try truncation.checkStride(added: template.added(isPair: false))
        let added = addSpecialTokens ? template.added(isPair: second != nil) : 0
        let windows = try truncation.windows(first.count, second?.count, added: added, tie: options.implementation == .fast ? .second : .first)
        func fill(_ a: Range<Int>, _ b: Range<Int>?) -> Encoding {
            var texts = [first[a]]
            if let second, let b { texts.append(second[b]) }
            return Encoding(template.fill(texts, special: addSpecialTokens))
        }
        guard let second else {
            var encoding = fill(windows.first[0], nil)
            encoding.overflowing = windows.first.dropFirst().map { fill($0, nil) }
            return encoding
        }
        try checkCombinations(windows.first, windows.second, of: first.count + second.count)
        var encoding = fill(windows.first[0], windows.second[0])
        // Every window of the first with every one of the second; the first's own come last.
        for a in windows.first.dropFirst() + windows.first.prefix(1) {
            for b in windows.second where a != windows.first[0] || b != windows.second[0] { encoding.overflowing.append(fill(a, b)) }
        }
        return encoding
    }

    private func checkCombinations(_ first: [Range<Int>], _ second: [Range<Int>], of count: Int) throws(ONNXError) {
        let longest = (first.map(\.count).max() ?? 0) + (second.map(\.count).max() ?? 0)
        let (windows, overflow) = first.count.multipliedReportingOverflow(by: second.count)
        guard !overflow, windows <= Truncation.overflowLimit / max(1, longest) else {
            throw ONNXError(
                .limit, "the \(first.count) windows of one text with the \(second.count) of the other are too many",
                remedy: "cut only one of the texts, by only_first or only_second")
        }
    }

    /// The tokens of a text, with offsets of both kinds.
    private func records(_ text: String, _ sink: inout WordSink) throws(ONNXError) -> [TokenRecord] {
        let bytes = Array(text.utf8)
        guard bytes.count < Int32.max else { throw ONNXError(.limit, "a text of \(bytes.count) bytes is above the limit of 2 GB", remedy: "cut it up") }
        let span = bytes.span
        if let slow {
            slow.run(span, into: &sink)
            return sink.takeRecords()
        }
        for match in rawMatcher.split(span) {
            if let id = match.id {
                sink.added(id, from: match.range.lowerBound, to: match.range.upperBound)
            } else if normalizedMatcher.isEmpty {
                normalizer.run(span, match.range, into: &sink)
                sink.endWord()
            } else {
                findNormalized(span, match.range, into: &sink)
            }
        }
        var records = sink.takeRecords()
        countScalars(span, &records)
        return records
    }

    private func findNormalized(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, into sink: inout WordSink) {
        var text = NormalizedText()
        normalizer.run(bytes, range, into: &text)
        let span = text.bytes.span
        for match in normalizedMatcher.split(span) {
            if let id = match.id {
                sink.added(id, from: text.starts[match.range.lowerBound], to: text.ends[match.range.upperBound - 1])
                continue
            }
            var position = match.range.lowerBound
            while position < match.range.upperBound {
                let start = position
                let scalar = decodeScalar(span, &position)
                sink.scalar(scalar, UnicodeTable.shared.flags(scalar), from: text.starts[start], to: text.ends[start])
            }
            sink.endWord()
        }
    }

    /// Fills in the offsets in scalars.
    private func countScalars(_ bytes: borrowing Span<UInt8>, _ records: inout [TokenRecord]) {
        if isASCII(bytes) {
            for index in records.indices { (records[index].scalarStart, records[index].scalarEnd) = (records[index].start, records[index].end) }
            return
        }
        var scalarsBefore: [Int32] = []
        scalarsBefore.reserveCapacity(bytes.count + 1)
        var scalars: Int32 = 0
        for index in bytes.indices {
            scalarsBefore.append(scalars)
            let next = index + 1
            if next == bytes.count || bytes[next] & 0xC0 != 0x80 { scalars += 1 }
        }
        scalarsBefore.append(scalars)
        for index in records.indices {
            records[index].scalarStart = scalarsBefore[Int(records[index].start)]
            records[index].scalarEnd = scalarsBefore[Int(records[index].end)]
        }
    }
}

private func isASCII(_ bytes: borrowing Span<UInt8>) -> Bool {
    var all: UInt8 = 0
    for index in bytes.indices { all |= bytes[index] }
    return all < 0x80
}
