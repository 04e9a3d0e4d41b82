import Bytes
import Foundation
import Testing
import Tokenizers

struct FilesTests {
    private static let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dog", "Dog", "##gy", "##s", "é", "e"]

    private func folder(_ files: [String: String]) throws -> Scratch {
        let scratch = try Scratch()
        try scratch.write("vocab.txt", Self.vocabulary.joined(separator: "\n") + "\n")
        for (name, text) in files { try scratch.write(name, text) }
        return scratch
    }

    @Test(arguments: [
        (#"{"do_lower_case": false}"#, ["Dog", "##gy", "é"]), (#"{"do_lower_case": true, "strip_accents": false}"#, ["dog", "##gy", "é"]),
        (#"{"do_lower_case": false, "strip_accents": true}"#, ["Dog", "##gy", "e"]), (#"{"strip_accents": null}"#, ["dog", "##gy", "e"]),
    ])
    func configuration(_ config: String, _ tokens: [String]) throws {
        let scratch = try folder(["tokenizer_config.json": config])
        #expect(try DistilBertTokenizer(folder: scratch.path).tokenize("Doggy é") == tokens)
    }

    @Test func addedTokensAndSpecialTokensMap() throws {
        let scratch = try folder([
            "added_tokens.json": #"{"<new>": 11, "<special>": 12}"#,
            "special_tokens_map.json":
                #"{"mask_token": {"content": "[MASK]", "lstrip": true, "normalized": false}, "additional_special_tokens": ["<special>"]}"#,
            "tokenizer_config.json": #"{"model_max_length": 512}"#,
        ])
        let tokenizer = try DistilBertTokenizer(folder: scratch.path)
        #expect(tokenizer.options.modelMaxLength == 512)
        let encoding = try tokenizer.encode("dog<new>  [MASK]s", addSpecialTokens: false)
        #expect(encoding.ids == [5, 11, 4, 1] && encoding.offsets == [0..<3, 3..<8, 8..<16, 16..<17])
        #expect(tokenizer.decode([5, 11, 12, 4], skipSpecialTokens: true) == "dog <new>")
    }

    @Test func tokenizerJSONGoesBeforeVocabulary() throws {
        let vocab = Self.vocabulary.reversed().enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
        let scratch = try folder([
            "tokenizer.json": """
            {"truncation": {"max_length": 3, "strategy": "OnlyFirst", "stride": 1, "direction": "Left"}, "padding": {"strategy": {"Fixed": 9}},
             "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 4, "vocab": {\(vocab)}},
             "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
             "pre_tokenizer": {"type": "BertPreTokenizer"},
             "post_processor": {"type": "TemplateProcessing", "pair": [],
                "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "end", "type_id": 1}}],
                "special_tokens": {"end": {"id": "end", "ids": [7, 7], "tokens": ["[SEP]", "[SEP]"]}}},
             "added_tokens": [{"id": 7, "content": "[SEP]", "special": true, "normalized": false}, {"id": 20, "content": "<x>", "normalized": false}]}
            """
        ])
        let tokenizer = try DistilBertTokenizer(folder: scratch.path)
        #expect(tokenizer.savedTruncation == Truncation(maxLength: 3, strategy: .onlyFirst, stride: 1, side: .left))
        #expect(tokenizer.savedPadding == Padding(.fixed(9)))
        let encoding = try tokenizer.encode("Dogs doggy <x> dogdog")
        #expect(encoding.ids == [5, 2, 9, 20, 9, 7, 7])
        #expect(encoding.typeIDs == [0, 0, 0, 0, 0, 1, 1])
    }

    @Test func composedAndDecomposedAreTwoTokens() throws {
        let scratch = try Scratch()
        let specials = #""[UNK]": 0, "[PAD]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4"#
        try scratch.write(
            "tokenizer.json",
            #"{"model": {"type": "WordPiece", "vocab": {\#(specials), "\u00e9": 5, "e\u0301": 6}}, "pre_tokenizer": {"type": "BertPreTokenizer"}}"#)
        let tokenizer = try DistilBertTokenizer(json: scratch.path + "/tokenizer.json")
        #expect(tokenizer.id(of: "\u{E9}") == 5 && tokenizer.id(of: "e\u{301}") == 6)
        #expect(try tokenizer.encode("\u{E9} e\u{301}", addSpecialTokens: false).ids == [5, 6])
    }

    @Test func aFolderWithoutTokenizerSaysSo() throws {
        let scratch = try Scratch()
        #expect {
            _ = try DistilBertTokenizer(folder: scratch.path)
        } throws: {
            ($0 as? ONNXError)?.description.contains("neither tokenizer.json nor vocab.txt") == true
        }
    }

    @Test(arguments: ["vocab.txt", "tokenizer.json"])
    func savedTokenizersReadBack(_ file: String) throws {
        var options = DistilBertTokenizer.Options()
        options.doLowerCase = false
        options.modelMaxLength = 128
        let source = try folder([:])
        var tokenizer = try DistilBertTokenizer(vocabulary: source.path + "/vocab.txt", options: options)
        try tokenizer.addTokens([AddedToken("<n>", lstrip: true, singleWord: true), AddedToken("<s>", normalized: true, special: true)])
        let scratch = try Scratch()
        try tokenizer.save(to: scratch.path)
        if file == "vocab.txt" { try FileManager.default.removeItem(atPath: scratch.path + "/tokenizer.json") }
        let again = try DistilBertTokenizer(folder: scratch.path)
        #expect(again.options == tokenizer.options && again.addedTokens == tokenizer.addedTokens && again.vocabularySize == 13)
        for text in ["Doggy  <n> Dog<s>é", "<n>s [MASK] dog"] {
            #expect(try again.encode(text, pair: "dog") == tokenizer.encode(text, pair: "dog"))
        }
    }
}
