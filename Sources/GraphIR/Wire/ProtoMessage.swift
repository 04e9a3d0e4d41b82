internal import Bytes
internal import COnnx

/// The library that messages are unpacked with.
package enum ProtobufC {
    package static var version: String { unsafe String(cString: protobuf_c_version()) }
}

/// A tree of messages that protobuf-c allocated; freed with its last reader.
@safe
final class UnpackedFile {
    fileprivate let root: UnsafeMutablePointer<ProtobufCMessage>

    /// Unpacks a `Skeleton`.
    init(_ skeleton: [UInt8], as message: RootMessage) throws(ONNXError) {
        let descriptor = unsafe Schema.all[message.index].descriptor
        guard let root = unsafe protobuf_c_message_unpack(descriptor, nil, skeleton.count, skeleton) else {
            throw ONNXError(.malformed, "protobuf-c refuses the structure")
        }
        unsafe self.root = root
    }

    deinit {
        unsafe protobuf_c_message_free_unpacked(root, nil)
    }
}

/// One message of an unpacked file, read by field number. The one place that follows protobuf-c's pointers.
@safe
struct ProtoMessage {
    private let base: UnsafeRawPointer
    private let schema: Schema.Index
    private let owner: UnpackedFile

    init(_ file: UnpackedFile, as root: RootMessage) {
        unsafe base = UnsafeRawPointer(file.root)
        schema = root.index
        owner = file
    }

    private init(_ base: UnsafeRawPointer, _ schema: Schema.Index, _ owner: UnpackedFile) {
        unsafe self.base = base
        self.schema = schema
        self.owner = owner
    }

    private func field(_ number: Int) -> Schema.Field {
        guard let field = Schema.all[schema].field(UInt64(number)) else { preconditionFailure("\(Schema.all[schema].name) has no field \(number)") }
        return field
    }

    /// Whether the field is there; a repeated one, whether it has an element.
    func has(_ number: Int) -> Bool {
        let field = field(number)
        if field.isRepeated { return count(field) > 0 }
        if case .message = field.kind { return message(number) != nil }
        return unsafe base.load(fromByteOffset: field.quantifierOffset, as: protobuf_c_boolean.self) != 0
    }

    private func count(_ field: Schema.Field) -> Int {
        unsafe base.load(fromByteOffset: field.quantifierOffset, as: Int.self)
    }

    /// The integer, if it is there.
    func integer(_ number: Int) -> Int64? {
        guard has(number) else { return nil }
        let field = field(number)
        return unsafe field.isWide
            ? base.load(fromByteOffset: field.offset, as: Int64.self) : Int64(base.load(fromByteOffset: field.offset, as: Int32.self))
    }

    func float(_ number: Int) -> Float? {
        has(number) ? unsafe base.load(fromByteOffset: field(number).offset, as: Float.self) : nil
    }

    /// The text, empty where there is none. What is no UTF-8 by the walk's rules gets replacement characters.
    func text(_ number: Int) -> String {
        guard has(number) else { return "" }
        let data = unsafe base.load(fromByteOffset: field(number).offset, as: ProtobufCBinaryData.self)
        return unsafe String(decoding: UnsafeBufferPointer(start: data.data, count: data.len), as: UTF8.self)
    }

    func texts(_ number: Int) -> [String] {
        unsafe elements(field(number), of: ProtobufCBinaryData.self).map {
            unsafe String(decoding: UnsafeBufferPointer(start: $0.data, count: $0.len), as: UTF8.self)
        }
    }

    /// Bytes that should be UTF-8, one string for each element or for the one that there is; nil where one is not UTF-8.
    func strings(_ number: Int) -> [String?] {
        let field = field(number)
        guard field.isRepeated else {
            guard has(number) else { return [] }
            let data = unsafe base.load(fromByteOffset: field.offset, as: ProtobufCBinaryData.self)
            return unsafe [String(validating: UnsafeBufferPointer(start: data.data, count: data.len), as: UTF8.self)]
        }
        return unsafe elements(field, of: ProtobufCBinaryData.self).map {
            unsafe String(validating: UnsafeBufferPointer(start: $0.data, count: $0.len), as: UTF8.self)
        }
    }

    /// Where the pieces of a payload lie in the file.
    func payload(_ number: Int) -> [Range<Int>] {
        let field = field(number)
        guard has(number) else { return [] }
        if field.isRepeated { return unsafe elements(field, of: ProtobufCBinaryData.self).map { unsafe Self.place($0) } }
        return unsafe [Self.place(base.load(fromByteOffset: field.offset, as: ProtobufCBinaryData.self))]
    }

    private static func place(_ data: ProtobufCBinaryData) -> Range<Int> {
        precondition(unsafe data.len == 16, "a payload that no walk wrote")
        let pair = unsafe UnsafeRawBufferPointer(start: data.data, count: 16)
        let start = unsafe Int(UInt64(littleEndian: pair.loadUnaligned(as: UInt64.self)))
        return unsafe start..<start + Int(UInt64(littleEndian: pair.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    func integers(_ number: Int) -> [Int64] {
        unsafe Array(elements(field(number), of: Int64.self))
    }

    func floats(_ number: Int) -> [Float] {
        unsafe Array(elements(field(number), of: Float.self))
    }

    func message(_ number: Int) -> ProtoMessage? {
        let field = field(number)
        guard case .message(let inner) = field.kind, let pointer = unsafe base.load(fromByteOffset: field.offset, as: UnsafeRawPointer?.self) else {
            return nil
        }
        return unsafe ProtoMessage(pointer, inner, owner)
    }

    func messages(_ number: Int) -> [ProtoMessage] {
        let field = field(number)
        guard case .message(let inner) = field.kind else { return [] }
        return unsafe elements(field, of: UnsafeRawPointer.self).map { unsafe ProtoMessage($0, inner, owner) }
    }

    private func elements<T>(_ field: Schema.Field, of type: T.Type) -> UnsafeBufferPointer<T> {
        let start = unsafe base.load(fromByteOffset: field.offset, as: UnsafePointer<T>?.self)
        return unsafe UnsafeBufferPointer(start: start, count: start == nil ? 0 : count(field))
    }
}
