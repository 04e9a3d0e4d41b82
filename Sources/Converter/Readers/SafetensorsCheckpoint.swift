internal import Bytes
internal import OrderedCollections
package import TensorFiles
internal import Tensors

extension Checkpoint {
    /// A safetensors file; its tensors stay where they are mapped.
    package init(safetensors file: SafetensorsFile) throws {
        var entries: OrderedDictionary<String, Entry> = [:]
        // A native file keeps its graph and other files beside the weights.
        for entry in file.entries where !NativeFile.isReserved(entry.name, in: file) {
            let tensor = try file.tensor(entry)
            entries[entry.name] = Entry(name: entry.name, shape: tensor.shape, elementType: tensor.elementType) { tensor }
        }
        self.init(format: .safetensors, entries: entries, metadata: file.metadata)
    }
}
