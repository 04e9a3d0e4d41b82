internal import Bytes
internal import OrderedCollections

extension Checkpoint {
    /// The state dict in a file that `torch.save` wrote (PyTorch 1.6 or later). Its pickle is read as data; nothing in it is run.
    ///
    /// Accepted is a dictionary of tensors, or one whose `state_dict` is that; what a training run keeps beside it is passed over.
    init(pytorch file: ByteRegion, limits: Limits) throws {
        let archive = try TorchArchive(file, limits: limits)
        var machine = PickleMachine(try archive.pickle(limits: limits), archive: archive, limits: limits)
        let root = try machine.run()
        do {
            self.init(format: .pytorch, entries: try stateDict(root, machine.heap))
        } catch {
            throw error.at(quoted(file.file.name))
        }
    }
}

private func stateDict(_ root: PickleValue, _ heap: PickleHeap) throws(ONNXError) -> OrderedDictionary<String, Checkpoint.Entry> {
    guard case .dictionary(let outer) = root else {
        throw ONNXError(.unsupported, "holds \(root.kind), but a dictionary of tensors (a state dict) is expected", remedy: TorchObjects.remedy)
    }
    let nested = heap.dictionaries[outer].compactMap { key, value -> Int? in
        if case .string("state_dict") = key, case .dictionary(let inner) = value { inner } else { nil }
    }
    var entries: OrderedDictionary<String, Checkpoint.Entry> = [:]
    for (key, value) in heap.dictionaries[nested.first ?? outer] {
        guard case .string(let name) = key else {
            throw ONNXError(.unsupported, "a state dict has \(key.kind) as a key, but names are expected", remedy: TorchObjects.remedy)
        }
        guard case .tensor(let tensor) = value else {
            let names = heap.dictionaries[outer].prefix(8).compactMap { entry in if case .string(let name) = entry.key { "\"\(quoted(name))\"" } else { nil } }
            throw ONNXError(
                .unsupported,
                "\"\(quoted(name))\" is \(value.kind), but a dictionary of tensors is expected, or one under \"state_dict\"; found: \(names.joined(separator: ", "))",
                remedy: TorchObjects.remedy)
        }
        let view = heap.tensors[tensor]
        let entry = Checkpoint.Entry(name: name, shape: view.shape, elementType: view.elementType) { try view.tensor() }
        guard entries.updateValue(entry, forKey: name) == nil else { throw ONNXError(.malformed, "the name \"\(quoted(name))\" occurs twice") }
    }
    return entries
}
