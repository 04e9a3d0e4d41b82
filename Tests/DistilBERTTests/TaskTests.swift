import DistilBERT
import Foundation
import ONNX
import Testing
import Tokenizers

/// The text tasks against the pipelines of transformers: Tools/fixtures-tasks made the models and what is expected.
struct TaskTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Models/tasks")

    private struct Case {
        let options: [String: Any]
        let input: Any
        let expected: Any

        init?(_ value: [String: Any]) {
            guard let options = value["options"] as? [String: Any], let input = value["input"], let expected = value["expected"] else { return nil }
            (self.options, self.input, self.expected) = (options, input, expected)
        }

        var text: DistilBertTokenizer.Input {
            guard let pair = input as? [String: String] else { return DistilBertTokenizer.Input(input as? String ?? "") }
            return DistilBertTokenizer.Input(pair["text"] ?? "", pair: pair["text_pair"])
        }

        /// A list, as a pipeline gives one; one object is a list of one.
        var list: [[String: Any]] { expected as? [[String: Any]] ?? [expected as? [String: Any] ?? [:]] }
    }

    private static func cases(_ model: String) throws -> [Case] {
        let data = try Data(contentsOf: folder.appending(path: "expected.json"))
        let all = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
        return all.filter { $0["model"] as? String == model }.compactMap(Case.init)
    }

    private static func model(_ name: String, _ kind: SessionOptions.Kind = .optimized) throws -> TextModel {
        try TextModel(contentsOf: folder.appending(path: name).path, options: SessionOptions(kind: kind))
    }

    private func near(_ score: Float, _ expected: Any?, _ comment: Comment) {
        #expect(abs(Double(score) - (expected as? Double ?? .nan)) <= 1e-5, comment)
    }

    /// classify-checkpoint is the folder that transformers has written of the same model, without ONNX.
    @Test(arguments: ["classify", "classify-several", "regress", "classify-checkpoint"], SessionOptions.Kind.allCases)
    func classifies(name: String, kind: SessionOptions.Kind) throws {
        let (model, cases) = (try Self.model(name, kind), try Self.cases(name == "classify-checkpoint" ? "classify" : name))
        #expect(cases.count > 10)
        for each in cases {
            let classifier = try TextClassifier(model, function: (each.options["function_to_apply"] as? String).flatMap(TextClassifier.ScoreFunction.init))
            let found = try classifier.classify([each.text], top: each.options["top_k"] as? Int)[0].labels
            #expect(found.map(\.label) == each.list.map { $0["label"] as? String }, "\(each)")
            for (label, expected) in zip(found, each.list) { near(label.score, expected["score"], "\(each)") }
        }
    }

    @Test(arguments: SessionOptions.Kind.allCases)
    func fillsMasks(kind: SessionOptions.Kind) throws {
        let (filler, cases) = (try MaskFiller(Self.model("fill-mask", kind)), try Self.cases("fill-mask"))
        #expect(cases.count > 3)
        for each in cases {
            let masks = try filler.fill([each.text], top: try #require(each.options["top_k"] as? Int))[0].masks
            let expected = each.expected as? [[[String: Any]]] ?? [each.list]
            #expect(masks.map { $0.map(\.sequence) } == expected.map { $0.map { $0["sequence"] as? String } }, "\(each)")
            #expect(masks.map { $0.map(\.token) } == expected.map { $0.map { $0["token_str"] as? String } })
            #expect(masks.map { $0.map { Int($0.id) } } == expected.map { $0.map { $0["token"] as? Int } })
            for (found, wanted) in zip(masks.joined(), expected.joined()) { near(found.score, wanted["score"], "\(each)") }
        }
    }

    @Test func tagsTokens() throws {
        let (model, cases) = (try Self.model("tag"), try Self.cases("tag"))
        #expect(cases.count > 40)
        for each in cases {
            let strategy = try #require((each.options["aggregation_strategy"] as? String).flatMap(TokenTagger.Aggregation.init))
            let ignored = Set(each.options["ignore_labels"] as? [String] ?? ["O"])
            let tagger = try TokenTagger(model, aggregation: strategy, ignoredLabels: ignored, stride: each.options["stride"] as? Int)
            let found = try tagger.tag([each.text.text])[0].entities
            #expect(found.map(\.label) == each.list.map { ($0["entity"] ?? $0["entity_group"]) as? String }, "\(each)")
            #expect(found.map(\.word) == each.list.map { $0["word"] as? String }, "\(each)")
            #expect(
                found.map(\.range.lowerBound) == each.list.map { $0["start"] as? Int } && found.map(\.range.upperBound) == each.list.map { $0["end"] as? Int })
            #expect(found.map(\.index) == each.list.map { $0["index"] as? Int })
            for (entity, expected) in zip(found, each.list) { near(entity.score, expected["score"], "\(each)") }
        }
    }

    @Test(arguments: SessionOptions.Kind.allCases)
    func answersQuestions(kind: SessionOptions.Kind) throws {
        let (model, cases) = (try Self.model("answer", kind), try Self.cases("answer"))
        #expect(cases.count > 15)
        for each in cases {
            var options = QuestionAnswerer.Options()
            options.top = each.options["top_k"] as? Int ?? 1
            options.maxAnswerLength = each.options["max_answer_len"] as? Int ?? 15
            options.maxLength = each.options["max_seq_len"] as? Int
            options.stride = each.options["doc_stride"] as? Int
            options.allowsNoAnswer = each.options["handle_impossible_answer"] as? Bool ?? false
            options.alignsToWords = each.options["align_to_words"] as? Bool ?? true
            let given = try #require(each.input as? [String: String])
            let question = QuestionAnswerer.Question(given["question"] ?? "", context: given["context"] ?? "")
            let found = try QuestionAnswerer(model, options: options).answer([question])[0]
            #expect(found.map(\.text) == each.list.map { $0["answer"] as? String }, "\(each)")
            #expect(
                found.map(\.range.lowerBound) == each.list.map { $0["start"] as? Int } && found.map(\.range.upperBound) == each.list.map { $0["end"] as? Int })
            for (answer, expected) in zip(found, each.list) { near(answer.score, expected["score"], "\(each)") }
        }
    }

    @Test(arguments: SessionOptions.Kind.allCases)
    func embeds(kind: SessionOptions.Kind) throws {
        let (model, cases) = (try Self.model("embed", kind), try Self.cases("embed"))
        #expect(cases.count > 20)
        for each in cases {
            let pooling = try #require((each.options["pooling"] as? String).flatMap(SentenceEmbedder.Pooling.init))
            let embedder = try SentenceEmbedder(model, pooling: pooling, normalizes: each.options["normalize"] as? Bool ?? false)
            let found = try embedder.embed([each.text])[0].embedding
            let expected = try #require(each.expected as? [Double])
            #expect(found.count == expected.count)
            for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) <= 1e-5, "\(each)") }
        }
    }

    /// Bits don't depend on what shares a batch, and results come in the order of the texts.
    @Test func textsTogetherAreAsTextsAlone() throws {
        let embedder = try SentenceEmbedder(Self.model("embed"))
        let texts = (0..<40).map { DistilBertTokenizer.Input(Array(repeating: "ada walked", count: $0 * 7 % 11).joined(separator: " ") + " \($0)") }
        let together = try embedder.embed(texts)
        for (text, result) in zip(texts, together) { #expect(try embedder.embed([text])[0] == result) }
    }

    /// torch.onnx.export fixes shapes unless told otherwise: rows are filled up and texts padded.
    @Test func aModelOfFixedShapesReadsTextToo() throws {
        let base = Self.folder.deletingLastPathComponent().appending(path: "distilbert-tiny/base")
        let vectors = try ["dynamo20-static.onnx", "ts17.onnx"].map { name in
            let model = try TextModel(contentsOf: base.appending(path: name).path, tokenizer: Self.folder.appending(path: "embed").path)
            return try SentenceEmbedder(model).embed(["a ada and", "a", "and", "ada are"]).map(\.embedding)
        }
        for (fixed, free) in zip(vectors[0].joined(), vectors[1].joined()) { #expect(abs(fixed - free) <= 1e-5) }
        let fixed = try TextModel(contentsOf: base.appending(path: "dynamo20-static.onnx").path, tokenizer: Self.folder.appending(path: "embed").path)
        #expect(fixed.maxLength == 7)
    }

    @Test func longTextsAreCutAndSaidToBe() throws {
        let classifier = try TextClassifier(Self.model("classify"))
        let long = DistilBertTokenizer.Input(Array(repeating: "film", count: 100).joined(separator: " "))
        #expect(try classifier.classify([long, "film"]).map(\.isTruncated) == [true, false])
    }

    @Test func similarityIsTheCosine() {
        #expect(SentenceEmbedder.similarity([1, 0], [0, 2]) == 0)
        #expect(SentenceEmbedder.similarity([3, 4], [6, 8]) == 1)
        #expect(SentenceEmbedder.similarity([0, 0], [6, 8]) == 0)
    }

    @Test(arguments: [("classify", "fill-mask"), ("fill-mask", "tag"), ("tag", "answer"), ("answer", "classify"), ("embed", "answer")])
    func aModelForAnotherTaskIsRefused(task: String, model: String) throws {
        let model = try Self.model(model)
        let error = #expect(throws: ONNXError.self) {
            switch task {
            case "classify": _ = try TextClassifier(model)
            case "fill-mask": _ = try MaskFiller(model)
            case "tag": _ = try TokenTagger(model)
            case "answer": _ = try QuestionAnswerer(model)
            default: _ = try SentenceEmbedder(model)
            }
        }
        #expect(error?.code == .unsupported && error?.remedy != nil)
    }
}
