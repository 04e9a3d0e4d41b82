internal import COnnx

/// What may stand in a message, as the descriptors say that protoc-c made of onnx.proto.
@safe
struct Schema: Sendable {
    enum Kind: Sendable {
        case varint
        case fixed32
        case message(Schema.Index)
        /// A name: UTF-8, without NUL, of bounded length.
        case name
        /// UTF-8.
        case text
        /// Any bytes.
        case bytes
        /// Bytes that stay in the file; numbers may also come one by one, in the wire type given.
        case payload(single: UInt8?)
    }

    struct Field: Sendable {
        let name: String
        let kind: Kind
        let isRepeated: Bool
        /// Where protobuf-c's structure holds the value, and its count or whether it is there.
        let offset: Int
        let quantifierOffset: Int
        let isWide: Bool
    }

    typealias Index = Int

    let name: String
    /// Bytes of protobuf-c's structure.
    let size: Int
    /// By number.
    let fields: [Field?]
    nonisolated(unsafe) let descriptor: UnsafePointer<ProtobufCMessageDescriptor>

    func field(_ number: UInt64) -> Field? {
        number < UInt64(fields.count) ? fields[Int(number)] : nil
    }
}

/// The messages that a file can consist of.
enum RootMessage: Int, CaseIterable, Sendable {
    case model
    case tensor
    case sequence
    case map
    case optional

    /// Its place among `Schema.all`.
    var index: Schema.Index { rawValue }

    fileprivate var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        switch self {
        case .model:
            var message = unsafe Onnx__ModelProto()
            unsafe onnx__model_proto__init(&message)
            return unsafe message.base.descriptor
        case .tensor:
            var message = unsafe Onnx__TensorProto()
            unsafe onnx__tensor_proto__init(&message)
            return unsafe message.base.descriptor
        case .sequence:
            var message = unsafe Onnx__SequenceProto()
            unsafe onnx__sequence_proto__init(&message)
            return unsafe message.base.descriptor
        case .map:
            var message = unsafe Onnx__MapProto()
            unsafe onnx__map_proto__init(&message)
            return unsafe message.base.descriptor
        case .optional:
            var message = unsafe Onnx__OptionalProto()
            unsafe onnx__optional_proto__init(&message)
            return unsafe message.base.descriptor
        }
    }
}

extension Schema {
    /// Every message that can be reached from the roots, which come first.
    static let all: [Schema] = {
        var descriptors = unsafe RootMessage.allCases.map { unsafe $0.descriptor }
        var schemas: [Schema] = []
        while unsafe schemas.count < descriptors.count {
            schemas.append(unsafe Schema(descriptors[schemas.count], known: &descriptors))
        }
        return schemas
    }()

    static func index(named name: String) -> Index? { all.firstIndex { $0.name == name } }

    private init(_ descriptor: UnsafePointer<ProtobufCMessageDescriptor>, known: inout [UnsafePointer<ProtobufCMessageDescriptor>]) {
        name = unsafe String(cString: descriptor.pointee.short_name)
        size = unsafe descriptor.pointee.sizeof_message
        unsafe self.descriptor = descriptor
        var fields: [Field?] = []
        for position in 0..<Int(unsafe descriptor.pointee.n_fields) {
            let field = unsafe descriptor.pointee.fields[position]
            let number = Int(unsafe field.id)
            while fields.count <= number { fields.append(nil) }
            let fieldName = unsafe String(cString: field.name)
            fields[number] = Field(
                name: fieldName,
                kind: unsafe Schema.kind(of: field, named: fieldName, in: name, known: &known),
                isRepeated: unsafe field.label == PROTOBUF_C_LABEL_REPEATED,
                offset: Int(unsafe field.offset), quantifierOffset: Int(unsafe field.quantifier_offset),
                isWide: unsafe field.type == PROTOBUF_C_TYPE_INT64)
        }
        self.fields = fields
    }

    private static func kind(
        of field: ProtobufCFieldDescriptor, named name: String, in message: String, known: inout [UnsafePointer<ProtobufCMessageDescriptor>]
    ) -> Kind {
        switch unsafe field.type {
        case PROTOBUF_C_TYPE_FLOAT: return .fixed32
        case PROTOBUF_C_TYPE_BYTES: return bytesKind(message, name)
        case PROTOBUF_C_TYPE_MESSAGE:
            let inner = unsafe field.descriptor.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
            if let index = unsafe known.firstIndex(of: inner) { return .message(index) }
            unsafe known.append(inner)
            return unsafe .message(known.count - 1)
        default: return .varint
        }
    }

    private static func bytesKind(_ message: String, _ field: String) -> Kind {
        switch (message, field) {
        case ("TensorProto", "raw_data"): .payload(single: nil)
        case ("TensorProto", "float_data"): .payload(single: 5)
        case ("TensorProto", "double_data"): .payload(single: 1)
        case ("TensorProto", "int32_data"), ("TensorProto", "int64_data"), ("TensorProto", "uint64_data"): .payload(single: 0)
        case ("TensorProto", "string_data"), ("AttributeProto", "s"), ("AttributeProto", "strings"), ("MapProto", "string_keys"): .bytes
        case (_, "doc_string"), ("StringStringEntryProto", "value"): .text
        default: .name
        }
    }
}
