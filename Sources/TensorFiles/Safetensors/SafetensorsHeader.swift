internal import Bytes
internal import Tensors

/// What the JSON header of a safetensors file says, checked against nothing but itself until `entries(over:)`.
struct SafetensorsHeader {
    private struct Description {
        var name: String
        var dtype: String
        var shape: [Int]
        var begin: Int
        var end: Int
    }

    private(set) var metadata: [String: String] = [:]
    private var descriptions: [Description] = []

    mutating func read(_ text: ByteRegion, limits: Limits) throws(ONNXError) {
        var reader = try JSONReader(text, limits: limits)
        guard try reader.next() == .beginObject else { throw reader.error(.malformed, "the header is not an object") }
        while case .name(let name) = try reader.next() {
            if name == "__metadata__" {
                try readMetadata(&reader)
            } else {
                descriptions.append(try description(name, &reader, limits: limits))
            }
        }
        _ = try reader.next()
    }

    private mutating func readMetadata(_ reader: inout JSONReader) throws(ONNXError) {
        guard try reader.next() == .beginObject else { throw reader.error(.malformed, "__metadata__ is not an object") }
        while case .name(let name) = try reader.next() {
            guard case .string(let value) = try reader.next() else {
                throw reader.error(.malformed, "the metadata \"\(quoted(name))\" is not a string")
            }
            metadata[name] = value
        }
    }

    private func description(_ name: String, _ reader: inout JSONReader, limits: Limits) throws(ONNXError) -> Description {
        let what = "the tensor \"\(quoted(name))\""
        guard try reader.next() == .beginObject else { throw reader.error(.malformed, "\(what) is not described by an object") }
        var dtype: String?
        var shape: [Int]?
        var offsets: [Int]?
        while case .name(let key) = try reader.next() {
            switch key {
            case "dtype":
                guard case .string(let value) = try reader.next() else { throw reader.error(.malformed, "the dtype of \(what) is not a string") }
                dtype = value
            case "shape": shape = try sizes(&reader, "shape of \(what)", atMost: limits.rank)
            case "data_offsets": offsets = try sizes(&reader, "data_offsets of \(what)", atMost: 2)
            default: throw reader.error(.malformed, "\(what) has the unknown key \"\(quoted(key))\"")
            }
        }
        guard let dtype, let shape, let offsets, offsets.count == 2 else {
            throw reader.error(.malformed, "\(what) needs dtype, shape and two data_offsets")
        }
        guard let type = SafetensorsType.elementType(dtype) else {
            throw reader.error(.unsupported, "\(what) has the dtype \"\(quoted(dtype))\", which this engine doesn't read")
        }
        let bytes: Int
        do {
            bytes = try Shape.byteCount(try Shape.count(shape), type)
        } catch {
            throw reader.error(error.code, "\(what): \(error.message)")
        }
        let (begin, end) = (offsets[0], offsets[1])
        guard begin <= end, end - begin == bytes else {
            throw reader.error(.malformed, "\(what) of \(dtype) \(Shape.text(shape)) has \(bytes) bytes, but its data_offsets are \(begin) and \(end)")
        }
        return Description(name: name, dtype: dtype, shape: shape, begin: begin, end: end)
    }

    private func sizes(_ reader: inout JSONReader, _ what: String, atMost limit: Int) throws(ONNXError) -> [Int] {
        guard try reader.next() == .beginArray else { throw reader.error(.malformed, "the \(what) is not an array") }
        var sizes: [Int] = []
        while true {
            let event = try reader.next()
            if event == .endArray { return sizes }
            guard case .integer(let value) = event, let size = Int(exactly: value), size >= 0 else {
                throw reader.error(.malformed, "the \(what) holds something else than sizes")
            }
            guard sizes.count < limit else { throw reader.error(.limit, "the \(what) has more than \(limit) numbers") }
            sizes.append(size)
        }
    }

    /// The tensors over `data`, which they must fill without overlap, hole or rest.
    func entries(over data: ByteRegion) throws(ONNXError) -> [SafetensorsFile.Entry] {
        var position = 0
        var entries: [SafetensorsFile.Entry] = []
        for tensor in descriptions.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
            let what = "the tensor \"\(quoted(tensor.name))\""
            guard tensor.end <= data.count else {
                throw ONNXError(
                    .malformed, "\(what) ends at byte \(tensor.end) of the data, which has \(data.count): \(tensor.end - data.count) bytes are missing",
                    remedy: "copy or download the file again")
            }
            guard tensor.begin == position else {
                throw ONNXError(.malformed, "\(what) begins at byte \(tensor.begin) of the data, but the one before it ends at \(position)")
            }
            position = tensor.end
            let bytes = try data.slice(offset: tensor.begin, count: tensor.end - tensor.begin)
            entries.append(SafetensorsFile.Entry(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, data: bytes))
        }
        guard position == data.count else { throw ONNXError(.malformed, "\(data.count - position) bytes follow the last tensor") }
        return entries
    }
}
