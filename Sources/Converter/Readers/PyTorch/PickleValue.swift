internal import Bytes

/// A value of a pickle. Containers are numbers of a `PickleHeap`, so that a value nested a million deep, or within itself, is freed without recursion.
enum PickleValue {
    case none
    case bool(Bool)
    case integer(Int)
    case double(Double)
    case string(String)
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    case global(TorchGlobal)
    case storage(Int)
    case tensor(Int)

    /// What it is, for messages.
    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .double: "a number"
        case .string: "a string"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary: "a dictionary"
        case .global(let global): "the name \(global.name)"
        case .storage: "a storage without a shape"
        case .tensor: "a tensor"
        }
    }
}

/// The containers of a pickle, and the tensors that it describes.
struct PickleHeap {
    private(set) var sequences: [[PickleValue]] = []
    private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    private(set) var storages: [TorchStorage] = []
    private(set) var tensors: [TorchView] = []
    private var room: Int
    private let limit: Int

    init(limits: Limits) {
        limit = limits.pickleValues
        room = limit
    }

    /// Counts `values` more.
    mutating func charge(_ values: Int) throws(ONNXError) {
        guard values <= room else {
            throw ONNXError(.limit, "the pickle has more than \(limit) values", remedy: "raise the limit pickleValues")
        }
        room -= values
    }

    mutating func sequence(_ values: [PickleValue]) throws(ONNXError) -> Int {
        try charge(values.count + 1)
        sequences.append(values)
        return sequences.count - 1
    }

    mutating func append(_ values: [PickleValue], to list: Int) throws(ONNXError) {
        try charge(values.count)
        sequences[list] += values
    }

    mutating func emptyDictionary() throws(ONNXError) -> Int {
        try charge(1)
        dictionaries.append([])
        return dictionaries.count - 1
    }

    /// Adds keys and values, which take turns.
    mutating func insert(_ items: [PickleValue], into dictionary: Int) throws(ONNXError) {
        try charge(items.count)
        guard items.count.isMultiple(of: 2) else { throw ONNXError(.malformed, "a dictionary gets a key without a value") }
        for index in stride(from: 0, to: items.count, by: 2) {
            dictionaries[dictionary].append((items[index], items[index + 1]))
        }
    }

    mutating func storage(_ storage: TorchStorage) throws(ONNXError) -> Int {
        try charge(1)
        storages.append(storage)
        return storages.count - 1
    }

    mutating func tensor(_ view: TorchView) throws(ONNXError) -> Int {
        try charge(1)
        tensors.append(view)
        return tensors.count - 1
    }
}
