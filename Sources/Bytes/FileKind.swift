/// What the first bytes of a file tell of it, for messages about a file of the wrong kind.
package enum FileKind: String, Sendable {
    case numpyArray = "a NumPy array (.npy)"
    case zip = "a zip archive (.npz, or a PyTorch checkpoint)"
    case safetensors = "a safetensors file"
    case json = "a JSON text"
    case hdf5 = "an HDF5 file (Keras)"
    case pickle = "a Python pickle (an old PyTorch checkpoint?)"
    case gzip = "a gzip archive"
    case zstandard = "a Zstandard archive"
    case gguf = "a GGUF file"
    case html = "an HTML page"
    case gitLFS = "a git-LFS pointer; the file itself was not downloaded"

    package init?(_ region: ByteRegion) {
        let head = (try? region.slice(offset: 0, count: min(64, region.count)).bytes()) ?? []
        let text = String(decoding: head, as: UTF8.self).drop { $0.isWhitespace }.lowercased()
        let magics: [([UInt8], FileKind)] = [
            ([0x93] + Array("NUMPY".utf8), .numpyArray), ([0x50, 0x4B, 3, 4], .zip), ([0x50, 0x4B, 5, 6], .zip), ([0x89] + Array("HDF\r\n".utf8), .hdf5),
            ([0x1F, 0x8B], .gzip), ([0x28, 0xB5, 0x2F, 0xFD], .zstandard), (Array("GGUF".utf8), .gguf),
        ]
        if let kind = magics.first(where: { head.starts(with: $0.0) })?.1 {
            self = kind
        } else if head.count > 8, head[8] == UInt8(ascii: "{"), head[4..<8].allSatisfy({ $0 == 0 }) {
            self = .safetensors
        } else if text.hasPrefix("<!doctype") || text.hasPrefix("<html") {
            self = .html
        } else if text.hasPrefix("version https://git-lfs") {
            self = .gitLFS
        } else if text.hasPrefix("{") || text.hasPrefix("[") {
            self = .json
        } else if head.count > 2, head[0] == 0x80, (2...5).contains(head[1]) {
            self = .pickle
        } else {
            return nil
        }
    }

    /// "; it looks like …", to follow a message that it is not what was `expected`.
    package static func hint(_ region: ByteRegion, expected: FileKind) -> String {
        FileKind(region).map { $0 == expected ? "" : "; it looks like \($0.rawValue)" } ?? ""
    }
}
