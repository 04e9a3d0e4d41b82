package import Bytes
package import Tensors

/// Where tensors go whose elements don't stand in the model's own file.
package protocol ExternalPlace: AnyObject {
    /// Takes the elements of the tensor called `name`, which is empty for a node's attribute, and says where they are; nil leaves them in the model.
    func take(_ name: String, _ tensor: Tensor) throws(ONNXError) -> (location: String, offset: Int)?
}

/// The tensors of a model that go to a file of their own.
final class ExternalWriter: ExternalPlace {
    /// How the model names the file.
    private let location: String
    private let threshold: Int
    private let path: String
    private var file: AtomicFile?

    init(path: String, location: String, threshold: Int) {
        self.path = path
        self.location = location
        self.threshold = threshold
    }

    /// Writes the elements on a 64-byte boundary. The file begins with the first tensor.
    func take(_ name: String, _ tensor: Tensor) throws(ONNXError) -> (location: String, offset: Int)? {
        let elements = try tensor.bytes()
        guard elements.count > threshold else { return nil }
        let file: AtomicFile
        if let open = self.file { file = open } else { file = try AtomicFile(path: path) }
        self.file = file
        try file.pad(to: 64)
        let offset = file.position
        try file.write(elements)
        return (location, offset)
    }

    func commit() throws(ONNXError) {
        try file?.commit()
    }
}

extension Tensor {
    private typealias Field = ProtoField.Tensor

    /// Writes the fields of a TensorProto; the elements go to `external` where it takes them.
    func write(name: String, to proto: inout ProtoWriter, external: (any ExternalPlace)?) throws(ONNXError) {
        for dimension in shape { proto.integer(Field.dims, Int64(dimension)) }
        proto.integer(Field.dataType, Int64(elementType.rawValue))
        proto.optionalText(Field.name, name)
        guard elementType != .string else {
            proto.texts(Field.stringData, try stringArray())
            return
        }
        let elements = try bytes()
        guard let place = try external?.take(name, self) else {
            proto.elements(Field.rawData, elements)
            return
        }
        for (key, value) in [("location", place.location), ("offset", "\(place.offset)"), ("length", "\(elements.count)")] {
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
