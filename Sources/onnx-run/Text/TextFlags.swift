internal import ArgumentParser
internal import Bytes
internal import DistilBERT

/// Options of every subcommand that reads text with a model.
struct TextFlags: ParsableArguments {
    /// What `--help` says of them; each subcommand adds its own fields.
    static let discussion = """
        MODEL is a folder of transformers, a native file, which carries all, an .onnx
        file beside its tokenizer (tokenizer.json or vocab.txt; in the folder above,
        where the model's own is called onnx), or a name in the local Hugging Face
        cache. config.json names the classes. Text longer than the model takes is cut,
        and a note says so.
        """

    @Argument(help: "A model, its folder or its name.", completion: .file()) var model: String
    @Option(help: ArgumentHelp("The folder of the tokenizer's files, where it is not the model's.", valueName: "folder"), completion: .directory)
    var tokenizer: String?
    @OptionGroup var session: SessionFlags
    @Flag(help: "Print no notes.") var quiet = false

    func open() throws -> TextModel { try TextModel(contentsOf: model, tokenizer: tokenizer, options: session.options) }
}

/// Where the texts come from.
struct TextSourceFlags: ParsableArguments {
    @Option(help: ArgumentHelp("A text; may be given several times.", valueName: "text")) var text: [String] = []
    @Flag(help: "Each line of standard input is a text.") var lines = false
    @Flag(help: "Each line of standard input is JSON: a string, or an object with \"text\"; its \"id\" comes back with the result.") var jsonl = false

    func validate() throws {
        guard [!text.isEmpty, lines, jsonl].count(where: { $0 }) == 1 else {
            throw ValidationError("give the texts by one of --text, --lines and --jsonl")
        }
    }

    func source() throws -> TextSource {
        text.isEmpty ? try TextSource(jsonl: jsonl) : TextSource(text.enumerated().map { TextItem(text: $1, place: "text \($0 + 1)") })
    }
}
