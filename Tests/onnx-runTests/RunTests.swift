import Foundation
import Testing

/// JSON that people have, all meaning the ids 2, 17, 45 under a mask of ones.
struct InputForm: Sendable, CustomTestStringConvertible {
    let json: String
    /// What standard error says of it, if anything.
    let note: String?
    var testDescription: String { json }

    static let all = [
        InputForm(json: #"{"input_ids": [[2, 17, 45]], "attention_mask": [[1, 1, 1]]}"#, note: nil),
        InputForm(json: #"{"input_ids": [[2, 17, 45]]}"#, note: "'attention_mask' was not given"),
        InputForm(json: #"{"input_ids": [2, 17, 45], "attention_mask": [1, 1, 1]}"#, note: "'input_ids' was given without a batch axis"),
        InputForm(json: "[[2, 17, 45]]", note: "'attention_mask' was not given"),
        InputForm(json: "[[2.0, 17, 4.5e1]]", note: "'attention_mask' was not given"),
        InputForm(json: #"{"input_ids": [[2, 17, 45]], "token_type_ids": [[0, 0, 0]]}"#, note: "'token_type_ids' was dropped"),
    ]
}

struct Refusal: Sendable, CustomTestStringConvertible {
    let json: String
    let code: Int32
    let says: String
    var options: [String] = []
    var testDescription: String { json }

    static let all = [
        Refusal(json: "", code: 2, says: "standard input: is empty"),
        Refusal(json: #"{"input_ids": [[2, 17"#, code: 2, says: "standard input"),
        Refusal(json: #"{"input_ids": [[2, 17, 45]]}"#, code: 64, says: "'attention_mask' is missing", options: ["--strict-inputs"]),
        Refusal(json: #"{"input_ids": [[2]], "token_type_ids": [[1]]}"#, code: 64, says: "not all of its elements are 0"),
        Refusal(json: #"{"input_ids": [[2]], "labels": [[1]]}"#, code: 64, says: "no input 'labels'"),
        Refusal(json: #"{"attention_mask": [[1]]}"#, code: 64, says: "'input_ids' is missing"),
        Refusal(json: #"{"input_ids": [[2.5]]}"#, code: 6, says: "2.5"),
        Refusal(json: #"{"input_ids": [[2, "two"]]}"#, code: 6, says: "input_ids"),
        Refusal(json: #"{"input_ids": [[[2]]]}"#, code: 6, says: "rank 3"),
        Refusal(json: #"{"input_ids": [[2, 1700]]}"#, code: 6, says: "index 1700"),
        Refusal(json: #"{"input_ids": [[2, 3]], "attention_mask": [[1]]}"#, code: 6, says: "attention_mask"),
        Refusal(json: #"{"input_ids": [[2, 3]], "attention_mask": [[1], [1, 1]]}"#, code: 6, says: "rows of 1 to 2 elements"),
        Refusal(json: "[[2, 17, 45]]", code: 64, says: "no value 'nowhere'", options: ["--fetch", "nowhere"]),
        Refusal(json: "[[2, 17, 45]]", code: 64, says: "names no format", options: ["--output", "result.txt"]),
        Refusal(json: "[[2, 17, 45]]", code: 3, says: "--max-memory", options: ["--max-memory", "1KB"]),
        Refusal(json: "[[2, 17, 45]]", code: 64, says: "1 to 1024", options: ["--threads", "0"]),
    ]
}

struct RunTests {
    private static let model = Command.model("base/ts17.onnx")
    private static let plain = #"{"input_ids": [[2, 17, 45]], "attention_mask": [[1, 1, 1]]}"#

    @Test(arguments: InputForm.all, ["reference", "optimized"])
    func everyFormOfTheSameIdsGivesTheSame(form: InputForm, session: String) throws {
        let expected = try Command.run([Self.model, "--input", "-", "--json", "--session", session], input: Self.plain)
        let ended = try Command.run([Self.model, "--input", "-", "--json", "--session", session], input: form.json)
        #expect(ended.code == 0)
        #expect(ended.output == expected.output)
        #expect(form.note.map { ended.said.contains($0) } ?? ended.said.isEmpty, "\(ended.said)")
    }

    @Test func quietSaysNothing() throws {
        let ended = try Command.run([Self.model, "--input", "-", "--json", "--quiet"], input: "[[2, 17, 45]]")
        #expect(ended.code == 0 && ended.said.isEmpty && !ended.output.isEmpty)
    }

    @Test(arguments: Refusal.all)
    func refusesWithItsCodeAndLeavesNoFile(refusal: Refusal) throws {
        let folder = try Folder()
        let output = refusal.options.contains("--output") ? [] : ["--output", "result.npz"]
        let ended = try Command.run([Self.model, "--input", "-"] + refusal.options + output, input: refusal.json, in: folder)
        #expect(ended.code == refusal.code, "\(ended.said)")
        #expect(ended.said.contains(refusal.says), "\(ended.said)")
        #expect(ended.output.isEmpty)
        #expect(try folder.files.isEmpty)
    }

    @Test func raggedRowsArePaddedUnderAMask() throws {
        let ended = try Command.run([Self.model, "--input", "-", "--json"], input: "[[2, 17, 45], [9]]")
        let padded = try Command.run(
            [Self.model, "--input", "-", "--json"], input: #"{"input_ids": [[2, 17, 45], [9, 0, 0]], "attention_mask": [[1, 1, 1], [1, 0, 0]]}"#)
        #expect(ended.code == 0)
        #expect(ended.output == padded.output)
        #expect(ended.said.contains("padded with 0 under a mask"))
    }

    @Test func linesGiveLinesAndNotesOnce() throws {
        let ended = try Command.run([Self.model, "--input", "-", "--jsonl"], input: "[[2, 17, 45]]\n\n[[9, 3]]\n")
        #expect(ended.code == 0)
        #expect(ended.output.split(separator: "\n").count == 2)
        #expect(ended.said.split(separator: "\n").count == 1, "\(ended.said)")
    }

    @Test func aBadLineIsNamedAndLeavesNoFile() throws {
        let folder = try Folder()
        let ended = try Command.run([Self.model, "--input", "-", "--jsonl", "--output", "r.jsonl"], input: "[[2, 17]]\n[[2, 1700]]\n", in: folder)
        #expect(ended.code == 6)
        #expect(ended.said.contains("standard input, line 2"))
        #expect(try folder.files.isEmpty)
    }

    @Test(arguments: ["npz", "safetensors", "json"])
    func writesWhatItReads(format: String) throws {
        let folder = try Folder()
        let name = "/embeddings/Add_output_0"
        let ended = try Command.run([Self.model, "--input", "-", "--fetch", name, "--output", "r.\(format)", "--quiet"], input: Self.plain, in: folder)
        #expect(ended.code == 0, "\(ended.said)")
        #expect(try folder.files == ["r.\(format)"])
        let again = try Command.run([Self.model, "--input", "r.\(format)"], in: folder)
        #expect(again.code == 64)
        #expect(again.said.contains("r.\(format): the model has no input 'last_hidden_state'"), "\(again.said)")
    }

    @Test func dumpsEveryValueWithItsNode() throws {
        let folder = try Folder()
        let ended = try Command.run([Self.model, "--input", "-", "--dump", "values", "--quiet"], input: Self.plain, in: folder)
        #expect(ended.code == 0, "\(ended.said)")
        let index = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.url.appending(path: "values/index.json"))) as? [String: Any]
        let values = try #require(index?["values"] as? [[String: Any]])
        let gathered = try #require(values.first { $0["node"] as? String == "/embeddings/word_embeddings/Gather" })
        #expect(gathered["operator"] as? String == "Gather")
        #expect(gathered["shape"] as? [Int] == [1, 3, 32])
        #expect(gathered["type"] as? String == "float")
        #expect(values.count > 150)
    }

    @Test func anInvalidThreadCountInTheEnvironmentIsRefused() throws {
        let ended = try Command.run([Self.model, "--input", "-"], input: Self.plain, environment: ["ONNX_RUN_THREADS": "many"])
        #expect(ended.code == 64)
        #expect(ended.said.contains("ONNX_RUN_THREADS"))
    }
}
