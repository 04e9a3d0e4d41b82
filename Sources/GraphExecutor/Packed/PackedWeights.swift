package import Bytes
internal import Glibc
package import OpLibrary
internal import Parallelism
package import TensorFiles
package import Tensors

/// Weights in the layouts that kernels want, kept in a safetensors file, so that the next session maps them and packs nothing.
///
/// A form is the tensor `packed/LAYOUT/CONSTANT` of bytes; the layout's name tells instruction sets and precisions apart. The metadata `onnx.packed` says
/// for each the checksum of its own bytes and of the constant that it was made from: a form of another constant is stale, and is not used.
package final class PackedWeights: PackedForms {
    /// What a file says of a form.
    package struct Checksums: Sendable, Equatable {
        package var form: UInt64
        package var source: UInt64
    }

    /// A form, and where it came from.
    package struct Form: Sendable {
        package let name: String
        package let storage: Storage
        package let source: Tensor
        /// Nil for one that was made just now.
        package let checksums: Checksums?
    }

    static let metadataKey = "onnx.packed"

    private let kept: [String: (data: ByteRegion, checksums: Checksums)]
    /// The checksum of a constant as the file around it records it; nil to read the constant.
    private let recorded: (@Sendable (String) -> UInt64?)?
    private let used = Locked<[Form]>([])
    private let refused = Locked<[String]>([])

    /// Nothing kept yet: every form is made, and can be written.
    package init() {
        kept = [:]
        recorded = nil
    }

    /// The forms in `file`. `recorded` tells the checksum that the file around the forms records for a constant, and so vouches for both;
    /// without it constants and forms are read and compared.
    package init(_ file: SafetensorsFile, limits: Limits = Limits(), recorded: (@Sendable (String) -> UInt64?)? = nil) throws(ONNXError) {
        kept = try Self.entries(file, limits)
        self.recorded = recorded
    }

    /// Every form that a session asked for, once each, by name.
    package var forms: [Form] { used.withLock { $0 }.sorted { $0.name < $1.name } }

    /// Whether a form had to be made.
    package var isIncomplete: Bool { used.withLock { $0.contains { $0.checksums == nil } } }

    /// Why kept forms were not used.
    package var refusals: [String] { refused.withLock { $0 } }

    package func memory(for constant: String, _ tensor: Tensor, layout: String, byteCount: Int) throws -> PackedMemory {
        let name = "packed/\(layout)/\(constant)"
        if let (data, checksums) = kept[name] {
            if let reason = refusal(constant, tensor, data, checksums, byteCount) {
                refused.withLock { $0.append("the packed form of '\(quoted(constant))' \(reason)") }
            } else {
                let storage = Storage(data)
                note(Form(name: name, storage: storage, source: tensor, checksums: checksums))
                return .filled(storage)
            }
        }
        let storage = try Storage(byteCount: byteCount)
        note(Form(name: name, storage: storage, source: tensor, checksums: nil))
        return .empty(storage)
    }

    private func refusal(_ constant: String, _ tensor: Tensor, _ data: ByteRegion, _ checksums: Checksums, _ byteCount: Int) -> String? {
        guard data.count == byteCount else { return "has \(data.count) bytes, \(byteCount) expected" }
        let source = recorded.map { $0(constant) } ?? (try? XXHash64.hash(tensor))
        guard source == checksums.source else { return "is stale: it was made from other values" }
        guard recorded == nil, data.checksum != checksums.form else { return nil }
        return "is damaged: its checksum doesn't match"
    }

    private func note(_ form: Form) {
        used.withLock { forms in
            if !forms.contains(where: { $0.name == form.name }) { forms.append(form) }
        }
    }
}

extension PackedWeights {
    private static func entries(_ file: SafetensorsFile, _ limits: Limits) throws(ONNXError) -> [String: (data: ByteRegion, checksums: Checksums)] {
        guard let text = file.metadata[metadataKey] else { return [:] }
        guard let members = (try? JSONValue(parsing: text, limits: limits))?.members else {
            throw ONNXError(.malformed, "the metadata \(metadataKey) is not a JSON object")
        }
        var entries: [String: (data: ByteRegion, checksums: Checksums)] = [:]
        for member in members {
            let sums = member.value.array?.map { $0.string.flatMap { UInt64($0, radix: 16) } } ?? []
            guard let entry = file[member.name], entry.dtype == "U8", sums.count == 2, let form = sums[0], let source = sums[1] else {
                throw ONNXError(.malformed, "the metadata \(metadataKey) names \"\(quoted(member.name))\", but not a tensor of bytes with two checksums")
            }
            entries[member.name] = (entry.data, Checksums(form: form, source: source))
        }
        return entries
    }

    /// The forms as tensors of bytes, and the metadata that belongs to them.
    package func written() throws -> (tensors: [(name: String, tensor: Tensor)], metadata: (String, String)) {
        let forms = self.forms
        let tensors = try forms.map { (name: $0.name, tensor: try Tensor(.uint8, [$0.storage.byteCount], $0.storage)) }
        let text = try JSONWriter.bytes { json in
            try json.beginObject()
            for (form, (name, tensor)) in zip(forms, tensors) {
                let checksums = try form.checksums ?? Checksums(form: XXHash64.hash(tensor), source: XXHash64.hash(form.source))
                try json.name(name)
                try json.beginArray()
                try json.string(String(checksums.form, radix: 16))
                try json.string(String(checksums.source, radix: 16))
                try json.endArray()
            }
            try json.endObject()
        }
        return (tensors, (Self.metadataKey, String(decoding: text, as: UTF8.self)))
    }
}

extension PackedWeights {
    /// The cache at `path`, or an empty one with the reason why that file can't be used.
    package static func cache(_ path: String, limits: Limits) -> (weights: PackedWeights, refusal: String?) {
        guard unsafe access(path, F_OK) == 0 else { return (PackedWeights(), nil) }
        do {
            return (try PackedWeights(SafetensorsFile(ByteRegion(MappedFile(path: path)), limits: limits), limits: limits), nil)
        } catch {
            return (PackedWeights(), "\(error)")
        }
    }

    /// Writes every form that was used to a file of its own.
    package func write(to path: String) throws {
        let (tensors, metadata) = try written()
        let file = try AtomicFile(path: path)
        try SafetensorsFile.write(tensors, metadata: [metadata], to: file)
        try file.commit()
    }
}

extension XXHash64 {
    fileprivate static func hash(_ tensor: Tensor) throws -> UInt64 {
        let bytes = try tensor.bytes()
        return unsafe bytes.withPointer { base in
            var hash = XXHash64()
            unsafe hash.update(UnsafeRawBufferPointer(start: base, count: bytes.count).bytes)
            return hash.value
        }
    }
}

extension ByteRegion {
    fileprivate var checksum: UInt64 {
        var hash = XXHash64()
        withBytes { hash.update($0) }
        return hash.value
    }
}
