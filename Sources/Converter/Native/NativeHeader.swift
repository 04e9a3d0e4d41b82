internal import Bytes
internal import TensorFiles

/// The names and the checksums of a native file's header.
enum NativeHeader {
    static let alignment = 64
    static let version = 1
    static let graph = prefix + "graph"

    private static let prefix = "onnx."
    private static let versionKey = prefix + "native"
    private static let checksumKey = prefix + "checksum"
    private static let checksumsKey = prefix + "checksums"
    private static let filePrefix = prefix + "file/"
    private static let fillerPrefix = prefix + "fill/"
    private static let packedPrefix = prefix + "packed/"
    private static let digits = 16
    /// What every native file has after the length of its header.
    private static let beginning = Array("{\"__metadata__\":{\"\(versionKey)\":\"".utf8)
    private static let untilChecksum = Array("\(version)\",\"\(checksumKey)\":\"".utf8)
    private static var checksumOffset: Int { 8 + beginning.count + untilChecksum.count }

    static func isReserved(_ name: String) -> Bool { name.hasPrefix(prefix) }
    static func isFiller(_ name: String) -> Bool { name.hasPrefix(fillerPrefix) }
    static func filler(_ number: Int) -> String { fillerPrefix + "\(number)" }
    static func constant(_ number: Int) -> String { prefix + "constant/\(number)" }
    static func tensorName(file: String) -> String { filePrefix + file }
    static func fileName(_ tensor: String) -> String? { tensor.hasPrefix(filePrefix) ? String(tensor.dropFirst(filePrefix.count)) : nil }

    static func tensorName(packed form: String) -> String { packedPrefix + form }
    /// The layout and the constant's name, of the tensor of a packed form.
    static func packedForm(_ tensor: String) -> String? { tensor.hasPrefix(packedPrefix) ? String(tensor.dropFirst(packedPrefix.count)) : nil }

    static func isPresent(_ region: ByteRegion) -> Bool {
        (try? region.slice(offset: 8, count: beginning.count).bytes()) == beginning
    }

    /// Throws where the header is not one of this version, or not as it was written.
    static func check(_ region: ByteRegion) throws(ONNXError) {
        guard isPresent(region) else {
            throw ONNXError(
                .malformed, "is not a native model file\(FileKind.hint(region, expected: .json))",
                remedy: "make one: onnx-run convert SOURCE --to native -o FILE")
        }
        var cursor = ByteCursor(region)
        let length = try cursor.uint64()
        guard length <= UInt64(cursor.remaining) else {
            throw ONNXError(
                .malformed, "is cut short or damaged: its header would have \(length) bytes, \(cursor.remaining) follow", remedy: "copy or convert it again")
        }
        try checkVersion(region)
        guard let stored = try? region.slice(offset: checksumOffset, count: digits), let expected = UInt64(hexadecimal: stored.bytes()[...]) else {
            throw ONNXError(.malformed, "the header is damaged: its checksum can't be read", remedy: "copy or convert the file again")
        }
        let found = try checksum(region.slice(offset: 0, count: 8 + Int(length)).bytes())
        guard found == expected else {
            throw ONNXError(
                .malformed, "the header is damaged: its checksum is \(found.hexadecimal), \(expected.hexadecimal) expected",
                remedy: "copy or convert the file again")
        }
    }

    private static func checkVersion(_ region: ByteRegion) throws(ONNXError) {
        let rest = try region.slice(offset: 8 + beginning.count, count: min(24, region.count - 8 - beginning.count)).bytes()
        guard let found = Int(String(decoding: rest.prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)), found > 0 else {
            throw ONNXError(.malformed, "the header is damaged: it has no version", remedy: "copy or convert the file again")
        }
        guard found == version else {
            throw ONNXError(
                .unsupported, "is a native model file of version \(found); version \(version) is supported",
                remedy: "use a later swift-onnx, or convert the model again with this one")
        }
        guard rest.starts(with: untilChecksum) else {
            throw ONNXError(.malformed, "the header is damaged: no checksum follows the version", remedy: "copy or convert the file again")
        }
    }

    /// The tensors' checksums, in the order of their bytes.
    static func checksums(_ metadata: [String: String], count: Int) throws(ONNXError) -> [UInt64] {
        let words = (metadata[checksumsKey] ?? "").utf8.split(separator: UInt8(ascii: " ")).map { UInt64(hexadecimal: Array($0)[...]) }
        let checksums = words.compactMap { $0 }
        guard checksums.count == count, words.count == count else {
            throw ONNXError(.malformed, "the header has \(checksums.count) checksums for \(count) tensors")
        }
        return checksums
    }

    /// The header for these checksums; its length does not depend on them.
    static func header(_ layout: SafetensorsLayout, metadata: [(String, String)], checksums: [UInt64]) throws -> [UInt8] {
        let own = [
            (versionKey, "\(version)"), (checksumKey, UInt64(0).hexadecimal), (checksumsKey, checksums.map(\.hexadecimal).joined(separator: " ")),
        ]
        var header = try layout.header(metadata: own + metadata)
        header.replaceSubrange(checksumOffset..<checksumOffset + digits, with: Array(checksum(header).hexadecimal.utf8))
        return header
    }

    private static func checksum(_ header: [UInt8]) -> UInt64 {
        var header = header
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: digits)
        if header.count >= checksumOffset + digits { header.replaceSubrange(checksumOffset..<checksumOffset + digits, with: zeros) }
        return XXHash64.hash(header)
    }
}

extension UInt64 {
    /// 16 digits.
    fileprivate var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Of 16 digits, none of them capital, so that no change of a byte goes unseen.
    fileprivate init?(hexadecimal digits: ArraySlice<UInt8>) {
        guard digits.count == 16, let value = UInt64(String(decoding: digits, as: UTF8.self), radix: 16), Array(value.hexadecimal.utf8)[...] == digits else {
            return nil
        }
        self = value
    }
}
