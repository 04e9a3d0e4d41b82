internal import Bytes
internal import Synchronization
internal import Tensors

/// A storage: an entry of the archive, mapped in place, that any number of tensors are views of.
final class TorchStorage: Sendable {
    let key: String
    /// The type of its elements; nil for bytes, whose type each tensor says.
    let type: ElementType?
    /// Elements, or bytes where there is no type.
    let count: Int
    let byteCount: Int
    private let archive: ZipReader
    private let entry: ZipReader.Entry
    private let isVerified = Atomic(false)

    /// Throws where the entry does not hold exactly `count` elements.
    init(key: String, type: ElementType?, count: Int, entry: ZipReader.Entry, archive: ZipReader) throws(ONNXError) {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: (type?.bitWidth ?? 8) / 8)
        guard count >= 0, !overflow, bytes == entry.count else {
            throw ONNXError(
                .malformed, "the storage \"\(key)\" declares \(count) elements of \(type?.name ?? "uint8"), but its entry has \(entry.count) bytes")
        }
        guard !entry.isDeflated else {
            throw ONNXError(
                .unsupported, "the storage \"\(key)\" is compressed; torch.save stores them as they are", remedy: "save the checkpoint again with torch.save")
        }
        (self.key, self.type, self.count, self.entry, self.archive) = (key, type, count, entry, archive)
        byteCount = bytes
    }

    /// The bytes, in the file. Their checksum is compared the first time.
    func bytes() throws -> ByteRegion {
        let bytes = try archive.contents(entry, verify: !isVerified.load(ordering: .relaxed))
        isVerified.store(true, ordering: .relaxed)
        return bytes
    }
}
