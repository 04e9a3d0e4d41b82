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
