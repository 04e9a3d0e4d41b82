import Foundation
import Testing

private func family(_ task: String) -> String { Command.root.appending(path: "Models/family/\(task)").path }

private let tasks = ["base", "fill-mask", "text-classification", "question-answering", "token-classification", "multiple-choice"]

extension Folder {
    fileprivate func path(_ name: String) -> String { url.appending(path: name).path }

    fileprivate func copy(_ source: String, _ name: String) throws { try FileManager.default.copyItem(atPath: source, toPath: path(name)) }

    fileprivate func bytes(_ name: String) throws -> Data { try Data(contentsOf: url.appending(path: name)) }
}

/// Converts, and expects that to work.
private func convert(_ arguments: [String], in folder: Folder) throws -> Command.Ended {
    let ended = try Command.run(["convert"] + arguments, in: folder)
    #expect(ended.code == 0, "\(ended.said)")
    return ended
}

struct ConvertTests {
    /// All ways from a checkpoint to a result give the same.
    @Test(arguments: tasks)
    func formsGiveTheSameResults(task: String) throws {
        let folder = try Folder()
        _ = try convert([family(task), "--to", "native", "-o", "a.safetensors"], in: folder)
        _ = try convert([family(task), "--to", "onnx", "-o", "b.onnx"], in: folder)
        _ = try convert([family(task), "--to", "hf", "-o", "c"], in: folder)
        _ = try convert(["c", "--to", "onnx", "-o", "d.onnx"], in: folder)
        _ = try convert(["a.safetensors", "--to", "onnx", "-o", "e.onnx"], in: folder)
        _ = try convert(["b.onnx", "--to", "native", "-o", "f.safetensors"], in: folder)
        _ = try convert(["a.safetensors", "--to", "hf", "-o", "g"], in: folder)
        #expect(try folder.bytes("c/model.safetensors") == folder.bytes("g/model.safetensors"))
        #expect(try folder.bytes("c/config.json") == folder.bytes("g/config.json"))
        let ids = task == "multiple-choice" ? "[[[2, 17, 45], [2, 18, 46]]]" : "[[2, 17, 45]]"
        var results: Set<String> = []
        for name in ["a.safetensors", "b.onnx", "d.onnx", "e.onnx", "f.safetensors"] {
            let ended = try Command.run([name, "--input", "-", "--json", "--quiet"], input: "{\"input_ids\": \(ids)}", in: folder)
            #expect(ended.code == 0, "\(name): \(ended.said)")
            results.insert(ended.output)
        }
        #expect(results.count == 1)
    }

    @Test func nativeFileServesEverySubcommand() throws {
        let folder = try Folder()
        _ = try convert([family("base"), "--to", "native", "-o", "a.safetensors"], in: folder)
        for arguments in [
            ["check", "--verify", "a.safetensors"], ["inspect", "a.safetensors"], ["bench", "a.safetensors", "--runs", "1", "--shape", "input_ids=1x3"],
        ] {
            let ended = try Command.run(arguments, in: folder)
            #expect(ended.code == 0, "\(arguments[0]): \(ended.said)")
        }
        #expect(try Command.run(["inspect", "a.safetensors"], in: folder).output.contains("carries      config.json"))
    }

    @Test func optionsReachTheGraph() throws {
        let folder = try Folder()
        let arguments = [family("text-classification"), "--to", "onnx", "-o", "a.onnx", "--opset", "18", "--outputs", "hidden_states,attentions"]
        _ = try convert(arguments + ["--inputs", "head_mask,inputs_embeds,labels"], in: folder)
        let summary = try Command.run(["inspect", "a.onnx", "--json"], in: folder).json()
        let inputs = try #require(summary["inputs"] as? [[String: String]]).compactMap { $0["name"] }
        let outputs = try #require(summary["outputs"] as? [[String: String]]).compactMap { $0["name"] }
        #expect(Set(inputs) == ["inputs_embeds", "attention_mask", "head_mask", "labels"])
        #expect(outputs.first == "loss" && outputs.contains("hidden_states.0") && outputs.contains("attentions.0"))
        #expect((summary["opsets"] as? [String: Int])?["ai.onnx"] == 18)
    }

    @Test(arguments: [("fp16", "float16"), ("bf16", "bfloat16")])
    func weightsTakeTheType(dtype: String, type: String) throws {
        let folder = try Folder()
        _ = try convert([family("base"), "--to", "native", "--dtype", dtype, "-o", "a.safetensors"], in: folder)
        let summary = try Command.run(["inspect", "a.safetensors"], in: folder).output
        #expect(summary.contains("\(type): "))
        #expect(!summary.contains(" float: "))
        #expect(try Command.run(["a.safetensors", "--input", "-"], input: "[[2, 17]]", in: folder).code == 0)
    }

    @Test func companionsTravelAlong() throws {
        let folder = try Folder()
        try folder.copy(family("base"), "model")
        try "---\nlicense: apache-2.0\n---\n# A card\n".write(toFile: folder.path("model/README.md"), atomically: true, encoding: .utf8)
        try "[PAD]\n[UNK]\n".write(toFile: folder.path("model/vocab.txt"), atomically: true, encoding: .utf8)
        _ = try convert(["model", "--to", "native", "-o", "a.safetensors"], in: folder)
        _ = try convert(["a.safetensors", "--to", "onnx", "-o", "folder"], in: folder)
        _ = try convert(["a.safetensors", "--to", "onnx", "-o", "a.onnx"], in: folder)
        _ = try convert(["a.onnx", "--to", "native", "-o", "b.safetensors"], in: folder)
        #expect(try folder.bytes("folder/vocab.txt") == folder.bytes("model/vocab.txt"))
        #expect(try folder.bytes("folder/README.md") == folder.bytes("model/README.md"))
        for name in ["a.safetensors", "folder/model.onnx", "a.onnx", "b.safetensors"] {
            #expect(try Command.run(["inspect", name], in: folder).output.contains("licence      apache-2.0"), "\(name)")
        }
        #expect(try Command.run(["inspect", "b.safetensors"], in: folder).output.contains("README.md"))
    }

    @Test func reportNamesWhatIsDrawn() throws {
        let folder = try Folder()
        let ended = try convert([family("base"), "--to", "native", "--task", "text-classification", "-o", "a.safetensors", "--json"], in: folder)
        let report = try #require(try ended.json()["weights"] as? [String: [[String: Any]]])
        #expect(report["missing"]?.compactMap { $0["name"] as? String }.first == "pre_classifier.weight")
        #expect(ended.said.contains("drawn at random"))
        #expect(try Command.run(["a.safetensors", "--input", "-"], input: "[[2, 17]]", in: folder).code == 0)
    }

    @Test func dryRunWritesNothing() throws {
        let folder = try Folder()
        let ended = try convert([family("base"), "--to", "hf", "-o", "a", "--dry-run"], in: folder)
        #expect(ended.output.hasPrefix("would write a: base, hf"))
        #expect(try folder.files.isEmpty)
    }

    @Test(arguments: ["native", "hf"])
    func overwritingIsAskedFor(form: String) throws {
        let folder = try Folder()
        _ = try convert([family("base"), "--to", form, "-o", "a"], in: folder)
        #expect(try Command.run(["convert", family("fill-mask"), "--to", form, "-o", "a"], in: folder).said.contains("--overwrite replaces it"))
        _ = try convert([family("fill-mask"), "--to", form, "-o", "a", "--overwrite"], in: folder)
        #expect(try convert(["a", "--to", "native", "-o", "b", "--task", "fill-mask", "--strict"], in: folder).output.contains("fill-mask"))
        #expect(try folder.files == ["a", "b"])
    }
}

/// A conversion that is refused. `$model` is a copy of the tiny base model.
struct ConvertRefusal: Sendable, CustomTestStringConvertible {
    let arguments: String
    let code: Int32
    let says: String
    var setup: @Sendable (Folder) throws -> Void = { _ in }
    var testDescription: String { arguments }

    static let all = [
        ConvertRefusal(arguments: "nowhere/at/all/model --to native -o out", code: 7, says: "no file or folder"),
        ConvertRefusal(arguments: "model --to native -o out --opset 12", code: 4, says: "opset 12 was asked for; 13 to 25"),
        ConvertRefusal(arguments: "model --to native -o out --task poetry", code: 64, says: "poetry"),
        ConvertRefusal(arguments: "model --to native -o out --outputs loss", code: 64, says: "loss"),
        ConvertRefusal(arguments: "model --to native -o out --dtype fp8", code: 64, says: "fp8"),
        ConvertRefusal(arguments: "model --to native -o none/out", code: 7, says: "No such file or directory"),
        ConvertRefusal(arguments: "model --to native -o out --task fill-mask --strict", code: 6, says: "\"vocab_transform.weight\" [32,32] is missing"),
        ConvertRefusal(arguments: "alone.safetensors --to native -o out", code: 7, says: "no config.json beside the weights") {
            try FileManager.default.moveItem(atPath: $0.path("model/model.safetensors"), toPath: $0.path("alone.safetensors"))
        },
        ConvertRefusal(arguments: "model --to native -o out", code: 6, says: "has the shape [96,32], [97,32] expected") { folder in
            let config = folder.path("model/config.json")
            let text = try String(contentsOfFile: config, encoding: .utf8).replacingOccurrences(of: "\"vocab_size\": 96", with: "\"vocab_size\": 97")
            try text.write(toFile: config, atomically: true, encoding: .utf8)
        },
        ConvertRefusal(arguments: "model --to native -o out", code: 6, says: "the closest is \"transformer.layer.0.attention.q_lim.weight\"") { folder in
            let weights = folder.url.appending(path: "model/model.safetensors")
            var bytes = try Data(contentsOf: weights)
            let name = try #require(bytes.firstRange(of: Data("0.attention.q_lin.weight".utf8)))
            bytes.replaceSubrange(name, with: Data("0.attention.q_lim.weight".utf8))
            try bytes.write(to: weights)
        },
        ConvertRefusal(arguments: "graph.onnx --to native -o out --opset 18", code: 64, says: "is an ONNX graph, which is kept as it is") {
            try $0.copy(Command.model("base/ts17.onnx"), "graph.onnx")
        },
        ConvertRefusal(arguments: "graph.onnx --to hf -o out", code: 4, says: "no state dict") { try $0.copy(Command.model("base/ts17.onnx"), "graph.onnx") },
        // Case 100.
        ConvertRefusal(arguments: "model --to native -o model/model.safetensors --overwrite", code: 7, says: "is what model/model.safetensors is read from"),
        ConvertRefusal(arguments: "model --to hf -o model --overwrite", code: 7, says: "is what model/model.safetensors is read from"),
        ConvertRefusal(arguments: "model --to native -o link --overwrite", code: 7, says: "a symbolic link, which is not written over") {
            try FileManager.default.createSymbolicLink(atPath: $0.path("link"), withDestinationPath: "model/config.json")
        },
        ConvertRefusal(arguments: "model --to native -o folder --overwrite", code: 7, says: "a directory, which is not written over") {
            try FileManager.default.createDirectory(atPath: $0.path("folder"), withIntermediateDirectories: false)
        },
        ConvertRefusal(arguments: "model --to hf -o file --overwrite", code: 7, says: "where a folder is to be made") {
            try "x".write(toFile: $0.path("file"), atomically: true, encoding: .utf8)
        },
        ConvertRefusal(arguments: "model --to hf -o photos --overwrite", code: 7, says: "holds \"cat.jpg\"") {
            try FileManager.default.createDirectory(atPath: $0.path("photos"), withIntermediateDirectories: false)
            try "x".write(toFile: $0.path("photos/cat.jpg"), atomically: true, encoding: .utf8)
        },
    ]
}

struct ConvertHostileTests {
    @Test(arguments: ConvertRefusal.all)
    func refusalSaysWhy(refusal: ConvertRefusal) throws {
        let folder = try Folder()
        try folder.copy(family("base"), "model")
        try refusal.setup(folder)
        let before = try FileManager.default.subpathsOfDirectory(atPath: folder.url.path).sorted()
        let ended = try Command.run(["convert"] + refusal.arguments.split(separator: " ").map(String.init), in: folder)
        #expect(ended.code == refusal.code, "\(ended.said)")
        #expect(ended.said.contains(refusal.says), "\(ended.said)")
        #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.url.path).sorted() == before)
    }

    /// Case 98: whatever ends the process and whenever, the output is the old one, or none, or complete. Only a kill may leave a temporary file.
    @Test(arguments: [SIGKILL, SIGTERM, SIGINT], ["native", "onnx", "hf"])
    func endedAtAnyTime(signal: Int32, form: String) throws {
        let folder = try Folder()
        let output = form == "onnx" ? "out.onnx" : "out"
        for delay in stride(from: 0, to: 60_000, by: 4_000) {
            for isThere in [false, true] {
                try? FileManager.default.removeItem(atPath: folder.path(output))
                if isThere { _ = try convert([family("base"), "--to", form, "-o", output], in: folder) }
                let process = Command.process(["convert", family("base"), "--to", form, "-o", output, "--overwrite"])
                process.currentDirectoryURL = folder.url
                (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
                try process.run()
                usleep(UInt32(delay))
                kill(process.processIdentifier, signal)
                process.waitUntilExit()
                let exists = FileManager.default.fileExists(atPath: folder.path(output))
                #expect(exists || !isThere || (form == "hf" && signal == SIGKILL), "after \(delay) µs")
                if exists {
                    let ended =
                        form == "hf"
                        ? try Command.run(["convert", output, "--to", "native", "--dry-run", "-o", "x"], in: folder)
                        : try Command.run(["check", "--verify", output], in: folder)
                    #expect(ended.code == 0, "after \(delay) µs: \(ended.said)")
                }
                let left = try folder.files.filter { $0 != output }
                #expect(left.isEmpty || signal == SIGKILL, "after \(delay) µs: \(left)")
                for name in left { try FileManager.default.removeItem(atPath: folder.path(name)) }
            }
        }
    }

    /// Case 99: a disk that is full at any block.
    @Test(arguments: ["native", "onnx", "hf", "swift"])
    func fullDisk(form: String) throws {
        let folder = try Folder()
        let output = form == "onnx" ? "out.onnx" : "out"
        for isThere in [false, true] {
            if isThere { _ = try convert([family("base"), "--to", form, "-o", output], in: folder) }
            let before = try FileManager.default.subpathsOfDirectory(atPath: folder.url.path).sorted()
            let old = try before.map { try FileManager.default.attributesOfItem(atPath: folder.path($0))[.systemFileNumber] as? Int }
            for blocks in [1, 2, 8, 40, 100] {
                let ended = try Command.run(["convert", family("base"), "--to", form, "-o", output, "--overwrite"], in: folder, limits: "-f \(blocks)")
                #expect(ended.code == 7, "\(blocks) blocks: \(ended.said)")
                #expect(ended.said.contains("cannot be written: File too large"), "\(ended.said)")
                let after = try FileManager.default.subpathsOfDirectory(atPath: folder.url.path).sorted()
                #expect(after == before)
                #expect(try after.map { try FileManager.default.attributesOfItem(atPath: folder.path($0))[.systemFileNumber] as? Int } == old)
            }
        }
    }

    /// Case 100: of several at once, one that is complete wins.
    @Test func severalAtOnce() throws {
        let folder = try Folder()
        let processes = try ["base", "fill-mask", "base", "token-classification"].map { task in
            let process = Command.process(["convert", family(task), "--to", "native", "-o", "out", "--overwrite"])
            process.currentDirectoryURL = folder.url
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            return process
        }
        for process in processes { process.waitUntilExit() }
        #expect(processes.allSatisfy { $0.terminationStatus == 0 })
        #expect(try Command.run(["check", "--verify", "out"], in: folder).code == 0)
        #expect(try folder.files == ["out"])
    }

    /// Case 101: little address space is an error, or enough.
    @Test(arguments: [192, 256, 384, 512, 1024])
    func littleMemory(megabytes: Int) throws {
        let folder = try Folder()
        let ended = try Command.run(["convert", family("base"), "--to", "native", "-o", "out"], in: folder, limits: "-v \(megabytes * 1024)")
        #expect([0, 3, 7].contains(ended.code), "\(ended.code): \(ended.said)")
        #expect(try folder.files == (ended.code == 0 ? ["out"] : []))
    }
}
