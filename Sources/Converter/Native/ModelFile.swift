public import Bytes
public import GraphIR

/// A model as a file, in either of its two forms.
public struct ModelFile: Sendable {
    /// The model.
    public let model: Model
    /// The file, where it is a native one; nil for an .onnx file.
    public let native: NativeFile?

    /// Opens an .onnx file or a native file, told by the bytes. The bytes of tensors stay where they are.
    ///
    /// - Throws: `ONNXError` as `Model(contentsOf:)` and `NativeFile(contentsOf:)`.
    public init(contentsOf path: String, limits: Limits = Limits(), access: FileAccess = .map) throws(ONNXError) {
        let region = ByteRegion(try MappedFile(path: path, mode: access.mode))
        if NativeFile.isNative(region) {
            let file = try NativeFile(region, limits: limits)
            native = file
            model = try file.model()
            return
        }
        guard FileKind(region) != .safetensors else {
            throw ONNXError(
                .malformed, "is a safetensors file of weights, without a graph to run", place: [quoted(path)],
                remedy: "make a model of it: onnx-run convert \(quoted(path)) --to native -o model.safetensors")
        }
        native = nil
        model = try Model(contentsOf: path, limits: limits, access: access)
    }
}
