internal import Bytes
internal import FoundationEssentials
internal import GraphIR
internal import TensorFiles
internal import Tensors

/// A value as the user gave it, before it meets the model.
struct GivenValue {
    /// Nil for one that is meant for the first input.
    let name: String?
    let item: JSONTensors.Item
    /// Where it came from, for messages.
    let source: String
}

/// Reads what `--input` names.
struct GivenInputs {
    /// Element types that the model declares, so that JSON numbers are read as such.
    let types: [String: ValueType]
    let firstInput: String?

    init(_ inputs: [ValueInfo]) {
        types = Dictionary(inputs.compactMap { info in info.type.map { (info.name, $0) } }, uniquingKeysWith: { first, _ in first })
        firstInput = inputs.first?.name
    }

    /// The values of one `--input` argument: FILE, NAME=FILE or - for standard input.
    func read(_ argument: String) throws -> [GivenValue] {
        let (name, path) = split(argument)
        if path.hasSuffix(".pb") { return [try proto(name, path)] }
        let file = path == "-" ? try standardInput() : try MappedFile(path: path)
        let region = ByteRegion(file)
        let format = try TensorFile.format(of: region)
        guard format != .json else { return try json(file, as: name) }
        let values = try TensorFile.read(region)
        if let name {
            guard values.count == 1 else {
                throw ONNXError(
                    .usage, "the file holds \(values.count) values; one expected for '\(name)'", place: [path], remedy: "give --input \(path) without a name")
            }
            return [GivenValue(name: name, item: .value(values[0].value), source: path)]
        }
        let isSingleArray = format == .npy
        return values.map { GivenValue(name: isSingleArray && types[$0.name] == nil ? nil : $0.name, item: .value($0.value), source: file.name) }
    }

    /// A TensorProto, SequenceProto or OptionalProto: which it is, the input's type says.
    private func proto(_ name: String?, _ path: String) throws -> GivenValue {
        guard let name = name ?? firstInput, let type = types[name] else {
            let names = types.keys.sorted().map { "'\(quoted($0))'" }.joined(separator: ", ")
            throw ONNXError(
                .usage, "the model has no input '\(quoted(name ?? ""))' of a declared type", place: [quoted(path)], remedy: "its inputs are \(names)")
        }
        return GivenValue(name: name, item: .value(try Value(pb: path, as: type)), source: path)
    }

    private func standardInput() throws -> MappedFile {
        try MappedFile(readingAll: 0, name: "standard input", limit: Limits().jsonBytes)
    }

    /// The values of one JSON text.
    func json(_ file: MappedFile, as name: String? = nil) throws -> [GivenValue] {
        let items = try JSONTensors.read(ByteRegion(file)) { key in types[key ?? name ?? firstInput ?? ""]?.elementType }
        return try items.map { item in
            if let name, items.count > 1 || item.name.map({ $0 != name }) ?? false {
                throw ONNXError(.usage, "one value expected for '\(name)'", place: [file.name], remedy: "give --input \(file.name) without a name")
            }
            return GivenValue(name: item.name ?? name, item: item.item, source: file.name)
        }
    }

    /// NAME=FILE only where the model has such an input, because paths may hold = too.
    private func split(_ argument: String) -> (name: String?, path: String) {
        guard let equals = argument.firstIndex(of: "=") else { return (nil, argument) }
        let name = String(argument[..<equals])
        guard types[name] != nil || !FileManager.default.fileExists(atPath: argument) else { return (nil, argument) }
        return (name, String(argument[argument.index(after: equals)...]))
    }
}
