internal import Bytes
internal import Tensors

/// Makes values of the messages that data sets consist of.
///
/// Source: https://github.com/onnx/onnx/blob/main/onnx/onnx-data.proto
struct ValueReader {
    let tensors: TensorReader

    /// The message that holds a value of `type`.
    static func root(for type: ValueType) -> RootMessage {
        switch type {
        case .tensor, .sparseTensor: .tensor
        case .sequence: .sequence
        case .optional: .optional
        case .map: .map
        }
    }

    func value(_ proto: ProtoMessage, as type: ValueType) throws(ONNXError) -> Value {
        switch type {
        case .tensor, .sparseTensor: .tensor(try tensors.tensor(proto))
        case .sequence(let element): try sequence(proto, of: element)
        case .optional(let element): try optional(proto, of: element)
        case .map(_, let element): try map(proto, of: element)
        }
    }

    private func sequence(_ proto: ProtoMessage, of element: ValueType) throws(ONNXError) -> Value {
        typealias Field = ProtoField.Sequence
        let field = Self.pick(element, Field.tensorValues, Field.sequenceValues, Field.mapValues, Field.optionalValues)
        var values: [Value] = []
        for inner in proto.messages(field) { values.append(try value(inner, as: element)) }
        for inner in proto.messages(Field.sparseTensorValues) { values.append(.tensor(try tensors.sparseTensor(inner))) }
        try expect(
            [field, Field.sparseTensorValues], of: [Field.tensorValues, Field.sequenceValues, Field.mapValues, Field.optionalValues], in: proto, element)
        return .sequence(values, of: element)
    }

    private func optional(_ proto: ProtoMessage, of element: ValueType) throws(ONNXError) -> Value {
        typealias Field = ProtoField.Optional
        if let sparse = proto.message(Field.sparseTensorValue) { return .optional(.tensor(try tensors.sparseTensor(sparse)), of: element) }
        let field = Self.pick(element, Field.tensorValue, Field.sequenceValue, Field.mapValue, Field.optionalValue)
        try expect([field], of: [Field.tensorValue, Field.sequenceValue, Field.mapValue, Field.optionalValue], in: proto, element)
        guard let inner = proto.message(field) else { return .optional(nil, of: element) }
        return .optional(try value(inner, as: element), of: element)
    }

    private func map(_ proto: ProtoMessage, of element: ValueType) throws(ONNXError) -> Value {
        typealias Field = ProtoField.Map
        let keys: Tensor
        if proto.has(Field.stringKeys) {
            let strings = proto.strings(Field.stringKeys).compactMap { $0 }
            guard strings.count == proto.strings(Field.stringKeys).count else { throw ONNXError(.malformed, "a key of the map is not UTF-8") }
            keys = try Tensor(strings: strings, shape: [strings.count])
        } else {
            let integers = proto.integers(Field.keys)
            keys = try Tensor(integers, shape: [integers.count])
        }
        guard let values = proto.message(Field.values), case .sequence(let elements, _) = try sequence(values, of: element) else {
            throw ONNXError(.malformed, "the map has no values")
        }
        guard elements.count == keys.count else { throw ONNXError(.malformed, "the map has \(keys.count) keys and \(elements.count) values") }
        return .map(keys: keys, values: elements, of: element)
    }

    private static func pick(_ type: ValueType, _ tensor: Int, _ sequence: Int, _ map: Int, _ optional: Int) -> Int {
        switch type {
        case .tensor, .sparseTensor: tensor
        case .sequence: sequence
        case .map: map
        case .optional: optional
        }
    }

    private func expect(_ fields: [Int], of all: [Int], in proto: ProtoMessage, _ element: ValueType) throws(ONNXError) {
        guard !all.contains(where: { !fields.contains($0) && proto.has($0) }) else {
            throw ONNXError(.malformed, "holds values of another kind than \(element)")
        }
    }
}
