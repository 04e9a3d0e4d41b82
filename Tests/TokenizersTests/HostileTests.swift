import Bytes
import Testing
import Tokenizers

/// Cases 92 to 94: tokenizer files that lie, and texts made to take long.
struct HostileTests {
    private static let specials = #""[UNK]": 0, "[PAD]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4"#

    private static func json(vocab: String = specials, added: String = "", model: String = "WordPiece", normalizer: String = "null", rest: String = "")
        -> String
    {
        """
        {"model": {"type": "\(model)", "vocab": {\(vocab)}\(rest)}, "normalizer": \(normalizer),
         "pre_tokenizer": {"type": "BertPreTokenizer"}, "added_tokens": [\(added)]}
        """
    }

    @Test(
        arguments: [
            (json(vocab: specials + #", "a": -1"#), .malformed, #"the id of "a" is -1"#),
            (json(vocab: specials + #", "a": 2147483648"#), .malformed, "2147483648"),
            (json(vocab: specials + #", "a": 2147483646"#), .malformed, "far beyond"),
            (json(vocab: specials + #", "a": 1.5"#), .malformed, "a number"),
            (json(vocab: specials + #", "a": 4"#), .malformed, #"the id 4 belongs to "[MASK]" and to "a""#),
            (json(vocab: specials + #", "[UNK]": 7"#), .malformed, "twice"),
            (json(vocab: #""[UNK]": 0"#), .malformed, "sep_token"),
            (json(vocab: ""), .malformed, "holds no token"),
            (json(added: #"{"id": 9, "content": ""}"#), .malformed, "empty"),
            (json(added: #"{"id": -9, "content": "x"}"#), .malformed, "-9"),
            (json(added: #"{"id": 1, "content": "x"}"#), .malformed, "the id 1 belongs to"),
            (json(added: #"{"id": 1}"#), .malformed, "without content"),
            (json(model: "BPE"), .unsupported, "\"BPE\""),
            (json(normalizer: #"{"type": "Replace", "pattern": {"Regex": "(a+)+"}, "content": ""}"#), .unsupported, "\"Replace\""),
            (json(normalizer: #"{"type": "BertNormalizer", "lowercase": 1}"#), .malformed, "lowercase is an integer"),
            (json(rest: #", "max_input_chars_per_word": 1000000000000"#), .malformed, "1000000000000"),
            (json(rest: #", "max_input_chars_per_word": 0"#), .malformed, "not between 1"),
            ("[]", .malformed, "an array"), ("{}", .unsupported, "the model is missing"), ("\u{FEFF}{}", .malformed, "byte-order"),
        ] as [(String, ONNXError.Code, String)])
    func tokenizerJSON(_ text: String, _ code: ONNXError.Code, _ message: String) throws {
        let scratch = try Scratch()
        try scratch.write("tokenizer.json", text)
        #expect {
            _ = try DistilBertTokenizer(json: scratch.path + "/tokenizer.json")
        } throws: { error in
            let error = error as? ONNXError
            return error?.code == code && error?.description.contains(message) == true
        }
    }

    @Test(
        arguments: [
            (Array("[UNK]\n[PAD]\n[CLS]\n[SEP]\n[MASK]\n".utf8) + [0xC3, 0x28], "line 6"), ([], "empty"), ([0x0A], "unk_token"),
            (Array("a\nb\n".utf8), "unk_token"),
        ] as [([UInt8], String)])
    func vocabulary(_ bytes: [UInt8], _ message: String) throws {
        let scratch = try Scratch()
        try scratch.write("vocab.txt", bytes)
        #expect {
            _ = try DistilBertTokenizer(folder: scratch.path)
        } throws: { error in
            (error as? ONNXError)?.description.contains(message) == true
        }
    }

    @Test func surrogatesAndNULAreDropped() throws {
        let bytes: [UInt8] = [0x64, 0x6F, 0x00, 0xED, 0xA0, 0x80, 0x67, 0xFF, 0x20, 0xC0, 0x80]
        #expect(try uncased.get().tokenize(String(decoding: bytes, as: UTF8.self)) == ["dog"])
    }

    @Test(arguments: ["a", "_", "^", "\u{301}", "\u{302E}", "\u{1D165}", "中", "[", "[MASK", "가", "\u{1D15E}\u{1D172}", "é", " "])
    func timeIsLinear(_ unit: String) throws {
        let tokenizer = try uncased.get()
        func time(_ count: Int) throws -> Duration {
            let text = String(repeating: unit, count: count)
            return try (0..<3).map { _ in try ContinuousClock().measure { _ = try tokenizer.encode(text) } }.min() ?? .zero
        }
        // Eight times the text: quadratic work would take 64 times as long.
        let (short, long) = (try time(2_000), try time(16_000))
        #expect(long <= short * 24 + .milliseconds(20))
    }

    @Test func spacesAroundStrippingTokensAreWalkedOnce() throws {
        var tokenizer = try uncased.get()
        try tokenizer.addTokens([AddedToken(" ", lstrip: true, rstrip: true, normalized: false), AddedToken("x", lstrip: true, rstrip: true)])
        let count = try tokenizer.encode(String(repeating: " ", count: 200_000)).count
        #expect(count == 3)
    }
}
