/// What flows along an edge of a graph.
public indirect enum Value: Sendable {
    /// A dense tensor.
    case tensor(Tensor)
    /// A list of values of one type.
    case sequence([Value], of: ValueType)
    /// A value or nothing.
    case optional(Value?, of: ValueType)
    /// A dictionary; `keys` is a rank-1 tensor of integers or strings.
    case map(keys: Tensor, values: [Value], of: ValueType)

    /// The tensor, if the value is one, or an optional that holds one.
    public var tensor: Tensor? {
        switch self {
        case .tensor(let tensor): tensor
        case .optional(let value?, _): value.tensor
        default: nil
        }
    }

    /// The value's own type, with every dimension known.
    public var type: ValueType {
        switch self {
        case .tensor(let tensor): .tensor(tensor.elementType, tensor.shape.map(Dimension.known))
        case .sequence(_, let element): .sequence(element)
        case .optional(_, let element): .optional(element)
        case .map(let keys, _, let value): .map(keys.elementType, value)
        }
    }
}

/// The extent of an axis: a number, a name that stands for the same number wherever it stands, or not known.
public enum Dimension: Sendable, Hashable, CustomStringConvertible {
    case known(Int)
    case named(String)
    case unknown

    /// The number, if known.
    public var size: Int? {
        if case .known(let size) = self { size } else { nil }
    }

    /// The number, the name or `?`.
    public var description: String {
        switch self {
        case .known(let size): "\(size)"
        case .named(let name): name
        case .unknown: "?"
        }
    }
}

/// The type of a value: what a model declares and what inference finds.
public indirect enum ValueType: Sendable, Hashable {
    /// A tensor; `shape` is nil where even the rank is unknown, `elementType` where inference has nothing to go by.
    case tensor(ElementType?, [Dimension]?)
    case sparseTensor(ElementType?, [Dimension]?)
    case sequence(ValueType)
    case optional(ValueType)
    case map(ElementType, ValueType)

    /// The element type of a tensor.
    public var elementType: ElementType? {
        switch self {
        case .tensor(let type, _), .sparseTensor(let type, _): type
        default: nil
        }
    }

    /// The dimensions of a tensor, if its rank is known.
    public var shape: [Dimension]? {
        switch self {
        case .tensor(_, let shape), .sparseTensor(_, let shape): shape
        default: nil
        }
    }

    /// The shape as numbers, if each is known.
    public var knownShape: [Int]? {
        guard let shape else { return nil }
        var sizes: [Int] = []
        for dimension in shape {
            guard let size = dimension.size else { return nil }
            sizes.append(size)
        }
        return sizes
    }
}

extension ValueType: CustomStringConvertible {
    /// As ONNX writes it, with dimensions: `tensor(float)[batch,128]`, `seq(tensor(int64))`.
    public var description: String {
        func text(_ type: ElementType?, _ shape: [Dimension]?) -> String {
            "(\(type?.name ?? "?"))" + (shape.map { "[" + $0.map(\.description).joined(separator: ",") + "]" } ?? "")
        }
        switch self {
        case .tensor(let type, let shape): return "tensor" + text(type, shape)
        case .sparseTensor(let type, let shape): return "sparse_tensor" + text(type, shape)
        case .sequence(let element): return "seq(\(element))"
        case .optional(let element): return "optional(\(element))"
        case .map(let key, let value): return "map(\(key),\(value))"
        }
    }
}
