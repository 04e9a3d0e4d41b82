public import Bytes
public import GraphIR
internal import OrderedCollections
package import TensorFiles
internal import Tensors

/// A model in one file: weights under their names, the graph, and the files that belong to it, such as the tokenizer's.
///
/// It is a valid safetensors file, and every tool that reads those sees the weights. What makes it a model are tensors of bytes and metadata whose names
/// begin with `onnx.`:
///
/// | name | what it is |
/// |---|---|
/// | tensor `onnx.graph` | an ONNX file without weights: its initializers are external data whose `location` is the name of a tensor of this file |
/// | tensors `onnx.file/NAME` | the file NAME, as `onnx.file/tokenizer.json` |
/// | tensors `onnx.packed/LAYOUT/NAME` | the initializer NAME as a kernel wants it, for sessions on a machine that has that kernel |
/// | tensors `onnx.constant/N` | what the graph needs and has no usable name |
/// | tensors `onnx.fill/N` | zeros that let each tensor begin at a multiple of 64 bytes of the file |
/// | metadata `onnx.native` | the version of this format, the header's first member: 1 |
/// | metadata `onnx.checksum` | XXH64 of the header with its length, this checksum's digits taken as zeros |
/// | metadata `onnx.checksums` | XXH64 of each tensor in the order of their bytes |
/// | metadata `onnx.types` | types and shapes of tensors that safetensors has no type for |
///
/// Opening maps the file, copies nothing, and checks the header; `verify` reads everything.
public struct NativeFile: Sendable {
    /// The safetensors metadata, without what is for this format alone.
    public let metadata: [String: String]
    package let tensors: SafetensorsFile
    private let region: ByteRegion
    private let checksums: [UInt64]
    private let limits: Limits

    /// Opens the native file at `path`.
    ///
    /// - Throws: `ONNXError`: `.io` where it can't be had, `.malformed` where it is damaged or no native file, `.unsupported` for a later version.
    public init(contentsOf path: String, limits: Limits = Limits(), access: FileAccess = .map) throws(ONNXError) {
        try self.init(ByteRegion(MappedFile(path: path, mode: access.mode)), limits: limits)
    }

    package init(_ region: ByteRegion, limits: Limits = Limits()) throws(ONNXError) {
        do throws(ONNXError) {
            try NativeHeader.check(region)
            region.file.preferLargePages()
            let tensors = try SafetensorsFile(region, limits: limits)
            checksums = try NativeHeader.checksums(tensors.metadata, count: tensors.entries.count)
            for entry in tensors.entries where entry.data.offset % NativeHeader.alignment != 0 && !NativeHeader.isFiller(entry.name) {
                let place = "begins at byte \(entry.data.offset), which is no multiple of \(NativeHeader.alignment)"
                throw ONNXError(.malformed, "the tensor \"\(quoted(entry.name))\" \(place)")
            }
            guard tensors[NativeHeader.graph] != nil else { throw ONNXError(.malformed, "has no graph: no tensor is called \(NativeHeader.graph)") }
            metadata = tensors.metadata.filter { !NativeHeader.isReserved($0.key) }
            self.tensors = tensors
            self.region = region
            self.limits = limits
        } catch {
            throw error.place.first == quoted(region.file.name) ? error : error.at(quoted(region.file.name))
        }
    }

    /// Whether the bytes say that they are a native file; whether they are right is another question.
    package static func isNative(_ region: ByteRegion) -> Bool { NativeHeader.isPresent(region) }

    /// Whether `file` is a native one, in which a tensor of that name is for this format alone.
    static func isReserved(_ name: String, in file: SafetensorsFile) -> Bool {
        NativeHeader.isReserved(name) && file.metadata.keys.contains(where: NativeHeader.isReserved) && file[NativeHeader.graph] != nil
    }

    /// The model. Its tensors are the file's.
    ///
    /// - Throws: `ONNXError` where the graph is damaged or names a tensor that the file lacks.
    public func model() throws(ONNXError) -> Model {
        guard let graph = tensors[NativeHeader.graph] else { throw ONNXError(.malformed, "has no graph", place: [quoted(region.file.name)]) }
        let tensors = tensors
        var model = try Model(graph.data, limits: limits) { name throws(ONNXError) in
            guard let entry = tensors[name] else { throw ONNXError(.malformed, "the graph names the tensor \"\(quoted(name))\", which the file lacks") }
            return entry.data
        }
        model.externalFiles = []
        model.packedForms = try packedForms(model.graph)
        return model
    }

    private func packedForms(_ graph: Graph) throws(ONNXError) -> [PackedForm] {
        var forms: [PackedForm] = []
        for entry in tensors.entries {
            guard let name = NativeHeader.packedForm(entry.name), let constant = name.firstIndex(of: "/").map({ String(name[name.index(after: $0)...]) }),
                let source = graph.initializers[constant], entry.dtype == "U8"
            else { continue }
            forms.append(PackedForm(name: name, source: source, bytes: try Tensor(.uint8, [entry.data.count], Storage(entry.data))))
        }
        return forms
    }

    /// The names of the files that belong to the model, as `tokenizer.json`.
    public var fileNames: [String] { tensors.entries.compactMap { NativeHeader.fileName($0.name) } }

    /// The bytes of the file called `name`; nil where there is none.
    public func bytes(ofFile name: String) -> [UInt8]? { file(name)?.bytes() }

    /// The file called `name`, not copied.
    package func file(_ name: String) -> ByteRegion? { tensors[NativeHeader.tensorName(file: name)]?.data }

    /// Reads every byte and compares each tensor with its checksum.
    ///
    /// - Throws: `ONNXError` `.malformed` that names the tensors that have changed.
    public func verify() throws(ONNXError) {
        let changed = zip(tensors.entries, checksums).filter { entry, expected in
            var hash = XXHash64()
            entry.data.withBytes { hash.update($0) }
            return hash.value != expected
        }
        guard let first = changed.first?.0 else { return }
        let more = changed.count > 1 ? " and \(changed.count - 1) more" : ""
        throw ONNXError(
            .malformed, "the tensor \"\(quoted(first.name))\" at byte \(first.data.offset)\(more) doesn't have the checksum that the header gives",
            place: [quoted(region.file.name)], remedy: "the file is damaged: copy or convert it again")
    }
}
