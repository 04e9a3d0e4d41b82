internal import Bytes
internal import Converter
internal import OrderedCollections
internal import TensorFiles
internal import Tensors

/// The tensors of a checkpoint.
struct CheckpointReport {
    private let checkpoint: Checkpoint

    init(_ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
    }

    private var elements: Int { checkpoint.entries.values.reduce(0) { $0 &+ $1.shape.reduce(1, &*) } }

    var text: String {
        var lines = ["format       \(checkpoint.format.rawValue)", "parameters   \(elements) elements in \(checkpoint.entries.count) tensors"]
        lines += checkpoint.metadata.sorted { $0.key < $1.key }.map { "metadata     \(quoted($0.key)): \(quoted(String($0.value.prefix(200))))" }
        lines += checkpoint.entries.values.map { "  \(quoted($0.name))  \($0.elementType)\(Shape.text($0.shape))" }
        return lines.map { $0 + "\n" }.joined()
    }

    func json() throws -> String {
        let tensors = checkpoint.entries.values.map { entry -> [String: Any] in
            ["name": entry.name, "type": entry.elementType.name, "shape": entry.shape]
        }
        return try JSONText.pretty(["format": checkpoint.format.rawValue, "parameters": elements, "metadata": checkpoint.metadata, "tensors": tensors])
    }

    /// Writes every tensor under its name.
    func write(to path: String) throws {
        try TensorFile.write(try checkpoint.entries.map { ($0.key, .tensor(try $0.value.tensor())) }, to: path)
    }
}
