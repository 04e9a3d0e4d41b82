package import Bytes
internal import Glibc
package import GraphIR
package import OpLibrary
internal import Parallelism
package import TensorFiles
package import Tensors

/// Weights in the layouts that kernels want, kept in a file, so that the next session maps them and packs nothing.
///
/// They stand in the model's own native file, which vouches for them, or in a safetensors file beside the model: there a form is the tensor
/// `packed/LAYOUT/CONSTANT` of bytes, and the metadata `onnx.packed` says for each the checksum of its own bytes and of the constant that it was made
/// from. A form of another constant is stale, and is not used. The layout's name tells instruction sets and precisions apart.
package final class PackedWeights: PackedForms {
    /// What a cache says of a form.
    package struct Checksums: Sendable, Equatable {
        package var form: UInt64
        package var source: UInt64
    }

    /// A form that a session uses.
    package struct Form: Sendable {
        /// `LAYOUT/CONSTANT`.
        package let name: String
        package let storage: Storage
        package let source: Tensor
        /// Nil where it was not read from a cache.
        package let checksums: Checksums?
        package let isMade: Bool
    }

    private enum Kept: Sendable {
        /// In a cache beside the model.
        case cached(ByteRegion, Checksums)
        /// In the model's own file.
        case native(PackedForm)
    }

    static let metadataKey = "onnx.packed"

    private let kept: [String: Kept]
    private let used = Locked<[Form]>([])
    private let refused = Locked<[String]>([])

    /// The forms that the model's own file keeps, if any; every other form is made, and can be written.
    package init(_ forms: [PackedForm] = []) {
        kept = Dictionary(forms.map { ($0.name, .native($0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// The forms in a cache. Constants and forms are read and compared with their checksums when they are asked for.
    package init(_ file: SafetensorsFile, limits: Limits = Limits()) throws(ONNXError) {
        kept = try Self.entries(file, limits).mapValues { .cached($0.data, $0.checksums) }
    }

    /// Every form that a session asked for, once each, by name.
    package var forms: [Form] { used.withLock { $0 }.sorted { $0.name < $1.name } }

    /// Whether a form had to be made.
    package var isIncomplete: Bool { used.withLock { $0.contains(where: \.isMade) } }

    /// Why kept forms were not used.
    package var refusals: [String] { refused.withLock { $0 } }

    package func memory(for constant: String, _ tensor: Tensor, layout: String, byteCount: Int) throws -> PackedMemory {
        let name = "\(layout)/\(constant)"
        if let form = form(name, of: tensor, byteCount) {
            note(form)
            return .filled(form.storage)
        }
        let storage = try Storage(byteCount: byteCount)
        note(Form(name: name, storage: storage, source: tensor, checksums: nil, isMade: true))
        return .empty(storage)
    }

    /// The kept form of that name, if it was made from this very constant.
    private func form(_ name: String, of tensor: Tensor, _ byteCount: Int) -> Form? {
        switch kept[name] {
        case .native(let form):
            // The file vouches for what it holds; a constant that was put in its place is another tensor.
            guard form.bytes.byteCount == byteCount, form.source.isSameMemory(as: tensor), let storage = form.bytes.wholeStorage else { return nil }
            return Form(name: name, storage: storage, source: tensor, checksums: nil, isMade: false)
        case .cached(let data, let checksums):
            if let reason = refusal(tensor, data, checksums, byteCount) {
                refused.withLock { $0.append("the packed form '\(quoted(name))' \(reason)") }
                return nil
            }
            return Form(name: name, storage: Storage(data), source: tensor, checksums: checksums, isMade: false)
        case nil: return nil
        }
    }

    private func refusal(_ tensor: Tensor, _ data: ByteRegion, _ checksums: Checksums, _ byteCount: Int) -> String? {
        if data.count != byteCount { return "has \(data.count) bytes, \(byteCount) expected" }
        if (try? XXHash64.hash(tensor)) != checksums.source { return "is stale: it was made from other values" }
        return data.checksum == checksums.form ? nil : "is damaged: its checksum doesn't match"
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
            guard let name = Self.formName(member.name), let entry = file[member.name], entry.dtype == "U8", sums.count == 2, let form = sums[0],
                let source = sums[1]
            else {
                throw ONNXError(.malformed, "the metadata \(metadataKey) names \"\(quoted(member.name))\", but not a tensor of bytes with two checksums")
            }
            entries[name] = (entry.data, Checksums(form: form, source: source))
        }
        return entries
    }

    /// The forms as a native file keeps them.
    package func forNativeFile() throws -> [PackedForm] {
        try forms.map { PackedForm(name: $0.name, source: $0.source, bytes: try Tensor(.uint8, [$0.storage.byteCount], $0.storage)) }
    }

    private static func formName(_ tensor: String) -> String? { tensor.hasPrefix("packed/") ? String(tensor.dropFirst("packed/".count)) : nil }

    /// The forms that a session used, and those of the same constants that it had no use for: other precisions', or other instruction sets'.
    private func entries() throws -> [(name: String, tensor: Tensor, checksums: Checksums)] {
        var entries = try forms.map { form in
            let tensor = try Tensor(.uint8, [form.storage.byteCount], form.storage)
            return (
                name: form.name, tensor: tensor, checksums: try form.checksums ?? Checksums(form: XXHash64.hash(tensor), source: XXHash64.hash(form.source))
            )
        }
        let names = Set(entries.map(\.name))
        let sources = Dictionary(entries.map { (Self.constant(of: $0.name), $0.checksums.source) }, uniquingKeysWith: { first, _ in first })
        for case (let name, .cached(let data, let checksums)) in kept where !names.contains(name) && sources[Self.constant(of: name)] == checksums.source {
            entries.append((name, try Tensor(.uint8, [data.count], Storage(data)), checksums))
        }
        return entries.sorted { $0.name < $1.name }
    }

    private static func constant(of form: String) -> Substring { form.drop { $0 != "/" } }

    /// The entries as tensors of bytes, and the metadata that belongs to them.
    private func written() throws -> (tensors: [(name: String, tensor: Tensor)], metadata: (String, String)) {
        let entries = try self.entries().map { (name: "packed/\($0.name)", tensor: $0.tensor, checksums: $0.checksums) }
        let text = try JSONWriter.bytes { json in
            try json.beginObject()
            for entry in entries {
                try json.name(entry.name)
                try json.beginArray()
                try json.string(String(entry.checksums.form, radix: 16))
                try json.string(String(entry.checksums.source, radix: 16))
                try json.endArray()
            }
            try json.endObject()
        }
        return (entries.map { ($0.name, $0.tensor) }, (Self.metadataKey, String(decoding: text, as: UTF8.self)))
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

    /// Writes every form that was used, and the cache's other forms of the same constants, to a file of its own.
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
