package import Bytes
package import Tensors

extension Value {
    /// Writes the value as a `.pb` file: a TensorProto, SequenceProto, OptionalProto or MapProto. Throws `.io` where that can't be done.
    package func write(pb path: String, name: String = "") throws(ONNXError) {
        var proto = ProtoWriter()
        try write(to: &proto, name: name)
        let file = try AtomicFile(path: path)
        try proto.write(to: file)
        try file.commit()
    }

    private func write(to proto: inout ProtoWriter, name: String) throws(ONNXError) {
        switch self {
        case .tensor(let tensor): try tensor.write(name: name, to: &proto, external: nil)
        case .sequence(let values, let element):
            typealias Field = ProtoField.Sequence
            proto.integer(Field.elemType, Self.kind(of: element))
            let field = Self.pick(element, Field.tensorValues, Field.sequenceValues, Field.mapValues, Field.optionalValues)
            for value in values { try proto.message(field) { proto throws(ONNXError) in try value.write(to: &proto, name: "") } }
        case .optional(let value, let element):
            typealias Field = ProtoField.Optional
            proto.integer(Field.elemType, Self.kind(of: element))
            let field = Self.pick(element, Field.tensorValue, Field.sequenceValue, Field.mapValue, Field.optionalValue)
            if let value { try proto.message(field) { proto throws(ONNXError) in try value.write(to: &proto, name: "") } }
        case .map(let keys, let values, let element):
            typealias Field = ProtoField.Map
            proto.integer(Field.keyType, Int64(keys.elementType.rawValue))
            if keys.elementType == .string {
                proto.texts(Field.stringKeys, try keys.stringArray())
            } else {
                let integers = keys.elementType == .int64 ? try keys.array(of: Int64.self) : try keys.doubles().map { Int64($0) }
                for key in integers { proto.integer(Field.keys, key) }
            }
            try proto.message(Field.values) { proto throws(ONNXError) in try Value.sequence(values, of: element).write(to: &proto, name: "") }
        }
    }

    /// The number of `SequenceProto.DataType`.
    private static func kind(of type: ValueType) -> Int64 {
        switch type {
        // Sparse tensors have become dense.
        case .tensor, .sparseTensor: 1
        case .sequence: 3
        case .map: 4
        case .optional: 5
        }
    }

    private static func pick(_ type: ValueType, _ tensor: Int, _ sequence: Int, _ map: Int, _ optional: Int) -> Int {
        switch type {
        case .tensor, .sparseTensor: tensor
        case .sequence: sequence
        case .map: map
        case .optional: optional
        }
    }
}
