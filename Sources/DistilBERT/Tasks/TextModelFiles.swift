internal import Bytes
internal import GraphIR
internal import Tokenizers

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What a model that reads text consists of, found from one path.
struct TextModelFiles {
    let model: Model
    let tokenizer: DistilBertTokenizer
    let configuration: TextModelConfiguration

    /// Where a folder has its model, in this order: as transformers.js and optimum lay it out.
    private static let models = ["model.onnx", "onnx/model.onnx"]
    /// The files that a tokenizer can be read from.
    private static let vocabularies = ["tokenizer.json", "vocab.txt"]

    /// `path` is a model or its folder, `tokenizer` the folder of the tokenizer's files, where it is another one.
    init(_ path: String, tokenizer: String?, limits: Limits) throws {
        let file = try Self.modelFile(path)
        model = try Model(contentsOf: file, limits: limits)
        let folders = Self.folders(besides: file)
        let looked = tokenizer.map { [$0] } ?? folders
        guard let folder = looked.first(where: { folder in Self.vocabularies.contains { Self.exists(folder + "/" + $0) } }) else {
            let list = looked.flatMap { folder in Self.vocabularies.map { quoted(folder + "/" + $0) } }.joined(separator: ", ")
            throw ONNXError(
                .io, "there is no tokenizer: none of \(list)", place: [quoted(path)],
                remedy: tokenizer == nil ? "put the tokenizer's files beside the model, or name their folder with --tokenizer" : "name the folder that has them"
            )
        }
        self.tokenizer = try DistilBertTokenizer(folder: folder, limits: limits)
        if let folder = (folders + [folder]).first(where: { Self.exists($0 + "/config.json") }) {
            let config = folder + "/config.json"
            configuration = try TextModelConfiguration(JSONValue(ByteRegion(MappedFile(path: config)), limits: limits), place: quoted(config))
        } else {
            configuration = TextModelConfiguration()
        }
    }

    private static func modelFile(_ path: String) throws(ONNXError) -> String {
        guard exists(path + "/.") else { return path }
        if let name = models.first(where: { exists(path + "/" + $0) }) { return path + "/" + name }
        throw ONNXError(
            .io, "the folder has no model: none of \(models.joined(separator: ", "))", place: [quoted(path)], remedy: "give the model's file")
    }

    /// The folder of the model, and the one around it where the model stands in a folder `onnx` of its own.
    private static func folders(besides file: String) -> [String] {
        let parts = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = parts.joined(separator: "/")
        let own = parts.isEmpty ? "." : folder.isEmpty ? "/" : folder
        guard parts.last == "onnx" else { return [own] }
        let outer = parts.dropLast().joined(separator: "/")
        return [own, parts.count == 1 ? "." : outer.isEmpty ? "/" : outer]
    }

    private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
