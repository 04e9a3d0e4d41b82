internal import Bytes
internal import Tensors

/// The zip archive that `torch.save` writes: `NAME/data.pkl` describes, `NAME/data/KEY` hold the bytes.
///
/// Source: https://github.com/pytorch/pytorch/blob/main/caffe2/serialize/inline_container.h
struct TorchArchive {
    private let archive: ZipReader
    private let prefix: String
    private let file: ByteRegion

    init(_ file: ByteRegion, limits: Limits) throws {
        archive = try ZipReader(file, limits: limits)
        self.file = file
        let pickles = archive.entries.map(\.name).filter { $0.hasSuffix("/data.pkl") }
        guard pickles.count == 1 else {
            let found = pickles.isEmpty ? archive.entries.prefix(3).map { "\"\(quoted($0.name))\"" }.joined(separator: ", ") : "\(pickles.count) of them"
            throw ONNXError(
                .malformed, "is a zip archive without the one data.pkl of a PyTorch checkpoint: \(found.isEmpty ? "nothing" : found) found",
                place: [quoted(file.file.name)], remedy: "give the file that torch.save wrote")
        }
        prefix = String(pickles[0].dropLast("data.pkl".count))
        try refuseScripts()
        try refuseBigEndian()
    }

    private func refuseScripts() throws {
        guard let script = archive.entries.first(where: { $0.name == prefix + "constants.pkl" || $0.name.hasPrefix(prefix + "code/") }) else { return }
        throw ONNXError(
            .unsupported, "is a TorchScript archive (it has \"\(quoted(script.name))\"); a dictionary of tensors is expected", place: [quoted(file.file.name)],
            remedy: "save its weights: torch.save(torch.jit.load(FILE).state_dict(), \"pytorch_model.bin\")")
    }

    private func refuseBigEndian() throws {
        guard let entry = archive[prefix + "byteorder"], entry.count <= 64 else { return }
        let order = String(decoding: try archive.contents(entry).bytes(), as: UTF8.self)
        guard order == "little" else {
            throw ONNXError(
                .unsupported, "its numbers are in the byte order \"\(quoted(order))\"; little is expected", place: [quoted(file.file.name)],
                remedy: "load it with torch.load and save it again on a little-endian machine, or save it as safetensors")
        }
    }

    /// The pickle, inflated where it is compressed.
    func pickle(limits: Limits) throws -> ByteRegion {
        guard let entry = archive[prefix + "data.pkl"] else { throw ONNXError(.malformed, "no data.pkl", place: [quoted(file.file.name)]) }
        guard entry.count <= limits.pickleBytes else {
            throw ONNXError(
                .limit, "its pickle of \(entry.count) bytes is above the limit of \(limits.pickleBytes)", place: [quoted(file.file.name)],
                remedy: "raise the limit pickleBytes")
        }
        return try archive.contents(entry)
    }

    /// The storage `key`, a decimal number as torch gives them.
    func storage(key: String, type: ElementType?, count: Int) throws(ONNXError) -> TorchStorage {
        guard !key.isEmpty, key.utf8.count <= 20, key.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw ONNXError(.malformed, "the storage key \"\(quoted(key))\" is not a decimal number")
        }
        guard let entry = archive["\(prefix)data/\(key)"] else {
            throw ONNXError(
                .malformed, "the archive lacks the entry \"\(quoted(prefix))data/\(key)\" of a storage: it is damaged", remedy: "fetch or save it again")
        }
        return try TorchStorage(key: key, type: type, count: count, entry: entry, archive: archive)
    }
}
