internal import Bytes
internal import Tensors

/// Makes attributes of AttributeProto messages.
struct AttributeReader {
    private typealias Field = ProtoField.Attribute

    let model: ModelReader

    func attribute(_ proto: ProtoMessage) throws(ONNXError) -> Attribute {
        let number = proto.integer(Field.type) ?? 0
        guard let kind = Int32(exactly: number).flatMap(AttributeKind.init(rawValue:)) else {
            throw ONNXError(.malformed, number == 0 ? "the attribute has no type" : "\(number) is no attribute type of ONNX; 1 to 14 are")
        }
        if let other = Self.fields.first(where: { $0.kind != kind && proto.has($0.field) }) {
            throw ONNXError(.malformed, "the attribute has type \(kind) and a value of type \(other.kind)")
        }
        if proto.has(Field.refAttrName) {
            guard !Self.fields.contains(where: { proto.has($0.field) }) else {
                throw ONNXError(.malformed, "the attribute refers to another and has a value of its own")
            }
            return .reference(proto.text(Field.refAttrName), kind)
        }
        return try value(proto, kind)
    }

    private static let fields: [(kind: AttributeKind, field: Int)] = [
        (.float, Field.f), (.int, Field.i), (.string, Field.s), (.tensor, Field.t), (.graph, Field.g), (.type, Field.tp), (.sparseTensor, Field.sparseTensor),
        (.floats, Field.floats), (.ints, Field.ints), (.strings, Field.strings), (.tensors, Field.tensors), (.graphs, Field.graphs),
        (.types, Field.typeProtos), (.sparseTensors, Field.sparseTensors),
    ]

    private func value(_ proto: ProtoMessage, _ kind: AttributeKind) throws(ONNXError) -> Attribute {
        switch kind {
        // Writers of proto3 leave out what is 0 or empty.
        case .float: return .float(proto.float(Field.f) ?? 0)
        case .int: return .int(proto.integer(Field.i) ?? 0)
        case .string: return .string(try strings(proto, Field.s).first ?? "")
        case .tensor: return .tensor(try model.tensors.tensor(try one(proto, Field.t, kind)))
        case .sparseTensor: return .tensor(try model.tensors.sparseTensor(try one(proto, Field.sparseTensor, kind)))
        case .graph: return .graph(try model.graph(try one(proto, Field.g, kind)))
        case .type: return .type(try type(try one(proto, Field.tp, kind)))
        case .floats: return .floats(proto.floats(Field.floats))
        case .ints: return .ints(proto.integers(Field.ints))
        case .strings: return .strings(try strings(proto, Field.strings))
        case .tensors:
            return .tensors(try each(proto, Field.tensors) { proto throws(ONNXError) in try model.tensors.tensor(proto) })
        case .sparseTensors:
            return .tensors(try each(proto, Field.sparseTensors) { proto throws(ONNXError) in try model.tensors.sparseTensor(proto) })
        case .graphs:
            return .graphs(try each(proto, Field.graphs) { proto throws(ONNXError) in try model.graph(proto) })
        case .types:
            return .types(try each(proto, Field.typeProtos) { proto throws(ONNXError) in try type(proto) })
        }
    }

    private func one(_ proto: ProtoMessage, _ field: Int, _ kind: AttributeKind) throws(ONNXError) -> ProtoMessage {
        guard let message = proto.message(field) else { throw ONNXError(.malformed, "the attribute has type \(kind) and no value") }
        return message
    }

    private func each<T>(_ proto: ProtoMessage, _ field: Int, _ read: (ProtoMessage) throws(ONNXError) -> T) throws(ONNXError) -> [T] {
        var values: [T] = []
        for message in proto.messages(field) { values.append(try read(message)) }
        return values
    }

    private func type(_ proto: ProtoMessage) throws(ONNXError) -> ValueType {
        guard let type = try TypeReader.type(proto) else { throw ONNXError(.malformed, "the type is left open") }
        return type
    }

    private func strings(_ proto: ProtoMessage, _ field: Int) throws(ONNXError) -> [String] {
        var strings: [String] = []
        for string in proto.strings(field) {
            guard let string else { throw ONNXError(.malformed, "the attribute's text is not UTF-8") }
            strings.append(string)
        }
        return strings
    }
}
