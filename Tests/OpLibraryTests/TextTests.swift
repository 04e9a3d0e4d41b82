import Bytes
import GraphIR
import OpLibrary
import OrderedCollections
import Tensors
import Testing

@Suite struct TextTests {
    private static func strings(_ values: String...) throws -> Value { .tensor(try Tensor(strings: values, shape: [values.count])) }

    @Test(
        arguments: [
            ("a*", "aaa", true), ("a*", "aab", false), ("", "", true), ("(a|b)+c", "abac", true), ("(a|b)+c", "c", false), ("a{2,3}", "a", false),
            ("a{2,3}", "aaa", true), ("a{2,3}", "aaaa", false), ("a{2,}", "aaaaa", true), ("a{,2}", "a{,2}", true), ("[^a-c]x", "dx", true),
            ("[^a-c]x", "bx", false), ("[]a]", "]", true), ("[a-]", "-", true), ("\\d+\\.\\w", "12.é", false), ("\\d+\\.\\w", "12.e", true),
            (".", "\n", false), (".", "é", true), ("\\x41\\x{1F600}", "A😀", true), ("^a$", "a", true), ("a\\b b", "a b", true), ("a\\bb", "ab", false),
            ("[[:alpha:]_]+", "a_B", true), ("(?:ab)*?", "abab", true), ("(?P<n>a)b", "ab", true), ("(a*)*b", String(repeating: "a", count: 5000), false),
            ("(a?){100}a{100}", String(repeating: "a", count: 100), true), ("a||b", "", true), ("[\\d\\-x]+", "1-x", true), ("\\A\\QX", "X", nil),
            ("(?i)a", "A", nil), ("a**", "a", nil), ("(", "", nil), (")", "", nil), ("[a", "", nil), ("a{3,2}", "", nil), ("*", "", nil), ("\\pL", "", nil),
            ("a{1000}{1000}", "", nil), ("(((a{100}){100}){100}){100}", "", nil), (String(repeating: "(", count: 1000), "", nil), ("[z-a]", "", nil),
            ("\\", "", nil), ("a{99999999999999999999}", "", nil), ("\\1", "", nil),
        ] as [(String, String, Bool?)])
    func matches(_ pattern: String, _ text: String, _ expected: Bool?) throws {
        let run = { try OperatorHarness().tensor("RegexFullMatch", [try Self.strings(text)], ["pattern": .string(pattern)]) }
        if let expected { #expect(try run().array(of: TensorBool.self) == [TensorBool(expected)]) } else { #expect(throws: ONNXError.self) { try run() } }
    }

    @Test(
        arguments: [
            (",", nil, "a,,b,", ["a", "", "b", ""]), (",", 1, "a,b,c", ["a", "b,c"]), (nil, nil, "  a \u{3000}b ", ["a", "b"]),
            (nil, 1, " a  b c ", ["a", "b c "]),
            ("", 0, " a b", ["a b"]), ("aa", nil, "aaa", ["", "a"]), (",", nil, "", [""]),
        ] as [(String?, Int64?, String, [String])])
    func splits(_ delimiter: String?, _ limit: Int64?, _ text: String, _ expected: [String]) throws {
        var attributes: OrderedDictionary<String, Attribute> = [:]
        if let delimiter { attributes["delimiter"] = .string(delimiter) }
        if let limit { attributes["maxsplit"] = .int(limit) }
        let found = try OperatorHarness().run("StringSplit", [try Self.strings(text)], outputs: 2, attributes)
        #expect(try found[0]?.tensor?.stringArray() == expected)
        #expect(try found[1]?.tensor?.array(of: Int64.self) == [Int64(expected.count)])
    }

    @Test func refusesToSplitIntoMoreThanFits() throws {
        let many = Value.tensor(try Tensor(strings: [String(repeating: ",", count: 100_000)] + Array(repeating: "", count: 100_000), shape: [100_001]))
        #expect(throws: ONNXError.self) { try OperatorHarness().run("StringSplit", [many], outputs: 2, ["delimiter": .string(",")]) }
        let (rows, columns) = (Array(repeating: "a", count: 100_000), Array(repeating: "b", count: 100_000))
        #expect(throws: ONNXError.self) {
            try OperatorHarness().run(
                "StringConcat", [.tensor(try Tensor(strings: rows, shape: [100_000, 1])), .tensor(try Tensor(strings: columns, shape: [1, 100_000]))])
        }
    }

    @Test func normalizesByBytesAndRefusesOtherCaseRules() throws {
        let words = try Self.strings("e\u{301}", "é", "I")
        let found = try OperatorHarness().tensor("StringNormalizer", [words], ["stopwords": .strings(["é"]), "case_change_action": .string("LOWER")])
        #expect(try found.stringArray().map { Array($0.utf8) } == ["e\u{301}", "i"].map { Array($0.utf8) })
        #expect(throws: ONNXError.self) {
            try OperatorHarness().tensor("StringNormalizer", [words], ["locale": .string("tr_TR"), "case_change_action": .string("LOWER")])
        }
    }

    @Test func weighsGrams() throws {
        func run(_ mode: String, _ more: OrderedDictionary<String, Attribute> = [:]) throws -> [Float] {
            let attributes: OrderedDictionary<String, Attribute> = [
                "mode": .string(mode), "min_gram_length": .int(1), "max_gram_length": .int(2), "max_skip_count": .int(Int64.max),
                "ngram_counts": .ints([0, 2]), "ngram_indexes": .ints([0, 1, 2]), "pool_int64s": .ints([5, 6, 5, 6]), "weights": .floats([10, 100, 1000]),
            ]
            return try OperatorHarness().tensor("TfIdfVectorizer", [try ints(5, 6, 7, 6)], attributes.merging(more) { $1 }).array(of: Float.self)
        }
        #expect(try run("TF") == [1, 2, 2])
        #expect(try run("IDF") == [10, 100, 1000])
        #expect(try run("TFIDF") == [10, 200, 2000])
        #expect(throws: ONNXError.self) { try run("TF", ["ngram_counts": .ints([0, 5])]) }
        #expect(throws: ONNXError.self) { try run("TF", ["ngram_indexes": .ints([0, 1, Int64.max])]) }
        #expect(throws: ONNXError.self) { try run("TF", ["pool_strings": .strings(["a"])]) }
    }

    @Test func encodesLabels() throws {
        let harness = OperatorHarness(opset: 4)
        let found = try harness.tensor(
            "LabelEncoder", domain: "ai.onnx.ml", [try value([Float.nan, -0.0, 2])],
            ["keys_floats": .floats([0, .nan]), "values_strings": .strings(["zero", "none"]), "default_string": .string("?")])
        #expect(try found.stringArray() == ["none", "zero", "?"])
        let old = try OperatorHarness(opset: 1).tensor(
            "LabelEncoder", domain: "ai.onnx.ml", [try Self.strings("b", "x")], ["classes_strings": .strings(["a", "b"])])
        #expect(try old.array(of: Int64.self) == [1, -1])
        #expect(throws: ONNXError.self) {
            try harness.tensor("LabelEncoder", domain: "ai.onnx.ml", [try ints(1)], ["keys_floats": .floats([0]), "values_floats": .floats([0])])
        }
    }

    @Test func refusesTreesThatGoInACircle() throws {
        let attributes: OrderedDictionary<String, Attribute> = [
            "n_targets": .int(1), "leaf_targetids": .ints([0]), "leaf_weights": .tensor(try Tensor([Float(1)], shape: [1])), "nodes_featureids": .ints([0, 0]),
            "nodes_modes": .tensor(try Tensor([UInt8(0), 0], shape: [2])), "nodes_splits": .tensor(try Tensor([Float(0), 0], shape: [2])),
            "nodes_truenodeids": .ints([1, 0]), "nodes_falsenodeids": .ints([0, 0]), "nodes_trueleafs": .ints([0, 0]), "nodes_falseleafs": .ints([1, 1]),
            "tree_roots": .ints([0]),
        ]
        func run(_ feature: Float) throws -> Tensor {
            try OperatorHarness(opset: 5).tensor("TreeEnsemble", domain: "ai.onnx.ml", [try value([feature], [1, 1])], attributes)
        }
        #expect(try run(1).array(of: Float.self) == [1])
        #expect(throws: ONNXError.self) { try run(-1) }
    }
}
