import Bytes
import Testing
import Tokenizers

/// Cases 91 to 94: tokenizer files that lie, and texts made to take long.
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

    /// Case 92; and of 94 the regular expression, which nothing here would run.
    @Test(
        arguments: [
            (json(model: "BPE", rest: #", "merges": ["a b"]"#), .unsupported, "\"BPE\""),
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

    /// Case 93. That time grows with the length alone is measured by `Tools/bench tokenizer`.
    @Test(arguments: [
        ("a", 1), ("_", 100_000), ("^", 100_000), ("\u{301}", 0), ("\u{302E}", 1), ("e\u{301}", 1), ("\u{1D165}", 1), ("中", 100_000), ("[", 100_000),
        ("[MASK", 200_000), ("[MASK]", 100_000), ("가", 1), ("\u{1D15E}\u{1D172}", 1), ("é", 1), (" ", 0), ("\u{0}", 0), ("👩‍👩‍👧‍👦", 1), ("a ", 100_000),
    ])
    func longTexts(_ unit: String, _ tokens: Int) throws {
        let text = String(repeating: unit, count: 100_000)
        #expect(try uncased.get().encode(text, addSpecialTokens: false).count == tokens)
        #expect(try uncased.get().ids(of: [text], addSpecialTokens: false).ids.count == tokens)
        #expect(try uncased.get().ids(lines: Array(text.utf8), addSpecialTokens: false).ids.count == tokens)
    }

    /// Case 94, as bytes: every line comes out, U+FFFD and U+0000 dropped.
    @Test func linesThatAreNotUTF8() throws {
        let lines: [UInt8] = [0x64, 0x6F, 0x00, 0xED, 0xA0, 0x80, 0x67, 0xFF, 0x0A, 0xC0, 0x80, 0x0A, 0x0A, 0xF0, 0x9F, 0x0A, 0x64, 0x6F, 0x67, 0xE2]
        let batch = try uncased.get().ids(lines: lines, addSpecialTokens: false)
        #expect((0..<batch.count).map { Array(batch[$0]) } == [[3899], [], [], [], [3899]])
    }

    /// Case 91: a configuration that isn't one.
    @Test(
        arguments: [
            (#"{"model_max_length": 1.5}"#, "model_max_length is a number"), (#"{"model_max_length": -1}"#, "model_max_length is -1"),
            (#"{"model_max_length": 0}"#, "model_max_length is 0"), (#"{"model_max_length": "512"}"#, "model_max_length is a string"),
            (#"{"do_lower_case": 1}"#, "do_lower_case is an integer"), (#"{"strip_accents": "no"}"#, "strip_accents is a string"),
            (#"{"mask_token": 7}"#, "mask_token is an integer"), (#"{"mask_token": "[NONE]"}"#, "[NONE]"),
            (#"{"do_lower_case": true, "do_lower_case": false}"#, "twice"), ("\u{FEFF}{}", "byte-order"), ("[]", "an array"), ("", "empty"),
            (String(repeating: "[", count: 100_000), "deep"), (#"{"added_tokens_decoder": {"x": {"content": "y"}}}"#, "is a string"),
            (#"{"added_tokens_decoder": {"-4": {"content": "y"}}}"#, "-4"),
        ] as [(String, String)])
    func tokenizerConfig(_ text: String, _ message: String) throws {
        let scratch = try Scratch()
        try scratch.write("vocab.txt", "[UNK]\n[PAD]\n[CLS]\n[SEP]\n[MASK]\n")
        try scratch.write("tokenizer_config.json", text)
        #expect {
            _ = try DistilBertTokenizer(folder: scratch.path)
        } throws: { error in
            (error as? ONNXError)?.description.contains(message) == true
        }
    }

    @Test func spacesAroundStrippingTokensAreWalkedOnce() throws {
        var tokenizer = try uncased.get()
        try tokenizer.addTokens([AddedToken(" ", lstrip: true, rstrip: true, normalized: false), AddedToken("x", lstrip: true, rstrip: true)])
        let count = try tokenizer.encode(String(repeating: " ", count: 200_000)).count
        #expect(count == 3)
    }
}
