import Foundation
import Testing

/// `onnx-run tokenize`.
struct TokenizeTests {
    private static let folder = Command.root.appending(path: "Models/tokenizers").path

    private static func lines(_ text: String) throws -> [[String: Any]] {
        try text.split(separator: "\n").map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    }

    @Test func textsBecomeWhatAModelReads() throws {
        let arguments = ["tokenize", "Hello, my dog is cute", "[MASK]", "--tokens", "--offsets"]
        let found = try Command.run([arguments[0], Self.folder] + arguments[1...]).json()
        #expect(found["input_ids"] as? [[Int]] == [[101, 7592, 1010, 2026, 3899, 2003, 10140, 102], [101, 103, 102, 0, 0, 0, 0, 0]])
        #expect(found["attention_mask"] as? [[Int]] == [[1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0, 0]])
        #expect((found["tokens"] as? [[String]])?[1].prefix(3) == ["[CLS]", "[MASK]", "[SEP]"])
        #expect((found["offsets"] as? [[[Int]]])?[0].prefix(3) == [[0, 0], [0, 5], [5, 6]])
    }

    @Test func aPipeRunsTheModel() throws {
        let model = Command.root.appending(path: "Models/tasks/embed").path
        let ids = try Command.run(["tokenize", model, "a fine film", "--pair", "walking"])
        #expect(ids.code == 0, "\(ids.said)")
        let file = try #require(try FileManager.default.contentsOfDirectory(atPath: model).first { $0.hasSuffix(".onnx") })
        let ended = try Command.run([model + "/" + file, "--input", "-", "--json"], input: ids.output)
        #expect(ended.code == 0, "\(ended.said)")
    }

    @Test(arguments: [[], ["--tokens"], ["--padding", "4"], ["--threads", "1"]])
    func linesComeOutInOrder(_ options: [String]) throws {
        let texts = (0..<3000).map { String(repeating: "dog ", count: $0 % 5) }
        let found = try Self.lines(Command.run(["tokenize", Self.folder, "--lines"] + options, input: texts.joined(separator: "\n") + "\n").output)
        #expect(found.count == texts.count)
        for (index, line) in found.enumerated() {
            let ids = [101] + Array(repeating: 3899, count: index % 5) + [102]
            let padding = options.first == "--padding" ? max(0, 4 - ids.count) : 0
            #expect(line["input_ids"] as? [Int] == ids + Array(repeating: 0, count: padding))
            #expect(line["attention_mask"] as? [Int] == Array(repeating: 1, count: ids.count) + Array(repeating: 0, count: padding))
        }
    }

    @Test func whatIsCutOverflows() throws {
        let arguments = ["tokenize", Self.folder, "--lines", "--max-length", "5", "--stride", "1", "--overflow"]
        let found = try Self.lines(Command.run(arguments, input: "dog cat dog cat dog").output)
        #expect(found.map { $0["input_ids"] as? [Int] } == [[101, 3899, 4937, 3899, 102], [101, 3899, 4937, 3899, 102]])
    }

    @Test func idsBecomeText() throws {
        let ids = try Command.run(["tokenize", Self.folder, "--lines"], input: "Hello, dog!\n\nunaffable\n").output
        let text = try Command.run(["tokenize", Self.folder, "--lines", "--decode", "--skip-special-tokens"], input: ids).output
        #expect(text == "hello, dog!\n\nunaffable\n")
        #expect(try Command.run(["tokenize", Self.folder, "--decode", "101 3899, 102"]).output == "[CLS] dog [SEP]\n")
    }

    @Test func stepsAreShown() throws {
        let output = try Command.run(["tokenize", Self.folder, "--explain", "Zürich"]).output
        #expect(output.contains("accents             \"Zurich\"") && output.contains("lower case          \"zurich\"") && output.hasSuffix("101 10204 102\n"))
    }

    @Test func speedIsTold() throws {
        let found = try Command.run(["tokenize", Self.folder, "--bench", "--runs", "2"], input: "dog\ncat dog\n").json()
        #expect(found["lines"] as? Int == 2 && found["tokens"] as? Int == 7 && found["bytes"] as? Int == 12)
        #expect(["load_ms", "first_ms", "median_ms", "min_ms"].allSatisfy { (found[$0] as? Double ?? -1) >= 0 })
    }

    @Test(arguments: [
        ([], 64, "give a text"), (["x", "--lines"], 64, "no texts beside"), (["x", "--stride", "2"], 64, "need --max-length"),
        (["x", "--max-length", "1"], 64, "its 2 special tokens"), (["--decode", "12 x"], 64, "is no id"),
        (["--lines", "--padding", "longest"], 64, "give a number"), (["x", "--offsets", "--implementation", "v2"], 64, "only the fast"),
        (["x", "--max-length", "4", "--truncation", "only_second"], 64, "no second text"),
    ])
    func commandLinesThatDoNotFit(_ arguments: [String], _ code: Int32, _ message: String) throws {
        let text =
            ["--decode", "--lines"].contains(arguments.first) || arguments.isEmpty ? arguments : [String(repeating: "dog ", count: 9)] + arguments.dropFirst()
        let ended = try Command.run(["tokenize", Self.folder] + text)
        #expect(ended.code == code && ended.said.contains(message), "\(ended.said)")
    }
}
