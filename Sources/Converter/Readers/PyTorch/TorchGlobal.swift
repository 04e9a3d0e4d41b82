internal import Tensors

/// The names of Python that a checkpoint of tensors may mention. They are tags: nothing is imported and nothing is called.
enum TorchGlobal: Hashable {
    case orderedDict
    case size
    /// `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`
    case rebuildTensor
    /// `_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype)`
    case rebuildTypedTensor
    /// `_rebuild_parameter(tensor, requires_grad, hooks)`
    case rebuildParameter
    case storage(ElementType)
    case untypedStorage
    case dtype(ElementType)

    init?(module: String, name: String) {
        guard let global = Self.table["\(module).\(name)"] else { return nil }
        self = global
    }

    /// As Python writes it.
    var name: String {
        Self.table.first { $0.value == self }?.key ?? "\(self)"
    }

    private static let table: [String: TorchGlobal] = {
        var table: [String: TorchGlobal] = [
            "collections.OrderedDict": .orderedDict, "torch.Size": .size, "torch._utils._rebuild_tensor_v2": .rebuildTensor,
            "torch._utils._rebuild_tensor_v3": .rebuildTypedTensor, "torch._utils._rebuild_parameter": .rebuildParameter,
            "torch.storage.UntypedStorage": .untypedStorage,
        ]
        for (name, type) in storages { table["torch.\(name)Storage"] = .storage(type) }
        for (name, type) in dtypes { table["torch.\(name)"] = .dtype(type) }
        return table
    }()

    private static let storages: [(String, ElementType)] = [
        ("Float", .float), ("Half", .float16), ("BFloat16", .bfloat16), ("Double", .double), ("Long", .int64), ("Int", .int32), ("Short", .int16),
        ("Char", .int8), ("Byte", .uint8), ("Bool", .bool), ("ComplexFloat", .complex64), ("ComplexDouble", .complex128),
    ]

    private static let dtypes: [(String, ElementType)] = [
        ("float32", .float), ("float16", .float16), ("bfloat16", .bfloat16), ("float64", .double), ("int64", .int64), ("int32", .int32), ("int16", .int16),
        ("int8", .int8), ("uint8", .uint8), ("uint16", .uint16), ("uint32", .uint32), ("uint64", .uint64), ("bool", .bool), ("complex64", .complex64),
        ("complex128", .complex128), ("float8_e4m3fn", .float8e4m3fn), ("float8_e4m3fnuz", .float8e4m3fnuz), ("float8_e5m2", .float8e5m2),
        ("float8_e5m2fnuz", .float8e5m2fnuz), ("float8_e8m0fnu", .float8e8m0),
    ]
}
