internal import OrderedCollections
internal import TensorFiles

extension NativeFile {
    /// The weights, without what is the format's own.
    package func checkpoint() throws -> Checkpoint {
        let all = try Checkpoint(safetensors: tensors)
        return Checkpoint(format: .safetensors, entries: all.entries.filter { !NativeHeader.isReserved($0.key) }, metadata: metadata)
    }
}
