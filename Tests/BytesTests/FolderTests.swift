import Bytes
import Foundation
import Testing

@Suite struct FolderTests {
    /// A model's folder beside a secret, and a Hugging Face cache.
    let scratch: Scratch
    let model: String
    let snapshot: String

    init() throws {
        scratch = try Scratch()
        model = scratch.path + "/model"
        snapshot = scratch.path + "/hub/models--a--b/snapshots/0123/onnx"
        _ = try scratch.write("secret", [1])
        _ = try scratch.write("model/weights", [2])
        _ = try scratch.write("model/deep/weights", [3])
        _ = try scratch.write("hub/models--a--b/blobs/4567", [4])
        _ = try scratch.write("hub/models--x--y/blobs/4567", [5])
        _ = try scratch.write("hub/models--a--b/snapshots/0123/onnx/real", [6])
        _ = try scratch.write("hub/models--a--b/refs/main", [7])
        let links = [
            ("model/out", "../secret"), ("model/outAbsolute", scratch.path + "/secret"), ("model/outFolder", ".."), ("model/magic", "/proc/self/fd/3"),
            ("model/inner", "deep/weights"), ("model/innerAbsolute", model + "/deep/weights"), ("model/innerFolder", "./deep"), ("model/loop", "loop"),
            ("model/deep/up", "../weights"), ("model/backIn", "../model/weights"), ("hub/models--a--b/snapshots/0123/onnx/data", "../../../blobs/4567"),
            ("hub/models--a--b/snapshots/0123/onnx/other", "../../../../models--x--y/blobs/4567"),
            ("hub/models--a--b/snapshots/0123/onnx/refs", "../../../refs/main"),
            ("hub/models--a--b/blobs/out", "../../../secret"), ("hub/models--a--b/snapshots/0123/onnx/viaBlob", "../../../blobs/out"),
        ]
        for (link, target) in links {
            try FileManager.default.createSymbolicLink(atPath: scratch.path + "/" + link, withDestinationPath: target)
        }
        try FileManager.default.linkItem(atPath: model + "/weights", toPath: model + "/hard")
        let made = unsafe mkfifo(model + "/fifo", 0o600)
        #expect(made == 0)
    }

    @Test(arguments: [
        ("weights", 2), ("./weights", 2), ("deep/weights", 3), ("deep//weights", 3), ("inner", 3), ("innerAbsolute", 3), ("innerFolder/weights", 3),
        ("deep/up", 2),
        ("innerFolder/up", 2), ("backIn", 2), ("hard", 2),
    ])
    func opensWhatLiesBeneath(_ location: String, _ content: UInt8) throws {
        let file = try Folder(containing: model + "/model.onnx").open(location)
        #expect(ByteRegion(file).bytes() == [content])
    }

    @Test(arguments: [
        "../secret", "deep/../../secret", "deep/../weights", "..", ".", "", "/etc/passwd", "C:\\x", "C:x", "..\\secret", "%2e%2e/secret", "%2E./secret", "~/x",
        "a\0b",
        "weights/", "out", "outAbsolute", "outFolder/secret", "magic", "loop",
    ])
    func refusesWhatLeavesTheFolder(_ location: String) throws {
        let error = try #require(throws: ONNXError.self) { try Folder(containing: model + "/model.onnx").open(location) }
        #expect(error.code == .path)
        #expect(error.remedy == "put the file beside the model and name it by a relative path")
    }

    @Test(arguments: [("missing", ONNXError.Code.io), ("deep", .io), ("fifo", .io), ("weights/x", .io)])
    func refusesWhatIsNoFile(_ location: String, _ code: ONNXError.Code) throws {
        let error = try #require(throws: ONNXError.self) { try Folder(path: model).open(location) }
        #expect(error.code == code)
        #expect(error.place == [model + "/" + location])
    }

    @Test(arguments: [("data", 4), ("real", 6)])
    func followsTheLinksOfAHuggingFaceCache(_ location: String, _ content: UInt8) throws {
        #expect(ByteRegion(try Folder(path: snapshot).open(location)).bytes() == [content])
    }

    @Test(arguments: ["other", "refs", "viaBlob"])
    func refusesOtherLinksInAHuggingFaceCache(_ location: String) throws {
        let error = try #require(throws: ONNXError.self) { try Folder(path: snapshot).open(location) }
        #expect(error.code == .path)
    }

    /// A file that turns into a link to the secret, and back, never yields the secret.
    @Test func losesNoRace() throws {
        let folder = try Folder(path: model)
        let path = model + "/race"
        let done = Mutex(false)
        let swapper = Thread { [model] in
            while !done.value {
                try? FileManager.default.copyItem(atPath: model + "/weights", toPath: path)
                try? FileManager.default.removeItem(atPath: path)
                try? FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "../secret")
                try? FileManager.default.removeItem(atPath: path)
            }
        }
        swapper.start()
        for _ in 0..<3000 {
            if let file = try? folder.open("race") { #expect(ByteRegion(file).bytes() != [1]) }
        }
        done.value = true
    }
}

/// A value behind a lock.
final class Mutex<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: Value

    init(_ value: Value) {
        stored = value
    }

    var value: Value {
        get { lock.withLock { stored } }
        set { lock.withLock { stored = newValue } }
    }
}
