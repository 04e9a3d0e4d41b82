import Foundation
import Testing

/// `onnx-run compare`.
struct CompareTests {
    private static let model = Command.model("base/ts17.onnx")
    private static let inputs = Command.model("base/inputs-right.json")

    @Test func oneModelInBothSessionsAgrees() throws {
        let ended = try Command.run(["compare", Self.model, "--dim", "batch=2", "--dim", "sequence=7"])
        #expect(ended.code == 0 && ended.output.contains("(reference)") && ended.output.contains("no value differs"), "\(ended.output)")
    }

    /// The values of a run are its own; a small tolerance parts them, and what is saved is found by the command that is printed.
    @Test func theFirstDifferenceIsSavedAndRepeats() throws {
        let folder = try Folder()
        #expect(try Command.run([Self.model, "--input", Self.inputs, "--dump", "dump", "--session", "reference"], in: folder).code == 0)
        let dumped = ["compare", Self.model, "--input", Self.inputs, "--reference", "dump/values.npz"]
        #expect(try Command.run(dumped + ["--session", "reference", "--atol", "0", "--rtol", "0"], in: folder).code == 0)
        #expect(try folder.files == ["dump"])

        let other = Command.model("base/ts11-eager.onnx")
        let fields = try Command.run(["compare", Self.model, other, "--input", Self.inputs, "--atol", "0", "--rtol", "0", "--json"], in: folder).json()
        let first = try #require(fields["first"] as? [String: Any])
        #expect((first["max_abs"] as? Double ?? 1) > 0 && (first["max_abs"] as? Double ?? 1) < 1e-4 && first["max_ulp"] is Int && first["node"] is String)
        #expect(try folder.files == ["difference", "dump"])
        let command = try #require(fields["repeat"] as? String).split(separator: " ").map(String.init)
        let again = try Command.run(Array(command.dropFirst()) + ["--json", "--no-save"], in: folder)
        let alone = try again.json()
        #expect((alone["values"] as? [[String: Any]])?.contains { $0["name"] as? String == first["name"] as? String } == true)
        #expect(again.code == ((fields["alone"] as? [String: Any])?["beyond"] as? Bool == true ? 1 : 0))
    }

    /// Graphs of two exporters share no names but those of their inputs; outputs are matched by position.
    @Test func graphsOfOtherNamesMeetAtTheirInputs() throws {
        let folder = try Folder()
        let arguments = [
            "compare", Command.model("token-classification/ts17.onnx"), Command.model("token-classification/dynamo18.onnx"), "--precision-b", "bf16",
        ]
        let fields = try Command.run(arguments + ["--input", Command.model("token-classification/inputs-right.json"), "--json"], in: folder).json()
        #expect((fields["first"] as? [String: Any])?["name"] as? String == "logits" && fields["compared"] as? Int == 1)
        let command = try #require(fields["repeat"] as? String).split(separator: " ").map(String.init)
        #expect(try Command.run(Array(command.dropFirst()), in: folder).code == 1)
    }

    @Test func aLowerPrecisionPartsAtALinearLayer() throws {
        let fields = try Command.run(["compare", Self.model, "--input", Self.inputs, "--precision-b", "bf16", "--json", "--no-save"]).json()
        let (first, alone) = (fields["first"] as? [String: Any], fields["alone"] as? [String: Any])
        #expect((first?["node"] as? String)?.contains("Linear") == true && alone?["beyond"] as? Bool == true, "\(fields)")
        #expect((first?["max_abs"] as? Double ?? 1) < 0.2)
    }

    @Test(arguments: [
        (["--reference", "x.npz", "--session-b", "reference"], "stands in for B"), (["--atol=-1"], "--atol"),
        (["--precision-b", "bf16", "--session-b", "reference"], "--precision-b"),
        (["--input", "a.json", "--dim", "batch=1"], "--dim"),
    ])
    func mistakesAreNamed(arguments: [String], message: String) throws {
        let ended = try Command.run(["compare", Self.model] + arguments)
        #expect(ended.code == 64 && ended.said.contains(message), "\(ended.said)")
    }
}
