import Foundation
import Testing

/// The subcommands that tell of a model.
struct ReportTests {
    private static let model = Command.model("base/ts17.onnx")

    @Test func versionNamesWhatItStandsOn() throws {
        let ended = try Command.run(["--version"])
        #expect(ended.code == 0)
        #expect(ended.output.contains("OpenBLAS") && ended.output.contains("protobuf-c"))
    }

    /// Case 101: OpenBLAS would wait for ever for address space that there isn't.
    @Test func versionNeedsNoAddressSpaceForOpenBLAS() throws {
        let ended = try Command.run(["--version"], limits: "-v 200000")
        #expect(ended.code == 0)
        #expect(ended.output.contains("OpenBLAS needs"))
    }

    @Test func helpHasTheExitCodes() throws {
        let ended = try Command.run(["--help"])
        #expect(ended.code == 0)
        for part in ["EXIT CODES:", "ENVIRONMENT:", "ONNX_RUN_THREADS", "--generate-completion-script"] { #expect(ended.output.contains(part)) }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completes(shell: String) throws {
        let ended = try Command.run(["--generate-completion-script", shell])
        #expect(ended.code == 0 && ended.output.contains("strict-inputs"))
    }

    @Test func inspectSaysInputsAndFiles() throws {
        let fields = try Command.run(["inspect", Command.model("base/dynamo20-static.onnx"), "--json"]).json()
        #expect(fields["external_files"] as? [String] == ["dynamo20-static.onnx.data"])
        #expect((fields["inputs"] as? [[String: String]])?.map { $0["name"] } == ["input_ids", "attention_mask"])
        #expect((fields["operators"] as? [String: Int])?["LayerNormalization"] == 5)
    }

    @Test func inspectTakesFolders() throws {
        let folder = Command.root.appending(path: "Models/family/base").path
        #expect(try Command.run(["inspect", folder]).output == Command.run(["inspect", folder + "/model.safetensors"]).output)
        #expect(try Command.run(["inspect", folder, "--json"]).json()["format"] as? String == "safetensors")
        let classifier = Command.root.appending(path: "Models/tasks/classify").path
        #expect(try Command.run(["inspect", classifier]).output == Command.run(["inspect", classifier + "/model.onnx"]).output)
        let empty = try Folder()
        let ended = try Command.run(["inspect", "."], in: empty)
        #expect(ended.code == 7 && ended.said.contains("has no weights: none of model.safetensors"), "\(ended.said)")
    }

    @Test func inspectShowsThePlanOfOneShape() throws {
        let fields = try Command.run(["inspect", Self.model, "--plan", "input_ids=1x12", "--json"]).json()
        let steps = try #require(fields["steps"] as? [[String: Any]])
        let (arena, peak) = (try #require(fields["arena_bytes"] as? Int), try #require(fields["peak_bytes"] as? Int))
        #expect(!steps.isEmpty && peak > 0 && arena >= peak)
    }

    @Test func inspectShowsWhatPassesDid() throws {
        let ended = try Command.run(["inspect", Self.model, "--passes"])
        #expect(ended.code == 0)
        #expect(ended.output.contains("fuse attention: 2 attention"), "\(ended.output)")
    }

    @Test func inspectFindsANodeByNameAndByValue() throws {
        for name in ["/embeddings/word_embeddings/Gather", "/embeddings/word_embeddings/Gather_output_0"] {
            let ended = try Command.run(["inspect", Self.model, "--node", name])
            #expect(ended.code == 0 && ended.output.contains("= Gather("))
            #expect(ended.output.contains("makes  /embeddings/word_embeddings/Gather_output_0  tensor(float)[batch,sequence,32]"), "\(ended.output)")
        }
        #expect(try Command.run(["inspect", Self.model, "--node", "nowhere"]).code == 64)
    }

    @Test func benchHasItsFields() throws {
        let folder = try Folder()
        let arguments = ["bench", Self.model, "--shape", "input_ids=1x8", "--runs", "2", "--warmup", "0", "--seed", "7", "--json", "--trace", "t.json"]
        let fields = try Command.run(arguments, in: folder).json()
        for name in ["load_ms", "first_ms", "min_ms", "median_ms", "p90_ms", "peak_bytes"] { #expect((fields[name] as? Double ?? 0) > 0, "\(name)") }
        for name in ["machine", "instruction_set", "version", "model_sha256"] { #expect(!(fields[name] as? String ?? "").isEmpty, "\(name)") }
        #expect(fields["seed"] as? Int == 7 && fields["runs"] as? Int == 2)
        let operators = try #require(fields["operators"] as? [[String: Any]])
        let linear = try #require(operators.first { $0["operator"] as? String == "swift.onnx.Linear" })
        let limits = try #require(fields["limits"] as? [String: Double])
        let (reached, limit) = (try #require(linear["gigaflops_per_s"] as? Double), try #require(limits["fp32_gigaflops_per_s"]))
        let share = try #require(linear["share_of_peak_compute"] as? Double)
        #expect(reached > 0 && abs(share - reached / limit) < 1e-6)
        let bytes = (try #require(linear["gigabytes_per_s"] as? Double), try #require(limits["gigabytes_per_s"]))
        let bandwidthShare = try #require(linear["share_of_peak_bandwidth"] as? Double)
        #expect(abs(bandwidthShare - bytes.0 / bytes.1) < 1e-6)
        #expect(limits.count == 2, "a run in fp32 needs no other limit: \(limits)")
        #expect(operators.allSatisfy { $0["gigaflops_per_s"] != nil || $0["share_of_peak_compute"] == nil })
        #expect(fields["steps"] == nil)
        let trace = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.url.appending(path: "t.json"))) as? [String: Any]
        let events = try #require(trace?["traceEvents"] as? [[String: Any]])
        #expect(events.count == operators.reduce(0) { $0 + ($1["count"] as? Int ?? 0) })
    }

    @Test func benchListsSteps() throws {
        let arguments = ["bench", Self.model, "--shape", "input_ids=1x8", "--runs", "1", "--warmup", "0", "--no-peak", "--steps"]
        let fields = try Command.run(arguments + ["--json"]).json()
        let (operators, steps) = (try #require(fields["operators"] as? [[String: Any]]), try #require(fields["steps"] as? [[String: Any]]))
        #expect(fields["limits"] == nil && !steps.isEmpty && steps.allSatisfy { $0["share_of_peak_bandwidth"] == nil })
        for row in operators {
            let count = steps.count { $0["operator"] as? String == row["operator"] as? String }
            #expect(count == row["count"] as? Int, "\(row)")
        }
        let text = try Command.run(arguments).output
        #expect(!text.contains("of peak"))
        for step in steps { #expect(text.contains(try #require(step["node"] as? String)), "\(text)") }
    }

    /// Products of bytes count as operations, beside their own limit.
    @Test(arguments: [
        ("base/quantized-dynamic.onnx", "swift.onnx.QuantizedLinear", "int8", []), ("base/ts17.onnx", "swift.onnx.Linear", "bf16", ["--precision", "bf16"]),
    ])
    func benchComparesEachPrecisionWithItsLimit(model: String, operation: String, precision: String, options: [String]) throws {
        let arguments = ["bench", Command.model(model), "--shape", "input_ids=1x8", "--runs", "1", "--warmup", "0"]
        let fields = try Command.run(arguments + options + ["--json"]).json()
        let row = try #require((fields["operators"] as? [[String: Any]])?.first { $0["operator"] as? String == operation })
        let limit = try #require((fields["limits"] as? [String: Double])?["\(precision)_gigaflops_per_s"])
        let (reached, share) = (try #require(row["gigaflops_per_s"] as? Double), try #require(row["share_of_peak_compute"] as? Double))
        #expect(reached > 0 && abs(share - reached / limit) < 1e-6)
        let text = try Command.run(arguments + options).output
        #expect(text.contains("of peak") && text.contains("GFLOP/s \(precision)") && text.contains("GB/s"), "\(text)")
    }

    @Test(arguments: ["--dim=sequnce=8", "--shape=input_id=1x8", "--shape=input_ids=1xx"])
    func benchRefusesWhatTheModelLacks(option: String) throws {
        let ended = try Command.run(["bench", Self.model, "--dim=batch=1", "--dim=sequence=8", option])
        #expect(ended.code == 64 && ended.output.isEmpty, "\(ended.said)")
    }

    @Test func checkSaysWhereAndEndsWithTheCodeOfItsFinding() throws {
        let folder = try Folder()
        try Data("not a model".utf8).write(to: folder.url.appending(path: "model.onnx"))
        let good = try Command.run(["check", Self.model])
        #expect(good.code == 0 && good.output.hasSuffix(": ok\n"))
        let bad = try Command.run(["check", "model.onnx"], in: folder)
        #expect(bad.code == 2 && bad.output.hasPrefix("error: model.onnx: "))
        #expect(try Command.run(["check", "missing.onnx"], in: folder).code == 7)
    }

    @Test func opsHaveVersions() throws {
        let ended = try Command.run(["ops", "LayerNormalization", "--json"])
        #expect(ended.code == 0 && ended.output.contains("\"LayerNormalization\""))
        #expect(try Command.run(["ops", "NoSuchOperator"]).code == 1)
    }
}
