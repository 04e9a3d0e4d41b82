import Bytes
import Converter
import Foundation
import TensorFiles
import Tensors

/// Models/checkpoints.
let checkpoints = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Models/checkpoints").path

/// A folder for one test, removed with it.
final class Scratch: Sendable {
    let path = NSTemporaryDirectory() + "checkpoints-" + UUID().uuidString

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// The path of a file in the folder.
    func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file, and the folders that it lies in.
    @discardableResult
    func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    func link(_ name: String, to target: String) throws {
        let link = path + "/" + name
        try FileManager.default.createDirectory(atPath: (link as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// What a fixture's maker read from it: type, shape and bytes of every tensor.
func expectedTensors(_ path: String) throws -> [String: (type: String, shape: [Int], bytes: [UInt8])] {
    let file = try SafetensorsFile(ByteRegion(MappedFile(path: path)))
    let told = try JSONValue(parsing: file.metadata["tensors"] ?? "{}")
    var tensors: [String: (type: String, shape: [Int], bytes: [UInt8])] = [:]
    for entry in file.entries {
        let description = told[entry.name]
        tensors[entry.name] = (description?["type"]?.string ?? "", (description?["shape"]?.array ?? []).compactMap(\.int), entry.data.bytes())
    }
    return tensors
}
