public import Bytes
internal import TensorFiles

extension Checkpoint {
    /// The checkpoint at `path`: a .safetensors file, PyTorch's `pytorch_model.bin`, Keras's `tf_model.h5`, a TensorFlow bundle's `.index`, or the
    /// `.index.json` of a sharded checkpoint. The format is told by the bytes, whatever the file is called.
    ///
    /// Other files that the checkpoint names, its shards, are read only where they lie beneath the same folder.
    ///
    /// - Throws: `ONNXError`: `.io` where the file can't be read, `.malformed`, `.limit`, `.unsupported` or `.path` for what is in it.
    public init(contentsOf path: String, limits: Limits = Limits()) throws {
        try self.init(ByteRegion(MappedFile(path: path)), folder: { () throws(ONNXError) in try Folder(containing: path) }, limits: limits)
    }

    /// The checkpoint in `file`, whose other files are opened beneath `folder`.
    package init(_ file: ByteRegion, folder: () throws(ONNXError) -> Folder, limits: Limits) throws {
        switch FileKind(file) {
        case .safetensors: try self.init(safetensors: SafetensorsFile(file, limits: limits))
        case .zip: try self.init(pytorch: file, limits: limits)
        case .hdf5: try self.init(keras: file, limits: limits)
        case .json: try self.init(index: file, folder: folder(), limits: limits)
        case nil where SSTable.isTable(file) || file.file.name.hasSuffix(".index"): try self.init(tensorflow: file, folder: folder(), limits: limits)
        // Its own reader says best what is wrong with it.
        case nil where file.file.name.hasSuffix(".safetensors"): try self.init(safetensors: SafetensorsFile(file, limits: limits))
        case .pickle:
            throw ONNXError(
                .unsupported, "is a PyTorch checkpoint of the format before 1.6, a bare pickle; a zip archive is expected", place: [quoted(file.file.name)],
                remedy: "save it again: torch.save(torch.load(FILE, weights_only=True), FILE)")
        case let kind: throw Self.refusal(file, kind)
        }
    }

    /// Whether `file` looks like a checkpoint, rather than a model or anything else.
    package static func recognises(_ file: ByteRegion) -> Bool {
        switch FileKind(file) {
        case .safetensors, .zip, .json, .hdf5, .pickle: true
        case nil: file.file.name.hasSuffix(".safetensors") || file.file.name.hasSuffix(".index")
        default: false
        }
    }

    private static func refusal(_ file: ByteRegion, _ kind: FileKind?) -> ONNXError {
        let found = kind.map { "it looks like \($0.rawValue)" } ?? "its first bytes are of no kind that is known"
        let expected = "safetensors, PyTorch's zip, Keras's HDF5, a TensorFlow bundle's index or the index.json of shards"
        let remedy =
            switch kind {
            case .gitLFS: "fetch the file itself: git lfs pull"
            case .html: "the download failed: fetch the file again"
            case .gzip, .zstandard: "unpack it first"
            default: "give the path of model.safetensors, pytorch_model.bin, tf_model.h5, a bundle's .index, or the .index.json of their shards"
            }
        return ONNXError(.malformed, "is no checkpoint: \(found), but \(expected) is expected", place: [quoted(file.file.name)], remedy: remedy)
    }
}
