import Bytes
import Foundation
import Testing
import Tokenizers

/// The slow tokenizer against transformers 4 (Models/tokenizers/slow.jsonl), and each place where it differs from the fast one.
struct SlowTests {
    @Test func idsAreThoseOfTransformers() throws {
        let path = ProcessInfo.processInfo.environment["SWIFT_ONNX_SLOW_TOKENIZER_CASES"] ?? fixtures + "/slow.jsonl"
        var lines = try LineReader(path: path, limit: 1 << 24)
        let settings = try #require(try lines.next().flatMap { try JSONValue(ByteRegion($0)).array })
        let tokenizers = try settings.map(tokenizer)
        var differences: [String] = []
        var compared = 0
        while let line = try lines.next() {
            let row = try #require(try JSONValue(ByteRegion(line)).array)
            let tokenizer = tokenizers[try #require(row[0].int)]
            let text = try #require(row[1].string)
            let found = try tokenizer.encode(text, pair: row[2].string, truncation: row[3].int.map { Truncation(maxLength: $0) })
            compared += 1
            guard found.ids.map(Int.init) != row[4].array?.map({ $0.int ?? .min }) else { continue }
            differences.append("\(row[0]) \(text.debugDescription) \(row[2].string.debugDescription) \(row[3]): \(found.ids), not \(row[4])")
        }
        #expect(compared >= 500)
        #expect(differences.isEmpty, "\(differences.count) of \(compared) texts differ; the first: \(differences.prefix(5).joined(separator: "\n"))")
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
        try tokenizer.addTokens(
            (setting["added"]?.array ?? []).map { value in
                func flag(_ name: String) -> Bool { value[name]?.bool ?? false }
                return AddedToken(
                    value["content"]?.string ?? "", lstrip: flag("lstrip"), rstrip: flag("rstrip"), singleWord: flag("single_word"),
                    normalized: value["normalized"]?.bool, special: flag("special"))
            })
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
