public import Bytes
package import Tensors

/// How a file's bytes are had.
public enum FileAccess: Sendable {
    /// Mapped: nothing is copied. Somebody who shortens the file meanwhile ends the process.
    case map
    /// Copied into memory.
    case copy

    package var mode: MappedFile.Mode { self == .map ? .map : .copy }
}

extension Model {
    /// Reads the ONNX file at `path`, and the external data files that it names, from beneath its folder. The bytes of tensors stay where they are.
    ///
    /// Throws `.io` where a file can't be had, `.malformed` where it is damaged or of another kind, `.limit`, `.unsupported`, and `.path` where it names
    /// a file outside of its folder. What the graph says is checked by `check`.
    ///
    /// Training information, quantisation annotations, device configurations, denotations of types and the documentation of attributes and tensors are skipped.
    public init(contentsOf path: String, limits: Limits = Limits(), access: FileAccess = .map) throws(ONNXError) {
        let file = try MappedFile(path: path, mode: access.mode)
        let folder = try Folder(containing: path)
        try self.init(ByteRegion(file), limits: limits) { location throws(ONNXError) in ByteRegion(try folder.open(location, mode: access.mode)) }
    }

    /// Reads an ONNX file that is in memory already; it can't have external data. `name` stands for it in messages.
    public init(bytes: [UInt8], name: String = "model", limits: Limits = Limits()) throws(ONNXError) {
        guard !bytes.isEmpty else { throw ONNXError(.malformed, "is empty (0 bytes)", place: [quoted(name)]) }
        let file: MappedFile
        do { file = try MappedFile(name: name, copying: bytes) } catch { throw error as? ONNXError ?? ONNXError(.limit, "\(error)", place: [quoted(name)]) }
        try self.init(ByteRegion(file), limits: limits, external: nil)
    }

    /// Reads the ONNX file that is a part of another one. `external` gives the bytes at an external tensor's location.
    package init(_ region: ByteRegion, limits: Limits, external: ((String) throws(ONNXError) -> ByteRegion)?) throws(ONNXError) {
        let proto = try ProtoMessage(reading: region, as: .model, limits: limits)
        let external = ExternalData(open: external)
        do throws(ONNXError) {
            self = try ModelReader(tensors: TensorReader(region.file, external: external, limits: limits)).model(proto)
            externalFiles = external.locations
        } catch {
            throw error.at(quoted(region.file.name))
        }
    }
}

extension Value {
    /// Reads a value of `type` from a `.pb` file: a TensorProto, SequenceProto, OptionalProto or MapProto.
    package init(pb path: String, as type: ValueType, limits: Limits = Limits()) throws(ONNXError) {
        let region = try ByteRegion(MappedFile(path: path))
        let proto = try ProtoMessage(reading: region, as: ValueReader.root(for: type), limits: limits)
        let folder = try Folder(containing: path)
        let external = ExternalData { location throws(ONNXError) in ByteRegion(try folder.open(location)) }
        do throws(ONNXError) {
            self = try ValueReader(tensors: TensorReader(region.file, external: external, limits: limits)).value(proto, as: type)
        } catch {
            throw error.at(quoted(path))
        }
    }
}

extension Tensor {
    /// Reads the TensorProto file at `path`.
    package init(pb path: String, limits: Limits = Limits()) throws(ONNXError) {
        guard case .tensor(let tensor) = try Value(pb: path, as: .tensor(nil, nil), limits: limits) else {
            throw ONNXError(.malformed, "holds no tensor", place: [quoted(path)])
        }
        self = tensor
    }
}

extension ProtoMessage {
    fileprivate init(reading region: ByteRegion, as root: RootMessage, limits: Limits) throws(ONNXError) {
        try FileKind.refuseOthers(region)
        region.file.adviseRandom(region.offset..<region.offset + region.count)
        let skeleton: [UInt8]
        do throws(ONNXError) {
            skeleton = try Skeleton.make(of: region, as: root, limits: limits)
        } catch {
            throw error.code == .malformed ? error.remedied("the file is cut short, damaged or not ONNX: fetch it again") : error
        }
        region.file.adviseNormal(region.offset..<region.offset + region.count)
        self.init(try UnpackedFile(skeleton, as: root), as: root)
    }
}
