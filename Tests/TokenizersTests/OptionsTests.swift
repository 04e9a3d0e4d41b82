import Bytes
import Testing
import Tokenizers

/// Each option of the documentation by itself, through the files that carry it and in code.
struct OptionsTests {
    typealias Implementation = DistilBertTokenizer.Implementation

    private static let vocabulary = [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dog", "Dog", "##s", "@@s", "café", "cafe", ",", "Do,g", "do", "Do", "g", "中", "a",
    ]

    private func tokenizer(_ config: String, _ implementation: Implementation = .fast) throws -> DistilBertTokenizer {
        let scratch = try Scratch()
        try scratch.write("vocab.txt", Self.vocabulary.joined(separator: "\n"))
        try scratch.write("tokenizer_config.json", config)
        return try DistilBertTokenizer(folder: scratch.path, implementation: implementation)
    }

    @Test(
        arguments: [
            (#"{}"#, "Dogs CAFÉ", ["dog", "##s", "cafe"]),
            (#"{"do_lower_case": false}"#, "Dogs café", ["Dog", "##s", "café"]),
            (#"{"strip_accents": false}"#, "CAFÉ", ["café"]),
            (#"{"do_lower_case": false, "strip_accents": true}"#, "café", ["cafe"]),
            (#"{}"#, "a中a", ["a", "中", "a"]),
            (#"{"tokenize_chinese_chars": false}"#, "a中a", ["[UNK]"]),
            (#"{}"#, "do\u{7}g", ["dog"]),
            (#"{"clean_text": false}"#, "do\u{7}g", ["[UNK]"]),
            (#"{"wordpieces_prefix": "@@"}"#, "dogs", ["dog", "@@s"]),
            (#"{"unk_token": "a"}"#, "dox", ["a"]),
            (#"{"mask_token": "dog"}"#, "xdog", ["[UNK]", "dog"]),
            (#"{"never_split": ["Do,g"]}"#, "Do,g", ["do", ",", "g"]),
            (#"{"do_basic_tokenize": false}"#, "do,g", ["do", ",", "g"]),
        ] as [(String, String, [String])])
    func fast(_ config: String, _ text: String, _ tokens: [String]) throws {
        #expect(try tokenizer(config).tokenize(text) == tokens)
    }

    /// What DistilBertTokenizer of transformers 4 and of 2 make of the same.
    @Test(
        arguments: [
            (#"{}"#, "Dogs CAFÉ", ["dog", "##s", "cafe"], ["dog", "##s", "cafe"]),
            (#"{"do_lower_case": false, "strip_accents": true}"#, "café", ["cafe"], ["café"]),
            (#"{"strip_accents": false}"#, "CAFÉ", ["café"], ["cafe"]),
            (#"{"do_lower_case": false}"#, "cafe\u{301}", ["café"], ["[UNK]"]),
            (#"{"do_basic_tokenize": false}"#, "do,g dog", ["[UNK]", "dog"], ["[UNK]", "dog"]),
            (#"{"do_lower_case": false}"#, "Do,g", ["Do", ",", "g"], ["Do", ",", "g"]),
            (#"{"do_lower_case": false, "never_split": ["Do,g"]}"#, "Do,g", ["Do,g"], ["Do", ",", "g"]),
            (#"{"do_lower_case": false, "never_split": ["Dogs"]}"#, "Dogs", ["[UNK]"], ["Dog", "##s"]),
            (#"{"tokenize_chinese_chars": false}"#, "a中a", ["[UNK]"], ["[UNK]"]),
            (#"{"clean_text": false}"#, "do\u{7}g", ["dog"], ["dog"]),
        ] as [(String, String, [String], [String])])
    func slow(_ config: String, _ text: String, _ slow: [String], _ v2: [String]) throws {
        #expect(try tokenizer(config, .slow).tokenize(text) == slow)
        #expect(try tokenizer(config, .v2).tokenize(text) == v2)
    }

    /// Whether a character is assigned is answered by the pinned tables: that of the Python in question is Unicode 14, U+1FAE8 came with 15.
    @Test(arguments: [(Implementation.fast, ["[UNK]"]), (.slow, ["dog"]), (.v2, ["dog"])])
    func newCharacters(_ implementation: Implementation, _ tokens: [String]) throws {
        #expect(try tokenizer("{}", implementation).tokenize("dog\u{1FAE8}") == tokens)
    }

    @Test(arguments: [Side.right, .left])
    func idsOfManyTexts(_ side: Side) throws {
        let tokenizer = try uncased.get()
        let texts = (0..<3000).map { String(repeating: "dog, unaffable Zürich [MASK] ", count: $0 % 9) }
        let truncation = Truncation(maxLength: 20, side: side)
        let batch = try tokenizer.ids(of: texts, truncation: truncation, threads: 2)
        let lines = try tokenizer.ids(lines: Array(texts.joined(separator: "\n").utf8), truncation: truncation, threads: 2)
        #expect(batch.count == texts.count && lines == batch)
        for (row, text) in texts.enumerated() {
            #expect(try Array(batch[row]) == tokenizer.encode(text, truncation: truncation).ids)
        }
        #expect(try tokenizer.ids(of: []).count == 0 && tokenizer.ids(lines: []).count == 0)
        #expect(try tokenizer.ids(lines: Array("a\n\n".utf8), addSpecialTokens: false).starts == [0, 1, 1])
        #expect(throws: ONNXError.self) { try tokenizer.ids(of: ["dog"], truncation: Truncation(maxLength: 1)) }
    }

    @Test(arguments: Implementation.allCases)
    func stepsEndWithTheIDs(_ implementation: Implementation) throws {
        let steps = try tokenizer("{}", implementation).explain("DOGS [MASK] 中")
        #expect(steps.first?.parts == ["\"DOGS [MASK] 中\""])
        #expect(steps.first { $0.name == "pieces" }?.parts == ["dog", "##s", "[MASK]", "中"])
        #expect(steps.last?.parts == ["2", "5", "7", "4", "16", "3"])
        #expect(steps.contains { $0.name == "lower case" && $0.parts.first == "\"dogs \"" } == (implementation == .fast))
    }
}
