import Bytes
import Converter
import Foundation
import OrderedCollections
import TensorFiles
import Tensors
import Testing

private let commit = "0123456789abcdef0123456789abcdef01234567"

/// A cache as huggingface_hub lays it out: files are links into blobs.
private struct MadeCache {
    let scratch: Scratch
    var cache: HuggingFaceCache { HuggingFaceCache(path: scratch.path) }

    init() throws { scratch = try Scratch() }

    func add(_ entry: String, revision: String? = "main", commit: String = commit, files: [String: [UInt8]]) throws {
        if let revision { try scratch.write(Array((commit + "\n").utf8), to: "\(entry)/refs/\(revision)") }
        for (index, (name, content)) in files.sorted(by: { $0.key < $1.key }).enumerated() {
            try scratch.write(content, to: "\(entry)/blobs/b\(commit.prefix(4))\(index)")
            let up = String(repeating: "../", count: 2 + name.split(separator: "/").count - 1)
            try scratch.link("\(entry)/snapshots/\(commit)/\(name)", to: "\(up)blobs/b\(commit.prefix(4))\(index)")
        }
    }
}

private func weights() throws -> [UInt8] {
    let scratch = try Scratch()
    let path = scratch.path + "/w.safetensors"
    try TensorFile.write([("w", .tensor(Tensor([1, 2] as [Float], shape: [2])))], to: path)
    return try bytes(path)
}

@Suite struct ModelSourceTests {
    @Test(
        arguments: [
            (["model.safetensors", "pytorch_model.bin", "tf_model.h5"], "model.safetensors"),
            (["model.safetensors.index.json", "model-00001-of-00001.safetensors", "pytorch_model.bin"], "model.safetensors.index.json"),
            (["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5"], "pytorch_model.bin"),
            (["pytorch_model.bin.index.json", "tf_model.h5"], "pytorch_model.bin.index.json"),
            (["tf_model.h5", "model.ckpt.index"], "tf_model.h5"),
            (["model.ckpt.index", "model.ckpt.data-00000-of-00001", "model.onnx"], "model.ckpt.index"),
            (["model.onnx", "config.json"], "model.onnx"),
            (["onnx/model.onnx", "config.json"], "onnx/model.onnx"),
            (["config.json", "vocab.txt"], nil),
        ] as [([String], String?)])
    func prefersSomeWeightsOfAFolder(_ names: [String], _ chosen: String?) throws {
        let scratch = try Scratch()
        for name in names { try scratch.write([0], to: name) }
        let source = try ModelSource(scratch.path)
        #expect(source.weights == chosen.map { scratch.path + "/" + $0 } && source.folder == scratch.path)
        #expect(source.path(of: "config.json") == (names.contains("config.json") ? scratch.path + "/config.json" : nil))
        guard chosen == nil else { return }
        let error = #expect(throws: ONNXError.self) { try source.checkpoint() }
        #expect(error?.message.contains("none of model.safetensors, ") == true)
    }

    @Test func takesOneFileWithOthersBesideIt() throws {
        let scratch = try Scratch()
        let path = try scratch.write(weights(), to: "mine.safetensors")
        try scratch.write(Array("{}".utf8), to: "config.json")
        let source = try ModelSource(path)
        #expect(source.weights == path && source.folder == scratch.path)
        #expect(try source.open("config.json")?.bytes() == Array("{}".utf8) && source.open("vocab.txt") == nil)
        #expect(try source.checkpoint().entries.keys == ["w"])
    }

    @Test(arguments: [
        "distilbert-base-uncased", "distilbert/distilbert-base-uncased", "distilbert-base-uncased@main", "distilbert-base-uncased@\(commit)",
    ])
    func findsANameInTheCache(_ name: String) throws {
        for entry in ["models--distilbert-base-uncased", "models--distilbert--distilbert-base-uncased"] {
            let made = try MadeCache()
            try made.add(entry, files: ["model.safetensors": weights(), "config.json": Array("{}".utf8)])
            let source = try ModelSource(name, cache: made.cache)
            #expect(source.weights == "\(made.scratch.path)/\(entry)/snapshots/\(commit)/model.safetensors")
            #expect(try source.checkpoint().entries["w"]?.tensor().array(of: Float.self) == [1, 2])
            #expect(source.path(of: "config.json") != nil && source.path(of: "vocab.txt") == nil)
        }
    }

    @Test func findsARevision() throws {
        let made = try MadeCache()
        let other = String(repeating: "f", count: 40)
        try made.add("models--me--it", files: ["config.json": [1]])
        try made.add("models--me--it", revision: "refs/pr/3", commit: other, files: ["config.json": [3]])
        #expect(try ModelSource("me/it", cache: made.cache).open("config.json")?.bytes() == [1])
        #expect(try ModelSource("me/it@refs/pr/3", cache: made.cache).open("config.json")?.bytes() == [3])
        #expect(try ModelSource("me/it", revision: other, cache: made.cache).open("config.json")?.bytes() == [3])
        let error = #expect(throws: ONNXError.self) { try ModelSource("me/it@v2", cache: made.cache) }
        #expect(error?.remedy?.hasSuffix("hf download me/it --revision v2") == true)
        let both = #expect(throws: ONNXError.self) { try ModelSource("me/it@v2", revision: "v3", cache: made.cache) }
        #expect(both?.code == .usage)
    }

    @Test(arguments: [
        ("distilbert-base-cased", "distilbert/distilbert-base-cased"), ("distilbert/distilbert-base-german-cased", "distilbert/distilbert-base-german-cased"),
        ("bert-base-uncased", "bert-base-uncased"), ("me/it", "me/it"),
    ])
    func saysHowToFetchWhatIsAbsent(_ name: String, _ fetched: String) throws {
        let made = try MadeCache()
        let error = #expect(throws: ONNXError.self) { try ModelSource(name, cache: made.cache) }
        #expect(error?.code == .io && error?.place == [name])
        #expect(error?.message == "is no file or folder, and not in the Hugging Face cache \(made.scratch.path)")
        #expect(error?.remedy == "check the path, or fetch it: hf download \(fetched)")
    }

    @Test(arguments: [
        "../me", "me/../it", "/me/it", "me//it", "a/b/c", "", "me/.it", "me/it--x", "-me", "me\u{0}it", "me/it/", "m e", "models--me--it", "missing.onnx",
    ])
    func refusesNamesThatNoModelHas(_ name: String) throws {
        let made = try MadeCache()
        try made.add("models--me--it", files: ["config.json": [1]])
        let error = #expect(throws: ONNXError.self) { try ModelSource(name, cache: made.cache) }
        #expect(error?.code == .io && error?.message.contains("nor a name that a model could have") == true, "\(String(describing: error))")
    }

    @Test(arguments: ["../../x", "main/../../..", "", "/etc"])
    func refusesRevisionsThatAreNone(_ revision: String) throws {
        let made = try MadeCache()
        try made.add("models--me--it", files: ["config.json": [1]])
        let error = #expect(throws: ONNXError.self) { try ModelSource("me/it", revision: revision, cache: made.cache) }
        #expect(error?.code == .io)
    }

    /// A branch that names something else than a commit leads nowhere.
    @Test func refusesAReferenceThatIsNoCommit() throws {
        let made = try MadeCache()
        try made.add("models--me--it", revision: "main", commit: "../../outside", files: [:])
        try made.scratch.write([1], to: "models--me--it/outside/config.json")
        #expect(throws: ONNXError.self) { try ModelSource("me/it", cache: made.cache) }
    }

    /// Links are followed into the entry's own blobs, and nowhere else.
    @Test func refusesLinksThatLeaveTheEntry() throws {
        let made = try MadeCache()
        try made.add("models--me--it", files: ["config.json": [1]])
        try made.add("models--me--other", files: ["config.json": weights()])
        for (name, target) in [("model.safetensors", "../../../models--me--other/blobs/b01230"), ("vocab.txt", "/etc/hostname")] {
            try made.scratch.link("models--me--it/snapshots/\(commit)/\(name)", to: target)
        }
        let source = try ModelSource("me/it", cache: made.cache)
        for open in [{ _ = try source.checkpoint() }, { _ = try source.open("vocab.txt") }] {
            let error = #expect(throws: ONNXError.self) { try open() }
            #expect(error?.code == .path)
        }
        try made.scratch.write(Array("main".utf8), to: "outside/config.json")
        try made.scratch.write(Array("abc".utf8), to: "models--me--it/refs/linked")
        try made.scratch.link("models--me--it/snapshots/abc", to: "../../outside")
        let error = #expect(throws: ONNXError.self) { try ModelSource("me/it@linked", cache: made.cache) }
        #expect(error?.code == .path)
    }

    @Test(arguments: [
        (["HF_HUB_CACHE": "/a", "HF_HOME": "/b", "HOME": "/h"], "/a"),
        (["HUGGINGFACE_HUB_CACHE": "/a", "HF_HOME": "/b"], "/a"),
        (["HF_HOME": "/b", "XDG_CACHE_HOME": "/c"], "/b/hub"),
        (["XDG_CACHE_HOME": "/c", "HOME": "/h"], "/c/huggingface/hub"),
        (["HOME": "/h"], "/h/.cache/huggingface/hub"),
        (["HF_HOME": "~/hf", "HOME": "/h"], "/h/hf/hub"),
        (["HF_HUB_CACHE": "", "HOME": "/h"], "/h/.cache/huggingface/hub"),
    ])
    func followsTheEnvironment(_ environment: [String: String], _ path: String) {
        #expect(HuggingFaceCache(environment: environment).path == path)
    }
}
