internal import Bytes
internal import Tensors

/// Makes value types of TypeProto messages.
enum TypeReader {
    private typealias Field = ProtoField.TypeProto

    /// The type; nil where the message leaves it open.
    static func type(_ proto: ProtoMessage) throws(ONNXError) -> ValueType? {
        let kinds = [
            Field.tensorType, Field.sequenceType, Field.mapType, Field.optionalType, Field.sparseTensorType, Field.opaqueType,
        ].filter { proto.has($0) }
        guard kinds.count <= 1 else { throw ONNXError(.malformed, "the type is of \(kinds.count) kinds at once") }
        guard let kind = kinds.first, let inner = proto.message(kind) else { return nil }
        switch kind {
        case Field.tensorType: return .tensor(try elementType(inner.integer(ProtoField.TensorType.elemType)), try shape(inner))
        case Field.sparseTensorType: return .sparseTensor(try elementType(inner.integer(ProtoField.TensorType.elemType)), try shape(inner))
        case Field.sequenceType: return .sequence(try element(inner, ProtoField.SequenceType.elemType))
        case Field.optionalType: return .optional(try element(inner, ProtoField.OptionalType.elemType))
        case Field.mapType:
            guard let key = try elementType(inner.integer(ProtoField.MapType.keyType)), key.isInteger || key == .string else {
                throw ONNXError(.malformed, "the keys of a map must be integers or strings")
            }
            return .map(key, try element(inner, ProtoField.MapType.valueType))
        default:
            let name = inner.text(ProtoField.OpaqueType.domain) + "." + inner.text(ProtoField.OpaqueType.name)
            throw ONNXError(.unsupported, "the opaque type \(quoted(name)) is not supported")
        }
    }

    private static func element(_ proto: ProtoMessage, _ field: Int) throws(ONNXError) -> ValueType {
        try proto.message(field).flatMap { proto throws(ONNXError) in try type(proto) } ?? .tensor(nil, nil)
    }

    private static func elementType(_ number: Int64?) throws(ONNXError) -> ElementType? {
        guard let number, number != 0 else { return nil }
        guard let type = Int32(exactly: number).flatMap(ElementType.init(rawValue:)) else {
            throw ONNXError(.malformed, "\(number) is no element type of ONNX; 1 to 28 are")
        }
        return type
    }

    private static func shape(_ proto: ProtoMessage) throws(ONNXError) -> [Dimension]? {
        guard let shape = proto.message(ProtoField.TensorType.shape) else { return nil }
        return shape.messages(ProtoField.TensorShape.dim).map { dimension in
            if let size = dimension.integer(ProtoField.Dimension.dimValue) {
                // Some exporters write -1 for a dimension that is not known.
                return size >= 0 ? .known(Int(size)) : .unknown
            }
            let name = dimension.text(ProtoField.Dimension.dimParam)
            return name.isEmpty ? .unknown : .named(name)
        }
    }
}
