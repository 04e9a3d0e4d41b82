public import Bytes

/// A step on the way from text to ids.
public struct TokenizerStep: Sendable, Equatable {
    /// What is done, as "lower case".
    public let name: String
    /// What it makes: texts in quotation marks, or tokens, or ids.
    public let parts: [String]
}

extension DistilBertTokenizer {
    /// What becomes of `text`, step by step: added tokens, clean text, Chinese characters, accents, case, words, pieces, ids. Steps that are switched off
    /// are left out. Of the slow tokenizer, words and what follows.
    public func explain(_ text: String) throws(ONNXError) -> [TokenizerStep] {
        var steps = [TokenizerStep(name: "text", parts: [shown(text)])]
        if options.implementation == .fast { steps += normalizing(text) }
        let encoding = try encode(text, addSpecialTokens: false)
        let tokens = encoding.ids.map { token(of: $0) ?? "" }
        let numbered = zip(encoding.wordIDs, tokens)
        if options.implementation == .fast {
            let bytes = Array(text.utf8)
            var words: [(first: Int, last: Int)] = []
            for (word, range) in zip(encoding.wordIDs, encoding.byteOffsets) {
                guard let word else { continue }
                if word < words.count { words[word].last = range.upperBound } else { words.append((range.lowerBound, range.upperBound)) }
            }
            steps.append(TokenizerStep(name: "words", parts: words.map { shown(String(decoding: bytes[$0.first..<$0.last], as: UTF8.self)) }))
        } else {
            let count = (encoding.wordIDs.compactMap { $0 }.max() ?? -1) + 1
            let words = (0..<count).map { word in numbered.filter { $0.0 == word }.map(\.1) }
            steps.append(TokenizerStep(name: "words", parts: words.map { shown(join($0, cleansUpSpaces: false)) }))
        }
        steps.append(TokenizerStep(name: "pieces", parts: tokens))
        steps.append(TokenizerStep(name: "ids", parts: try encode(text).ids.map(String.init)))
        return steps
    }

    private func normalizing(_ text: String) -> [TokenizerStep] {
        let bytes = Array(text.utf8)
        let parts = rawMatcher.split(bytes.span)
        var steps: [TokenizerStep] = []
        func add(_ name: String, _ normalizer: Normalizer?) {
            let results = parts.map { part in
                guard part.id == nil, let normalizer else { return shown(String(decoding: bytes[part.range], as: UTF8.self)) }
                var normal = NormalizedText()
                normalizer.run(bytes.span, part.range, into: &normal)
                return shown(String(decoding: normal.bytes, as: UTF8.self))
            }
            steps.append(TokenizerStep(name: name, parts: results))
        }
        if parts.contains(where: { $0.id != nil }) { add("added tokens", nil) }
        var (cleans, spaces, strips, lowers) = (false, false, false, false)
        func upToHere() -> Normalizer { Normalizer(cleansText: cleans, spacesCJK: spaces, stripsAccents: strips, lowercases: lowers) }
        if normalizer.cleansText {
            cleans = true
            add("clean text", upToHere())
        }
        if normalizer.spacesCJK {
            spaces = true
            add("Chinese characters", upToHere())
        }
        if normalizer.stripsAccents {
            strips = true
            add("accents", upToHere())
        }
        if normalizer.lowercases {
            lowers = true
            add("lower case", upToHere())
        }
        return steps
    }
}

private func shown(_ text: String) -> String { "\"" + quoted(text) + "\"" }
