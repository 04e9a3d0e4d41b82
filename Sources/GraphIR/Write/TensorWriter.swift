package import Bytes
package import Tensors

/// The tensors of a model that go to a file of their own.
final class ExternalWriter {
    /// How the model names the file.
    let location: String
    let threshold: Int
    private let path: String
    private var file: AtomicFile?

    init(path: String, location: String, threshold: Int) {
        self.path = path
        self.location = location
        self.threshold = threshold
    }

    /// Writes the elements on a 64-byte boundary, and gives the offset. The file begins with the first tensor.
    func append(_ elements: Elements<UInt8>) throws(ONNXError) -> Int {
        let file: AtomicFile
        if let open = self.file { file = open } else { file = try AtomicFile(path: path) }
        self.file = file
        try file.pad(to: 64)
        let offset = file.position
        try file.write(elements)
        return offset
    }

    func commit() throws(ONNXError) {
        try file?.commit()
    }
}

extension Tensor {
    private typealias Field = ProtoField.Tensor

    /// Writes the fields of a TensorProto; the elements go to `external` where they are large enough for it.
    func write(name: String, to proto: inout ProtoWriter, external: ExternalWriter?) throws(ONNXError) {
        for dimension in shape { proto.integer(Field.dims, Int64(dimension)) }
        proto.integer(Field.dataType, Int64(elementType.rawValue))
        proto.optionalText(Field.name, name)
        guard elementType != .string else {
            proto.texts(Field.stringData, try stringArray())
            return
        }
        let elements = try bytes()
        guard let external, elements.count > external.threshold else {
            proto.elements(Field.rawData, elements)
            return
        }
        let offset = try external.append(elements)
        for (key, value) in [("location", external.location), ("offset", "\(offset)"), ("length", "\(elements.count)")] {
            proto.message(Field.externalData) { $0.entry(key, value) }
        }
        proto.integer(Field.dataLocation, 1)
    }

    /// Writes the tensor as a TensorProto file. Throws `.io` where that can't be done.
    package func write(pb path: String, name: String = "") throws(ONNXError) {
        var proto = ProtoWriter()
        try write(name: name, to: &proto, external: nil)
        let file = try AtomicFile(path: path)
        try proto.write(to: file)
        try file.commit()
    }
}

extension ProtoWriter {
    /// A StringStringEntryProto's fields.
    mutating func entry(_ key: String, _ value: String) {
        text(ProtoField.StringStringEntry.key, key)
        text(ProtoField.StringStringEntry.value, value)
    }
}
