internal import Bytes
internal import Tensors

/// The files that hold tensors outside of the model's own, each opened once, and what has been asked of them.
///
/// Every tensor of a model, wherever it stands, gets external bytes from here and nowhere else.
final class ExternalData {
    private let open: ((String) throws(ONNXError) -> ByteRegion)?
    private var files: [String: PayloadFile] = [:]

    /// `open` gives the bytes of a `location`, such as a file beneath the model's folder; nil where the model came without one.
    init(open: ((String) throws(ONNXError) -> ByteRegion)?) {
        self.open = open
    }

    /// The locations that tensors have come from.
    var locations: [String] { files.keys.sorted() }

    /// A tensor's bytes as its `external_data` entries describe them.
    struct Entry {
        var location = ""
        var offset = 0
        var length: Int?

        init(_ entries: [(key: String, value: String)]) throws(ONNXError) {
            var seen: Set<String> = []
            for (key, value) in entries {
                guard seen.insert(key).inserted else { throw ONNXError(.malformed, "external_data has the key \"\(quoted(key))\" twice") }
                switch key {
                case "location": location = value
                case "offset": offset = try Self.number(value, key)
                case "length": length = try Self.number(value, key)
                case "checksum": break
                default:
                    throw ONNXError(
                        .malformed, "external_data has the unknown key \"\(quoted(key))\"; location, offset, length and checksum are known")
                }
            }
            guard !location.isEmpty else { throw ONNXError(.malformed, "external_data has no location") }
        }

        private static func number(_ text: String, _ key: String) throws(ONNXError) -> Int {
            guard let value = Int(text), value >= 0, text.utf8.first.map({ $0 != UInt8(ascii: "+") }) ?? false else {
                throw ONNXError(.malformed, "external_data has the \(key) \"\(quoted(text))\", which is no possible number of bytes")
            }
            return value
        }
    }

    /// `count` bytes as `entry` describes them.
    func bytes(_ entry: Entry, count: Int) throws(ONNXError) -> (Storage, offset: Int) {
        if let length = entry.length, length != count {
            throw ONNXError(.malformed, "external_data declares \(length) bytes where the tensor's type and dims need \(count)")
        }
        let file = try self.file(entry.location)
        guard entry.offset <= file.count, count <= file.count - entry.offset else {
            throw ONNXError(
                .malformed, "\(count) bytes from offset \(entry.offset) reach past the end of \(quoted(entry.location)), which has \(file.count)",
                remedy: "the file is cut short or belongs to another model: fetch it again")
        }
        return (file.storage, entry.offset)
    }

    private func file(_ location: String) throws(ONNXError) -> PayloadFile {
        if let file = files[location] { return file }
        guard let open else {
            throw ONNXError(
                .usage, "the tensor is in the file \"\(quoted(location))\", but the model was given as bytes, without a folder",
                remedy: "read the model from its path")
        }
        let file = PayloadFile(try open(location))
        files[location] = file
        return file
    }
}

/// A file, or a part of one, as memory that tensors borrow.
struct PayloadFile {
    let storage: Storage
    var count: Int { storage.byteCount }

    init(_ region: ByteRegion) {
        // Tensors of a borrowed storage are never written: nothing makes a MutableTensor of them.
        storage = unsafe Storage(borrowing: UnsafeMutableRawPointer(mutating: region.unsafeBase), byteCount: region.count, owner: region.file)
    }
}
