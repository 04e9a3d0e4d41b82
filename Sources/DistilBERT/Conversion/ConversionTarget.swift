internal import Bytes
internal import Converter
internal import GraphIR
internal import OrderedCollections
internal import TensorFiles
internal import Tensors

/// The forms that a model is written in.
package enum ConversionTarget: String, Sendable, CaseIterable {
    case native, onnx, hf, swift

    private static let weights = "model.safetensors"
    private static let graph = "model.onnx"

    /// Whether the output at `path` is a folder.
    package func isFolder(_ path: String) -> Bool {
        switch self {
        case .native: false
        case .onnx: !path.lowercased().hasSuffix(".onnx")
        case .hf, .swift: true
        }
    }

    /// Writes `converted` to `path`. The output appears when it is complete.
    ///
    /// Throws `.io` where something is at `path` already, unless `overwrites`, and where it is what was read.
    package func write(_ converted: ConvertedModel, to path: String, overwrites: Bool, progress: (Int, Int) -> Void = { _, _ in }) throws {
        try check(path, inputs: converted.inputs, overwrites: overwrites)
        let (model, companions) = (converted.model, converted.companions)
        switch self {
        case .native:
            let weights = converted.stateDict.map { Set($0.keys) }
            try NativeFile.write(
                model, weights: weights, files: companions.files, metadata: companions.metadata(of: model), to: path, progress: progress)
        case .onnx where !isFolder(path): try companions.inMetadata(of: model).write(to: path)
        case .onnx:
            let folder = try AtomicFolder(path: path, replacing: overwrites ? Set(companions.files.map(\.name) + [Self.graph, Self.graph + ".data"]) : nil)
            try model.write(to: try folder.place(Self.graph))
            try Self.write(companions, to: folder)
        case .hf:
            guard let stateDict = converted.stateDict else {
                throw ONNXError(
                    .unsupported, "is a graph whose constants are no state dict, which transformers could load", place: converted.inputs.prefix(1).map(quoted),
                    remedy: "give the checkpoint that it was exported from")
            }
            let folder = try AtomicFolder(path: path, replacing: overwrites ? Set(companions.files.map(\.name) + [Self.weights]) : nil)
            let file = try folder.file(Self.weights)
            try SafetensorsFile.write(stateDict.map { (name: $0.key, tensor: $0.value) }, metadata: [("format", "pt")], to: file)
            try file.commit()
            try Self.write(companions, to: folder)
        case .swift:
            let weights = converted.stateDict ?? model.graph.initializers.filter { $0.value.elementType != .string }
            let name = path.split(separator: "/").last.map(String.init) ?? "Weights"
            let package = try SwiftPackage(name, weights: weights.map { (name: $0.key, tensor: $0.value) })
            let folder = try AtomicFolder(path: path, replacing: overwrites ? Set(package.files) : nil)
            try package.write(to: folder, progress: progress)
            try folder.commit()
        }
    }

    /// Throws where `path` may not be written, before anything else is done.
    package func check(_ path: String, inputs: [String], overwrites: Bool) throws {
        let input = inputs.first { input in
            isSameFile(path, input) || isFolder(path) && (input.utf8.lastIndex(of: UInt8(ascii: "/")).map { isSameFile(path, String(input[...$0])) } ?? false)
        }
        if let input {
            throw ONNXError(.io, "is what \(quoted(input)) is read from", place: [quoted(path)], remedy: "write to another path")
        }
        guard !isFolder(path) else { return }
        guard overwrites || !isSomething(path) else { throw ONNXError(.io, "is there already", place: [quoted(path)], remedy: "--overwrite replaces it") }
    }

    private static func write(_ companions: Companions, to folder: AtomicFolder) throws {
        for (name, region) in companions.files { try folder.write(region, as: name) }
        try folder.commit()
    }
}
