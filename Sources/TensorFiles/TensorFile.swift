public import Bytes
public import Tensors

/// Files of named tensors: .npy, .npz, .safetensors and JSON.
public enum TensorFile {
    /// The kinds of files.
    public enum Format: String, Sendable, CaseIterable {
        /// One array as `numpy.save` writes it.
        case npy
        /// Arrays as `numpy.savez` writes them.
        case npz
        /// Tensors of Hugging Face's format.
        case safetensors
        /// Nested arrays by name.
        case json

        /// The format that a file's name ends with, if it is one of these.
        public init?(path: String) {
            guard let format = Self.allCases.first(where: { path.lowercased().hasSuffix("." + $0.rawValue) }) else { return nil }
            self = format
        }
    }

    /// The values of the file at `path`, in its order. Its format is told by its bytes; tensors are not copied where the format allows it.
    ///
    /// The one array of a .npy file is named by the file. Throws `.io` when the file can't be read, `.malformed`, `.limit` or `.unsupported` for what is in it.
    public static func read(_ path: String, limits: Limits = Limits()) throws -> [(name: String, value: Value)] {
        try read(ByteRegion(try MappedFile(path: path)), limits: limits)
    }

    /// The values of a file that is open already.
    package static func read(_ region: ByteRegion, limits: Limits = Limits()) throws -> [(name: String, value: Value)] {
        let path = region.file.name
        switch try format(of: region) {
        case .npy: return [(stem(path), .tensor(try NumpyFile.read(region, limits: limits)))]
        case .npz: return try FlatNames.assemble(try NumpyArchive.read(region, limits: limits))
        case .safetensors:
            let file = try SafetensorsFile(region, limits: limits)
            return try FlatNames.assemble(try file.entries.map { ($0.name, try file.tensor($0)) })
        case .json:
            return try JSONTensors.read(region, limits: limits).map { name, item in
                guard case .value(let value) = item else {
                    throw ONNXError(.shape, "\"\(quoted(name ?? ""))\" has rows of different lengths", place: [quoted(path)], remedy: "pad them to one length")
                }
                return (name ?? stem(path), value)
            }
        }
    }

    /// Writes `values` to `path`, in the format that its name ends with unless `format` says another. The file appears when it is complete.
    ///
    /// Throws `.usage` for an unknown ending or more than one value for .npy, `.io` when the file can't be written.
    public static func write(_ values: [(name: String, value: Value)], to path: String, format: Format? = nil) throws {
        guard let format = format ?? Format(path: path) else {
            let endings = Format.allCases.map { "." + $0.rawValue }.joined(separator: ", ")
            throw ONNXError(.usage, "the file's ending names no format", place: [quoted(path)], remedy: "end it with one of \(endings)")
        }
        let file = try AtomicFile(path: path)
        switch format {
        case .npy:
            guard values.count == 1, let tensor = values[0].value.tensor else {
                throw ONNXError(.usage, "a .npy file holds one tensor, not \(values.count) values", place: [quoted(path)], remedy: "write .npz")
            }
            try NumpyFile.write(tensor, to: file)
        case .npz: try NumpyArchive.write(try FlatNames.flatten(values), to: file)
        case .safetensors: try SafetensorsFile.write(try FlatNames.flatten(values), to: file)
        case .json:
            var json = JSONWriter { try file.write($0) }
            try json.values(values)
            try json.endLine()
        }
        try file.commit()
    }

    /// The format that the bytes are in; JSON where nothing else fits.
    package static func format(of region: ByteRegion) throws(ONNXError) -> Format {
        switch FileKind(region) {
        case .numpyArray: return .npy
        case .zip: return .npz
        case .safetensors: return .safetensors
        case .json, nil: return .json
        case let kind?: throw ONNXError(.malformed, "is no file of tensors: it looks like \(kind.rawValue)", place: [quoted(region.file.name)])
        }
    }

    private static func stem(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return Format(path: name).map { String(name.dropLast($0.rawValue.count + 1)) } ?? name
    }
}
