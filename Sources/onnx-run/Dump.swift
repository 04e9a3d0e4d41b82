internal import Bytes
internal import FoundationEssentials
internal import GraphExecutor
internal import GraphIR
internal import OrderedCollections
internal import TensorFiles
internal import Tensors

/// `run --dump`: every value of a run, and which node made it.
struct Dump {
    private let values: OrderedDictionary<String, Value>
    private let makers: [String: Node]
    private let kind: SessionOptions.Kind

    init(_ model: Model, _ values: OrderedDictionary<String, Value>, kind: SessionOptions.Kind) {
        self.values = values
        self.kind = kind
        makers = Dictionary(model.graph.nodes.flatMap { node in node.outputs.map { ($0, node) } }, uniquingKeysWith: { first, _ in first })
    }

    /// Writes values.npz and index.json into the folder, which is made where it is missing.
    func write(to folder: String) throws {
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw ONNXError(.io, "the folder can't be made: \(error)", place: [quoted(folder)])
        }
        try TensorFile.write(values.map { ($0.key, $0.value) }, to: folder + "/values.npz")
        let file = try AtomicFile(path: folder + "/index.json")
        let list = values.map { name, value -> [String: Any] in
            var fields: [String: Any] = ["name": name, "type": value.type.elementType?.name ?? "\(value.type)"]
            fields["shape"] = value.tensor?.shape
            if let node = makers[name] {
                fields["node"] = node.name
                fields["operator"] = node.domain.isEmpty ? node.opType : "\(node.domain).\(node.opType)"
            }
            return fields
        }
        try file.write(Array(try JSONText.pretty(["session": kind.rawValue, "values": list]).utf8))
        try file.commit()
    }
}
