import Bytes
import Converter
import Foundation
import GraphIR
import OrderedCollections
import TensorFiles
import Tensors
import Testing

/// A model with every kind of constant: shared, empty, of strings, of a type that safetensors lacks, without a usable name, in a subgraph, in an attribute.
private func lively() throws -> Model {
    var graph = Graph(name: "lively")
    let shared = try counting([3, 5])
    let inner = try counting([2], from: 40)
    graph.initializers = try [
        "a.weight": shared, "b.weight": shared, "odd": counting([3]), "empty": Tensor([Float](), shape: [0, 4]),
        "words": Tensor(strings: ["a", "ü"], shape: [2]), "four": Tensor([1, 2, 3] as [UInt8], shape: [3]).packed(as: .int4),
        "onnx.graph": counting([2]), "__metadata__": counting([1]), "scalar": Tensor(scalar: Int64(7)),
    ]
    var then = Graph(name: "then")
    then.initializers = ["odd": inner]
    then.outputs = [ValueInfo("odd")]
    graph.nodes = [
        Node("Constant", inputs: [], outputs: ["c"], attributes: ["value": .tensor(try counting([400]))]),
        Node("If", inputs: ["scalar"], outputs: ["y"], attributes: ["then_branch": .graph(then), "else_branch": .graph(then)]),
    ]
    graph.outputs = [ValueInfo("y")]
    var model = Model(opsetImports: ["": 18], graph: graph)
    model.metadata = ["license": "apache-2.0"]
    return model
}

private func bits(_ model: Model) throws -> [String: [String]] {
    var all = try model.graph.initializers.mapValues { try "\($0) \($0.elementType == .string ? "\($0.stringArray())" : "\(Array($0.bytes()))")" }
    for node in model.graph.nodes {
        for (name, attribute) in node.attributes {
            if case .tensor(let tensor) = attribute { all["\(node) \(name)"] = try "\(tensor) \(Array(tensor.bytes()))" }
            if case .graph(let graph) = attribute {
                for (inner, tensor) in graph.initializers { all["\(node) \(name) \(inner)"] = try "\(tensor) \(Array(tensor.bytes()))" }
            }
        }
    }
    return Dictionary(uniqueKeysWithValues: all.map { ($0.key, [$0.value]) })
}

@Test func nativeFileGivesTheModelBack() throws {
    let scratch = try Scratch()
    let model = try lively()
    try NativeFile.write(
        model, files: [("vocab.txt", Array("[PAD]\n".utf8)), ("config.json", Array("{}".utf8))], metadata: [("a", "b")], to: scratch.file("m"))
    let file = try NativeFile(contentsOf: scratch.file("m"))
    try file.verify()
    #expect(try bits(file.model()) == bits(model))
    #expect(try file.model().metadata == model.metadata)
    #expect(try file.model().externalFiles.isEmpty)
    #expect(file.fileNames == ["vocab.txt", "config.json"])
    #expect(file.bytes(ofFile: "vocab.txt") == Array("[PAD]\n".utf8))
    #expect(file.bytes(ofFile: "merges.txt") == nil)
    #expect(file.metadata == ["format": "pt", "a": "b"])
    #expect(try ModelFile(contentsOf: scratch.file("m")).native != nil)
}

@Test func nativeFileIsSafetensors() throws {
    let scratch = try Scratch()
    try NativeFile.write(lively(), to: scratch.file("m"))
    let file = try SafetensorsFile(ByteRegion(MappedFile(path: scratch.file("m"))))
    #expect(file["a.weight"]?.dtype == "F32")
    #expect(file["a.weight"]?.shape == [3, 5])
    // Stored once.
    #expect(file["b.weight"] == nil)
    #expect(try file.tensor(#require(file["four"])).elementType == .int4)
    for entry in file.entries where !entry.name.hasPrefix("onnx.fill/") { #expect(entry.data.offset % 64 == 0, "\(entry.name)") }
}

@Test func nativeFileBecomesONNXAgain() throws {
    let scratch = try Scratch()
    let model = try lively()
    try NativeFile.write(model, to: scratch.file("m"))
    try ModelFile(contentsOf: scratch.file("m")).model.write(to: scratch.file("m.onnx"))
    #expect(try bits(ModelFile(contentsOf: scratch.file("m.onnx")).model) == bits(model))
}

/// Case 95: every bit of the header.
@Test func flippedHeaderBitIsRefused() throws {
    let scratch = try Scratch()
    var graph = Graph(name: "small")
    graph.initializers = try ["w": counting([2])]
    try NativeFile.write(Model(opsetImports: ["": 18], graph: graph), to: scratch.file("m"))
    let bytes = try [UInt8](Data(contentsOf: URL(filePath: scratch.file("m"))))
    let header = 8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    for bit in 0..<header * 8 {
        var changed = bytes
        changed[bit / 8] ^= 1 << (bit % 8)
        let error = #expect(throws: ONNXError.self, "bit \(bit)") { try NativeFile(ByteRegion(MappedFile(name: "m", copying: changed))).model() }
        #expect(error?.code == .malformed || error?.code == .unsupported, "bit \(bit)")
    }
}

/// Case 96: every bit of the payload.
@Test func flippedPayloadBitIsFound() throws {
    let scratch = try Scratch()
    try NativeFile.write(lively(), to: scratch.file("m"))
    let bytes = try [UInt8](Data(contentsOf: URL(filePath: scratch.file("m"))))
    let header = 8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    for byte in header..<bytes.count {
        var changed = bytes
        changed[byte] ^= 1 << (byte % 8)
        let file = try NativeFile(ByteRegion(MappedFile(name: "m", copying: changed)))
        let error = #expect(throws: ONNXError.self, "byte \(byte)") { try file.verify() }
        #expect(error?.message.contains("doesn't have the checksum") == true)
    }
}

/// Cases 2, 95 and 96: files that are no native file, or not quite one. `change` gets the header's text and the data.
struct DamagedNative: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: ONNXError.Code
    let says: String
    let change: @Sendable (String, [UInt8]) -> [UInt8]

    /// The file with that header, its checksum made right.
    static func file(_ header: String, _ data: [UInt8]) -> [UInt8] {
        var text = header
        text += String(repeating: " ", count: (64 - (8 + text.utf8.count) % 64) % 64)
        let key = "\"onnx.checksum\":\""
        var bytes = (0..<8).map { UInt8(truncatingIfNeeded: text.utf8.count >> (8 * $0)) } + Array(text.utf8)
        if let start = text.firstRange(of: key).map({ text.utf8.distance(from: text.startIndex, to: $0.upperBound) + 8 }) {
            bytes.replaceSubrange(start..<start + 16, with: Array(repeating: UInt8(ascii: "0"), count: 16))
            let digits = String(XXHash64.hash(bytes), radix: 16)
            bytes.replaceSubrange(start..<start + 16, with: Array((String(repeating: "0", count: 16 - digits.count) + digits).utf8))
        }
        return bytes + data
    }

    static let all = [
        DamagedNative(testDescription: "95 version 2", code: .unsupported, says: "version 2; version 1 is supported") {
            file($0.replacingOccurrences(of: "\"onnx.native\":\"1\"", with: "\"onnx.native\":\"2\""), $1)
        },
        DamagedNative(testDescription: "95 wrong endianness", code: .malformed, says: "its header would have") { header, data in
            let bytes = file(header, data)
            return bytes[..<8].reversed() + bytes[8...]
        },
        DamagedNative(testDescription: "95 checksum", code: .malformed, says: "its checksum is") { header, data in
            var bytes = file(header, data)
            bytes[bytes.count - data.count - 1] = UInt8(ascii: "\n")
            return bytes
        },
        DamagedNative(testDescription: "96 overlap", code: .malformed, says: "but the one before it ends at") {
            file($0.replacingOccurrences(of: "[64,96]", with: "[0,32]"), $1)
        },
        DamagedNative(testDescription: "96 past the end", code: .malformed, says: "bytes are missing") { file($0, Array($1.dropLast(64))) },
        DamagedNative(testDescription: "96 bytes after the end", code: .malformed, says: "bytes follow the last tensor") { file($0, $1 + [0]) },
        DamagedNative(testDescription: "96 unaligned", code: .malformed, says: "no multiple of 64") { header, data in
            var bytes = file(header + String(repeating: " ", count: 64), data)
            let length = bytes.count - data.count - 8 - 32
            bytes.replaceSubrange(0..<8, with: (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
            bytes.removeSubrange(8 + length..<8 + length + 32)
            return repaired(bytes, headerCount: 8 + length)
        },
        DamagedNative(testDescription: "96 too few checksums", code: .malformed, says: "checksums for") { header, data in
            file(header.replacing(#/"onnx.checksums":"[0-9a-f]{16} /#, with: "\"onnx.checksums\":\""), data)
        },
        DamagedNative(testDescription: "96 no graph", code: .malformed, says: "has no graph") {
            file($0.replacingOccurrences(of: "onnx.graph", with: "onnx.grapf"), $1)
        },
        DamagedNative(testDescription: "96 missing tensor", code: .malformed, says: "names the tensor \"w\", which the file lacks") {
            file($0.replacingOccurrences(of: "\"w\":", with: "\"v\":"), $1)
        },
        DamagedNative(testDescription: "96 shorter tensor", code: .malformed, says: "reach past the end of w") { header, data in
            file(header.replacingOccurrences(of: "\"w\":", with: "\"\":").replacing("\"x\":", with: "\"w\":").replacing("\"\":", with: "\"x\":"), data)
        },
    ]

    private static func repaired(_ bytes: [UInt8], headerCount: Int) -> [UInt8] {
        var text = String(decoding: bytes[8..<headerCount], as: UTF8.self)
        while text.hasSuffix(" ") { text.removeLast() }
        let spaces = headerCount - 8 - text.utf8.count
        var head = bytes[..<8] + Array((text + String(repeating: " ", count: spaces)).utf8)
        let start = Array(head).firstRange(of: Array("\"onnx.checksum\":\"".utf8))?.upperBound ?? 0
        head.replaceSubrange(start..<start + 16, with: Array(repeating: UInt8(ascii: "0"), count: 16))
        let digits = String(XXHash64.hash(Array(head)), radix: 16)
        head.replaceSubrange(start..<start + 16, with: Array((String(repeating: "0", count: 16 - digits.count) + digits).utf8))
        return Array(head) + bytes[headerCount...]
    }
}

@Test(arguments: DamagedNative.all)
func damagedNativeFileIsRefused(damaged: DamagedNative) throws {
    let scratch = try Scratch()
    var graph = Graph(name: "small")
    graph.initializers = try ["w": counting([16]), "x": counting([8], from: 3)]
    try NativeFile.write(Model(opsetImports: ["": 18], graph: graph), to: scratch.file("m"))
    let bytes = try [UInt8](Data(contentsOf: URL(filePath: scratch.file("m"))))
    let end = 8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let path = try scratch.write(damaged.change(String(decoding: bytes[8..<end], as: UTF8.self), Array(bytes[end...])), to: "damaged")
    let error = #expect(throws: ONNXError.self) { _ = try NativeFile(contentsOf: path).model() }
    #expect(error?.code == damaged.code)
    #expect(error?.message.contains(damaged.says) == true, "\(error.map { "\($0)" } ?? "nothing")")
    #expect(error?.place.first == path)
}

/// Case 2: the file cut at every byte.
@Test func nativeFileCutAnywhereIsRefused() throws {
    let scratch = try Scratch()
    try NativeFile.write(lively(), to: scratch.file("m"))
    let bytes = try [UInt8](Data(contentsOf: URL(filePath: scratch.file("m"))))
    for length in 1..<bytes.count {
        #expect(throws: ONNXError.self, "\(length) bytes") { try NativeFile(ByteRegion(MappedFile(name: "m", copying: Array(bytes[..<length])))).model() }
    }
}

/// Case 97: a file that is replaced while it is open stays what it was.
@Test func replacedFileStaysOpen() throws {
    let scratch = try Scratch()
    let model = try lively()
    try NativeFile.write(model, to: scratch.file("m"))
    let file = try NativeFile(contentsOf: scratch.file("m"))
    try NativeFile.write(Model(opsetImports: ["": 18], graph: Graph(name: "other")), to: scratch.file("m"))
    try file.verify()
    #expect(try bits(file.model()) == bits(model))
}

@Test func weightsAloneAreNoModel() throws {
    let scratch = try Scratch()
    try TensorFile.write([("a", .tensor(counting([2])))], to: scratch.file("a.safetensors"))
    let error = #expect(throws: ONNXError.self) { try ModelFile(contentsOf: scratch.file("a.safetensors")) }
    #expect(error?.remedy?.contains("onnx-run convert") == true)
}
