import Bytes
import Testing
import Tokenizers

/// The slow tokenizer against transformers 4 (Models/tokenizers/slow.jsonl), and each place where it differs from the fast one.
struct SlowTests {
    @Test func idsAreThoseOfTransformers() throws {
        try ReferenceCases(file: "slow.jsonl", variable: "SWIFT_ONNX_SLOW_TOKENIZER_CASES", least: 500).compare(tokenizer) { each in
            let found = try each.tokenizer.encode(each.text, pair: each.pair, truncation: each.truncation.int.map { Truncation(maxLength: $0) })
            return found.ids.map(Int.init) == each.wanted.array?.map { $0.int ?? .min } ? nil : "\(found.ids)"
        }
    }

    private func tokenizer(_ setting: JSONValue) throws -> DistilBertTokenizer {
        var options = DistilBertTokenizer.Options()
        options.implementation = .slow
        options.doLowerCase = setting["do_lower_case"]?.bool ?? true
        options.stripAccents = setting["strip_accents"]?.bool
        options.tokenizeChineseChars = setting["tokenize_chinese_chars"]?.bool ?? true
        options.doBasicTokenize = setting["do_basic_tokenize"]?.bool ?? true
        options.neverSplit = setting["never_split"]?.array?.compactMap(\.string) ?? []
        var tokenizer = try DistilBertTokenizer(vocabulary: fixtures + "/vocab.txt", options: options)
        try tokenizer.addTokens(ReferenceCases.addedTokens(setting))
        return tokenizer
    }

    @Test(arguments: [
        // U+2B820 to U+2B91F are words of their own in Python only.
        ("a\u{2B820}b", true, ["a", "[UNK]", "b"], ["[UNK]"]),
        // A composed and a decomposed accent are one to Python.
        ("cafe\u{301}", false, ["café"], ["cafe", "##\u{301}"]),
        ("ΟΔΟΣ", true, ["οδοσ"], ["οδοσ"]),
    ])
    func divergences(_ text: String, _ lowers: Bool, _ slow: [String], _ fast: [String]) throws {
        let scratch = try Scratch()
        let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "café", "cafe", "##\u{301}", "οδοσ"]
        try scratch.write("vocab.txt", tokens.joined(separator: "\n"))
        var options = DistilBertTokenizer.Options()
        options.doLowerCase = lowers
        #expect(try DistilBertTokenizer(vocabulary: scratch.path + "/vocab.txt", options: options).tokenize(text) == fast)
        options.implementation = .slow
        #expect(try DistilBertTokenizer(vocabulary: scratch.path + "/vocab.txt", options: options).tokenize(text) == slow)
    }

    @Test(arguments: [(8, 8, 10, 4, 3), (300, 600, 512, 255, 254)])
    func longestFirstTies(_ first: Int, _ second: Int, _ length: Int, _ firstLeft: Int, _ secondLeft: Int) throws {
        var options = DistilBertTokenizer.Options()
        options.implementation = .slow
        let tokenizer = try DistilBertTokenizer(vocabulary: fixtures + "/vocab.txt", options: options)
        let texts = [first, second].map { String(repeating: "dog ", count: $0) }
        let encoding = try tokenizer.encode(texts[0], pair: texts[1], truncation: Truncation(maxLength: length))
        #expect(encoding.sequenceIDs.count { $0 == 0 } == firstLeft && encoding.sequenceIDs.count { $0 == 1 } == secondLeft)
    }
}
