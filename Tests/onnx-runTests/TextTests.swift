import Foundation
import Testing

/// The subcommands that read text.
struct TextTests {
    private static func model(_ name: String) -> String { Command.root.appending(path: "Models/tasks/\(name)").path }

    private static func lines(_ text: String) throws -> [[String: Any]] {
        try text.split(separator: "\n").map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    }

    @Test func everyLineHasItsResultInOrder() throws {
        let texts = (0..<600).map { $0 % 7 == 3 ? "" : Array(repeating: "film", count: $0 * 31 % 17).joined(separator: " ") + " \($0)" }
        let ended = try Command.run(["classify", Self.model("classify"), "--lines", "--top", "0"], input: texts.joined(separator: "\n") + "\n")
        #expect(ended.code == 0 && ended.said.isEmpty, "\(ended.said)")
        let found = try Self.lines(ended.output)
        #expect(found.map { $0["text"] as? String } == texts)
        #expect(found.allSatisfy { ($0["labels"] as? [Any])?.count == 4 })
    }

    @Test func idsComeBack() throws {
        let input = "{\"id\": 7, \"question\": \"who\", \"context\": \"Ada did\"}\n\n{\"question\": \"who\", \"context\": \"\", \"id\": \"b\"}\n"
        let found = try Self.lines(Command.run(["answer", Self.model("answer"), "--jsonl"], input: input).output)
        #expect(found.count == 2 && found[0]["id"] as? Int == 7 && found[1]["id"] as? String == "b")
        #expect((found[0]["answers"] as? [Any])?.count == 1 && (found[1]["answers"] as? [Any])?.isEmpty == true)
    }

    @Test func theQueryRanks() throws {
        let arguments = ["embed", Self.model("embed"), "--query", "a fine film", "--top", "2", "--text", "walking", "--text", "A fine film", "--text", "river"]
        let found = try Self.lines(Command.run(arguments).output)
        let similarities = found.compactMap { $0["similarity"] as? Double }
        #expect(found.first?["text"] as? String == "A fine film" && similarities.count == 2 && similarities[0] > 0.999 && similarities[1] < similarities[0])
    }

    @Test func whatIsCutIsSaid() throws {
        let long = Array(repeating: "film", count: 90).joined(separator: " ")
        let ended = try Command.run(["classify", Self.model("classify"), "--text", "film", "--text", long])
        #expect(ended.code == 0 && ended.said == "note: text 2 has more than 64 tokens; it was cut\n", "\(ended.said)")
        #expect(try Command.run(["classify", Self.model("classify"), "--text", long, "--quiet"]).said.isEmpty)
    }

    @Test func targetsAreRankedAmongThemselves() throws {
        let arguments = ["fill-mask", Self.model("fill-mask"), "--text", "a [MASK] film", "--top", "10000"]
        func told(_ more: [String]) throws -> [[String: Any]] {
            try #require((try Self.lines(Command.run(arguments.dropLast(more.isEmpty ? 0 : 2) + more).output)[0]["masks"] as? [[[String: Any]]])?.first)
        }
        let every = try told([]).filter { ($0["token"] as? String).map { $0.allSatisfy(\.isLetter) && !$0.isEmpty } ?? false }
        let wanted = [every[9], every[2], every[5]].compactMap { $0["token"] as? String }
        let found = try told((wanted + [wanted[0].uppercased()]).flatMap { ["--target", $0] })
        #expect(found.map { $0["token"] as? String } == [every[2], every[5], every[9]].map { $0["token"] as? String })
        #expect(found.map { $0["score"] as? Double } == [every[2], every[5], every[9]].map { $0["score"] as? Double })
        #expect(try told(["--target", wanted[0], "--target", wanted[1], "--top", "1"]).count == 1)
    }

    /// sentence-transformers' folder says how the vectors of tokens become one; the option overrules it.
    @Test(arguments: [
        ("{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}", "cls"),
        ("{\"word_embedding_dimension\": 32, \"pooling_mode_cls_token\": false, \"pooling_mode_mean_tokens\": true}", "mean"),
    ])
    func theFolderSaysThePooling(configuration: String, pooling: String) throws {
        let folder = try Self.pooled(configuration)
        let texts = ["--text", "a fine film"]
        let plain = try ["mean", "cls"].map { try Command.run(["embed", Self.model("embed"), "--pooling", $0] + texts).output }
        #expect(plain[0] != plain[1] && plain[0].contains("embedding"))
        #expect(try Command.run(["embed", "model"] + texts, in: folder).output == plain[pooling == "cls" ? 1 : 0])
        for (name, expected) in zip(["mean", "cls"], plain) {
            #expect(try Command.run(["embed", "model", "--pooling", name] + texts, in: folder).output == expected)
        }
    }

    @Test(arguments: [
        ("{\"pooling_mode_max_tokens\": true}", 4, "sets the pooling mode max_tokens; mean_tokens or cls_token expected"),
        ("{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": true}", 4, "cls_token and mean_tokens"),
        ("{\"pooling_mode_cls_token\": false}", 4, "the pooling mode nothing"),
        ("{\"pooling_mode_cls_token\": 1}", 2, "1_Pooling/config.json: pooling_mode_cls_token is"), ("[]", 2, "where an object is expected"),
    ])
    func aPoolingThatIsUnknownIsRefused(configuration: String, code: Int, message: String) throws {
        let ended = try Command.run(["embed", "model", "--text", "x"], in: try Self.pooled(configuration))
        #expect(ended.code == Int32(code) && ended.said.contains(message) && ended.output.isEmpty, "\(ended.code) \(ended.said)")
    }

    /// A folder in which `model` is the one of the task with this 1_Pooling/config.json.
    private static func pooled(_ configuration: String) throws -> Folder {
        let folder = try Folder()
        let model = folder.url.appending(path: "model")
        try FileManager.default.copyItem(at: URL(filePath: Self.model("embed")), to: model)
        try FileManager.default.createDirectory(at: model.appending(path: "1_Pooling"), withIntermediateDirectories: true)
        try Data(configuration.utf8).write(to: model.appending(path: "1_Pooling/config.json"))
        return folder
    }

    /// What was done before the line at fault is told.
    @Test func aBadLineIsNamed() throws {
        let ended = try Command.run(["fill-mask", Self.model("fill-mask"), "--lines"], input: "[MASK] a\nb [MASK]\nno mask\n[MASK]\n")
        #expect(ended.code == 64 && ended.said.contains("standard input, line 3: there is no [MASK]"), "\(ended.said)")
        #expect(try Self.lines(ended.output).count == 2)
    }

    @Test(arguments: [
        (["tag", "--text", "x"], "{}", 64, "<model>"), (["classify", "classify"], "", 64, "--text, --lines and --jsonl"),
        (["classify", "classify", "--jsonl"], "[1]", 2, "standard input, line 1: an array found"),
        (["classify", "classify", "--jsonl"], "{\"txt\": \"a\"}", 2, "the object has no \"text\""),
        (["tag", "tag", "--text", "x", "--stride", "3"], "", 64, "aggregation"),
        (["tag", "tag", "--text", "x", "--stride", "99", "--aggregation", "max"], "", 64, "stride of 99"),
        (["embed", "embed", "--text", "x", "--top", "3"], "", 64, "--query"),
        (["fill-mask", "fill-mask", "--text", "[MASK]", "--target", "no such words"], "", 64, "onnx-run: the target 'no such words' is"),
        (["fill-mask", "fill-mask", "--text", "[MASK]", "--target", ""], "", 64, "the target '' is nothing to the tokenizer"),
        (["answer", "answer", "--question", "x"], "", 64, "--context"),
        (["embed", "../tasks", "--text", "x"], "", 7, "has no model: none of model.safetensors"),
    ])
    func mistakesAreNamed(arguments: [String], input: String, code: Int, message: String) throws {
        var arguments = arguments
        if arguments.count > 1, !arguments[1].hasPrefix("-") { arguments[1] = Self.model(arguments[1]) }
        let ended = try Command.run(arguments, input: input)
        #expect(ended.code == Int32(code) && ended.said.contains(message) && ended.output.isEmpty, "\(ended.code) \(ended.said)")
    }

    @Test func theTokenizersThatWereLookedForAreNamed() throws {
        let ended = try Command.run(["embed", Command.model("base/ts17.onnx"), "--text", "x"])
        #expect(ended.code == 7 && ended.said.contains("base/tokenizer.json") && ended.said.contains("base/vocab.txt") && ended.said.contains("--tokenizer"))
        let lent = try Command.run(["embed", Command.model("base/ts17.onnx"), "--tokenizer", Self.model("embed"), "--text", "a"])
        #expect(lent.code == 0 && lent.output.contains("\"embedding\":["), "\(lent.said)")
    }
}
