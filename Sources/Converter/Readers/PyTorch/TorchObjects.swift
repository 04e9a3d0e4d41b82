internal import Bytes
internal import Tensors

/// What Python's objects of a checkpoint mean to us: storages are entries of the archive, `_rebuild_…` describes a tensor over one.
///
/// Source: https://github.com/pytorch/pytorch/blob/main/torch/_utils.py
struct TorchObjects {
    static let remedy = "save the weights alone: torch.save(model.state_dict(), FILE), or as safetensors"

    private let archive: TorchArchive
    private let limits: Limits
    private var storages: [String: Int] = [:]
    private var tensorBytes = 0

    init(archive: TorchArchive, limits: Limits) {
        self.archive = archive
        self.limits = limits
    }

    func global(module: String, name: String) throws(ONNXError) -> TorchGlobal {
        guard let global = TorchGlobal(module: module, name: name) else {
            throw ONNXError(
                .unsupported, "the pickle asks for \(quoted(module)).\(quoted(name)), which no checkpoint of plain tensors needs: nothing was run",
                remedy: Self.remedy)
        }
        return global
    }

    /// The storage that `("storage", TYPE, KEY, DEVICE, COUNT)` names.
    mutating func persistent(_ id: PickleValue, heap: inout PickleHeap) throws(ONNXError) -> PickleValue {
        guard case .tuple(let tuple) = id, heap.sequences[tuple].count == 5, case .string("storage") = heap.sequences[tuple][0],
            case .global(let kind) = heap.sequences[tuple][1], case .string(let key) = heap.sequences[tuple][2],
            case .integer(let count) = heap.sequences[tuple][4]
        else {
            throw ONNXError(.malformed, "a persistent id that is not (\"storage\", type, key, device, count)")
        }
        let type: ElementType?
        switch kind {
        case .storage(let elementType): type = elementType
        case .untypedStorage: type = nil
        default: throw ONNXError(.malformed, "a storage of type \(kind.name)")
        }
        if let known = storages[key] {
            guard heap.storages[known].type == type, heap.storages[known].count == count else {
                throw ONNXError(.malformed, "the storage \"\(key)\" is described twice, in different ways")
            }
            return .storage(known)
        }
        let index = try heap.storage(try archive.storage(key: key, type: type, count: count))
        storages[key] = index
        return .storage(index)
    }

    /// What calling `global` would make.
    mutating func made(by global: TorchGlobal, of arguments: [PickleValue], heap: inout PickleHeap) throws(ONNXError) -> PickleValue {
        switch global {
        case .orderedDict:
            guard arguments.isEmpty else { throw unexpected(global, arguments) }
            return .dictionary(try heap.emptyDictionary())
        case .size:
            guard arguments.count == 1, case .tuple = arguments[0] else { throw unexpected(global, arguments) }
            return arguments[0]
        case .rebuildParameter:
            guard arguments.count == 3, case .tensor = arguments[0] else { throw unexpected(global, arguments) }
            return arguments[0]
        case .rebuildTensor:
            guard (6...7).contains(arguments.count), case .storage(let storage) = arguments[0], let type = heap.storages[storage].type else {
                throw unexpected(global, arguments)
            }
            if arguments.count == 7 { try refuseMetadata(arguments[6], heap) }
            return try tensor(global, storage, type, arguments, heap: &heap)
        case .rebuildTypedTensor:
            guard (7...8).contains(arguments.count), case .storage(let storage) = arguments[0], heap.storages[storage].type == nil,
                case .global(.dtype(let type)) = arguments[6]
            else { throw unexpected(global, arguments) }
            if arguments.count == 8 { try refuseMetadata(arguments[7], heap) }
            return try tensor(global, storage, type, arguments, heap: &heap)
        case .storage, .untypedStorage, .dtype:
            throw ONNXError(.unsupported, "the pickle calls \(global.name), which is only a name: nothing was run", remedy: Self.remedy)
        }
    }

    private mutating func tensor(
        _ global: TorchGlobal, _ storage: Int, _ type: ElementType, _ arguments: [PickleValue], heap: inout PickleHeap
    ) throws(ONNXError) -> PickleValue {
        guard case .integer(let offset) = arguments[1], let shape = integers(arguments[2], heap), let strides = integers(arguments[3], heap) else {
            throw unexpected(global, arguments)
        }
        let view = try TorchView(over: heap.storages[storage], type, offset: offset, shape: shape, strides: strides, limits: limits)
        let (total, overflow) = tensorBytes.addingReportingOverflow(view.byteCount)
        guard !overflow, total <= limits.tensorBytes else {
            throw ONNXError(.limit, "the tensors have more than \(limits.tensorBytes) bytes together", remedy: "raise the limit tensorBytes")
        }
        tensorBytes = total
        return .tensor(try heap.tensor(view))
    }

    private func integers(_ value: PickleValue, _ heap: PickleHeap) -> [Int]? {
        guard case .tuple(let tuple) = value else { return nil }
        var integers: [Int] = []
        for element in heap.sequences[tuple] {
            guard case .integer(let integer) = element else { return nil }
            integers.append(integer)
        }
        return integers
    }

    /// Metadata says that the values are to be conjugated or negated when read.
    private func refuseMetadata(_ metadata: PickleValue, _ heap: PickleHeap) throws(ONNXError) {
        if case .none = metadata { return }
        if case .dictionary(let dictionary) = metadata, heap.dictionaries[dictionary].isEmpty { return }
        throw ONNXError(.unsupported, "a tensor that is conjugated or negated only when it is read", remedy: "save tensor.resolve_conj().resolve_neg()")
    }

    private func unexpected(_ global: TorchGlobal, _ arguments: [PickleValue]) -> ONNXError {
        let found = arguments.prefix(8).map(\.kind).joined(separator: ", ")
        return ONNXError(.malformed, "\(global.name) doesn't take \(arguments.count) arguments (\(found)) of these kinds")
    }
}
