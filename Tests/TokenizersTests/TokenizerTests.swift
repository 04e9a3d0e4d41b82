import Bytes
import Testing
import Tokenizers

struct TokenizerTests {
    @Test(arguments: [
        ("Hello, my dog is cute", ["hello", ",", "my", "dog", "is", "cute"]),
        ("UNwant\u{E9}d,running", ["unwanted", ",", "running"]),
        ("\u{0}\u{FFFD}\u{7}", []),
        ("unaffable xyzzyq", ["una", "##ffa", "##ble", "x", "##y", "##zzy", "##q"]),
        ("[MASK]x [mask]", ["[MASK]", "x", "[", "mask", "]"]),
    ])
    func tokenize(_ text: String, _ tokens: [String]) throws {
        #expect(try uncased.get().tokenize(text) == tokens)
    }

    @Test func offsetsInScalarsAndBytes() throws {
        let encoding = try uncased.get().encode("Zürich 👩‍👩 x")
        #expect(encoding.offsets == [0..<0, 0..<6, 7..<10, 11..<12, 0..<0])
        #expect(encoding.byteOffsets == [0..<0, 0..<7, 8..<19, 20..<21, 0..<0])
        #expect(encoding.wordIDs == [nil, 0, 1, 2, nil])
        #expect(encoding.sequenceIDs == [nil, 0, 0, 0, nil])
        #expect(encoding.specialTokensMask == [1, 0, 0, 0, 1])
    }

    @Test func paddingAndPairsKeepOffsets() throws {
        let encoding = try uncased.get().encode("dog é x", pair: "cat", padding: Padding(.fixed(9), side: .left))
        #expect(encoding.offsets == [0..<0, 0..<0, 0..<0, 0..<3, 4..<5, 6..<7, 0..<0, 0..<3, 0..<0])
        #expect(encoding.byteOffsets == [0..<0, 0..<0, 0..<0, 0..<3, 4..<6, 7..<8, 0..<0, 0..<3, 0..<0])
    }

    /// Texts of one call share blocks of memory: what is made of one doesn't depend on the others, nor on where a block ends.
    @Test func textsOfOneCallAreAsAlone() throws {
        let tokenizer = try uncased.get()
        let inputs = (0..<60).map { DistilBertTokenizer.Input(String(repeating: "unaffable é dog ", count: 1 + $0 * 97 % 4001)) }
        let encodings = try tokenizer.encode(inputs, threads: 2)
        for (input, encoding) in zip(inputs, encodings) { #expect(try encoding == tokenizer.encode(input.text)) }
        #expect(try tokenizer.ids(of: inputs.map(\.text), threads: 2).ids == encodings.flatMap(\.ids))
    }

    @Test func theFirstTextThatFailsIsNamed() throws {
        var inputs = [DistilBertTokenizer.Input](repeating: "dog", count: 60_000)
        for index in [30_000, 30_001, 59_999] { inputs[index] = "dog dog dog" }
        let truncation = Truncation(maxLength: 4, strategy: .onlySecond)
        for threads in 1...3 {
            let error = #expect(throws: ONNXError.self) { try uncased.get().encode(inputs, truncation: truncation, threads: threads) }
            #expect(error?.place == ["text 30000"])
        }
    }

    @Test func wordsOfTheVocabularyMayBeTooLong() throws {
        var options = DistilBertTokenizer.Options()
        options.maxInputCharsPerWord = 5
        let tokenizer = try DistilBertTokenizer(vocabulary: fixtures + "/vocab.txt", options: options)
        #expect(try tokenizer.tokenize("house running houses") == ["house", "[UNK]", "[UNK]"])
    }

    @Test func batchesArePaddedAndInOrder() throws {
        let tokenizer = try uncased.get()
        let inputs = (0..<500).map { DistilBertTokenizer.Input(String(repeating: "dog ", count: $0 % 7), pair: $0 % 2 == 0 ? "cat" : nil) }
        let encodings = try tokenizer.encode(inputs, padding: Padding(side: .left, multipleOf: 8), threads: 2)
        for (input, encoding) in zip(inputs, encodings) {
            let alone = try tokenizer.encode(input.text, pair: input.pair)
            #expect(encoding.count == 16 && encoding.ids.suffix(alone.count) == alone.ids[...])
            #expect(encoding.attentionMask == Array(repeating: 0, count: 16 - alone.count) + Array(repeating: 1, count: alone.count))
            #expect(encoding.ids.prefix(16 - alone.count).allSatisfy { $0 == tokenizer.padTokenID })
        }
        let fixed = try tokenizer.encode("dog", padding: Padding(.fixed(5)))
        #expect(fixed.ids == [101, 3899, 102, 0, 0] && fixed.attentionMask == [1, 1, 1, 0, 0])
    }

    @Test(arguments: [
        (8, 8, 10, 3, 4), (300, 600, 512, 254, 255), (2, 9, 9, 2, 4), (9, 2, 9, 4, 2), (4, 4, 3, 0, 0),
    ])
    func longestFirst(_ first: Int, _ second: Int, _ length: Int, _ firstLeft: Int, _ secondLeft: Int) throws {
        let texts = [first, second].map { String(repeating: "dog ", count: $0) }
        let encoding = try uncased.get().encode(texts[0], pair: texts[1], truncation: Truncation(maxLength: length))
        #expect(encoding.sequenceIDs.count { $0 == 0 } == firstLeft && encoding.sequenceIDs.count { $0 == 1 } == secondLeft)
        #expect(encoding.overflowing.isEmpty)
    }

    @Test(arguments: [
        Truncation(maxLength: 2), Truncation(maxLength: 12, strategy: .onlyFirst), Truncation(maxLength: 12, strategy: .onlySecond, stride: 11),
        Truncation(maxLength: -5), Truncation(maxLength: 12, stride: -1), Truncation(maxLength: .min, stride: .max), Truncation(maxLength: .max),
    ])
    func impossibleTruncations(_ truncation: Truncation) throws {
        let tokenizer = try uncased.get()
        #expect {
            _ = try tokenizer.encode("dog", pair: String(repeating: "cat ", count: 20), truncation: truncation)
        } throws: {
            ($0 as? ONNXError)?.code == .usage
        }
    }

    @Test func tooManyWindowsAreRefused() throws {
        let text = String(repeating: "dog ", count: 100_000)
        let tokenizer = try uncased.get()
        #expect {
            _ = try tokenizer.encode(text, pair: text, truncation: Truncation(maxLength: 11, stride: 3, returnsOverflow: true))
        } throws: {
            ($0 as? ONNXError)?.code == .limit
        }
        #expect(try tokenizer.encode(text, truncation: Truncation(maxLength: 512)).count == 512)
    }

    @Test(
        arguments: [
            ([101, 7592, 1010, 2026, 3899, 1012, 102], false, true, "[CLS] hello, my dog. [SEP]"),
            ([101, 7592, 1010, 2026, 3899, 1012, 102], true, false, "hello , my dog ."),
            ([14477, 20961, 3468, 1005, 1055], true, true, "unaffable's"),
            ([-1, 30522, .max, 3899], true, true, "dog"),
        ] as [([Int32], Bool, Bool, String)])
    func decode(_ ids: [Int32], _ skips: Bool, _ cleans: Bool, _ text: String) throws {
        #expect(try uncased.get().decode(ids, skipSpecialTokens: skips, cleansUpSpaces: cleans) == text)
    }

    @Test func idsAndTokens() throws {
        var tokenizer = try uncased.get()
        #expect(tokenizer.vocabularySize == 30522)
        #expect(tokenizer.id(of: "dog") == 3899 && tokenizer.token(of: 3899) == "dog")
        #expect(tokenizer.id(of: "no such token") == nil && tokenizer.token(of: -1) == nil && tokenizer.token(of: 30522) == nil)
        try tokenizer.addTokens([AddedToken("<a>"), AddedToken("dog"), AddedToken("<b>", special: true)])
        #expect(tokenizer.id(of: "<a>") == 30522 && tokenizer.id(of: "dog") == 3899 && tokenizer.token(of: 30523) == "<b>")
        #expect(tokenizer.vocabularySize == 30524)
        #expect(throws: ONNXError.self) { try tokenizer.addTokens([AddedToken("")]) }
    }

    /// The space before a Chinese character is white space of the token on its left and the beginning of its own, as in the crate.
    @Test func tokensMayShareWhiteSpace() throws {
        var tokenizer = try uncased.get()
        try tokenizer.addTokens([AddedToken("right", rstrip: true), AddedToken("中文")])
        let encoding = try tokenizer.encode("right\t中文", addSpecialTokens: false)
        #expect(encoding.ids == [2157, 30522] && encoding.offsets == [0..<7, 6..<8])
    }
}
