internal import Bytes

/// What a file that is not ONNX looks like by its first bytes.
enum FileKind {
    private static let signatures: [(bytes: [UInt8], name: String, remedy: String)] = [
        (Array("version https://git-lfs".utf8), "a git-LFS pointer", "fetch the file itself: git lfs pull"),
        ([0x1F, 0x8B], "gzip data", "unpack it first: gunzip"),
        (Array("PK\u{3}\u{4}".utf8), "a zip archive", "unpack it first: unzip"),
        ([0x89] + Array("HDF\r\n".utf8), "an HDF5 file", "give the .onnx file of the model"),
        (Array("GGUF".utf8), "a GGUF file", "give the .onnx file of the model"),
        ([0x93] + Array("NUMPY".utf8), "a NumPy array", "give the .onnx file of the model"),
        ([0x80, 0x02], "a Python pickle", "export the model to ONNX"),
        ([0x28, 0xB5, 0x2F, 0xFD], "zstd data", "unpack it first: zstd -d"),
    ]

    /// Throws where the file is clearly of another kind.
    static func refuseOthers(_ region: ByteRegion) throws(ONNXError) {
        let head = try region.slice(offset: 0, count: min(region.count, 64)).bytes()
        guard let (name, remedy) = recognised(head, count: region.count) else { return }
        throw ONNXError(.malformed, "is not an ONNX file but looks like \(name)", place: [quoted(region.file.name)], remedy: remedy)
    }

    private static func recognised(_ head: [UInt8], count: Int) -> (String, String)? {
        for signature in signatures where head.starts(with: signature.bytes) { return (signature.name, signature.remedy) }
        let text = String(decoding: head.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }.prefix(16), as: UTF8.self).lowercased()
        if text.hasPrefix("<!doctype") || text.hasPrefix("<html") || text.hasPrefix("<?xml") {
            return ("an HTML page", "the download failed: fetch the file again, perhaps signed in")
        }
        if text.hasPrefix("{\"") { return ("JSON", "give the .onnx file of the model") }
        if head.count > 8, Array(head[4..<8]) == Array("ORTM".utf8) {
            return ("ONNX Runtime's own format (.ort)", "give the .onnx file that it was made of")
        }
        if head.count > 8, head[8] == UInt8(ascii: "{"), head[5..<8].allSatisfy({ $0 == 0 }) {
            let length = head[..<5].reversed().reduce(0) { $0 << 8 | Int($1) }
            if length <= count - 8 { return ("a safetensors file", "give the .onnx file of the model") }
        }
        return nil
    }
}
