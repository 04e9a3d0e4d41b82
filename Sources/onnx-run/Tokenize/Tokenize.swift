internal import ArgumentParser
internal import Bytes
internal import Tokenizers

/// `onnx-run tokenize MODEL "text" …`: text to ids, and back.
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn text into ids, or ids into text.",
        discussion: """
            onnx-run tokenize distilbert "Hello, my dog is cute" > ids.json
            onnx-run tokenize distilbert "Who was here?" --pair "A dog was here." |
                onnx-run distilbert/model.onnx --input -
            onnx-run tokenize distilbert --lines --max-length 128 < texts.txt
            onnx-run tokenize distilbert --decode "101 7592 102"

            MODEL is a folder with tokenizer.json or vocab.txt, one of these files, a
            model's file beside them, a native file, which carries them, or a name in the
            Hugging Face cache.

            Texts become one object of JSON, {"input_ids": [[…], …], "attention_mask":
            [[…], …]}, padded to the longest: what --input of the other subcommands takes.
            With --lines each line of standard input is a text and becomes a line of JSON,
            {"input_ids": […], "attention_mask": […]}, in their order. What isn't UTF-8 is
            read as U+FFFD.

            --explain shows what becomes of a text step by step: control characters and
            white space, Chinese characters, accents, case, words, pieces.

            --bench tokenizes the lines of standard input --runs times and tells how long
            it took, as JSON: load_ms; first_ms, of a tokenizer that has seen no text;
            median_ms and min_ms of the later runs.
            """)

    @Argument(help: "Whose tokenizer.", completion: .file()) var model: String
    @Argument(help: "Texts.") var text: [String] = []
    @Option(help: ArgumentHelp("The second text of a pair, for each text.", valueName: "text")) var pair: String?
    @Flag(help: "Each line of standard input is a text.") var lines = false
    @Flag(help: "The texts are ids; print the text that they stand for.") var decode = false
    @Flag(help: "Show each step instead.") var explain = false
    @Flag(help: "Measure the speed instead.") var bench = false
    @Option(help: "Runs of --bench after the first.") var runs = 20
    @OptionGroup var form: TokenizeFlags

    func validate() throws {
        guard !lines && !bench || text.isEmpty else { throw ValidationError("--lines reads standard input; give no texts beside it") }
        guard lines || bench || !text.isEmpty else { throw ValidationError("give a text, or --lines to read standard input") }
        guard [decode, explain, bench].count(where: { $0 }) <= 1 else { throw ValidationError("give one of --decode, --explain and --bench") }
        if pair != nil, lines || bench || decode { throw ValidationError("--pair goes with texts in the command line") }
        if explain, lines { throw ValidationError("--explain goes with texts in the command line") }
        guard runs >= 1 else { throw ValidationError("--runs must be at least 1") }
        try form.validate(lines: lines)
    }

    func run() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let tokenizer = try TokenizerSource.open(model, form.implementation)
        if bench { return try TokenizeBench(tokenizer, form, load: clock.now - start).run(runs) }
        if decode { return try lines ? decodeLines(tokenizer) : text.forEach { Console.print(try Self.decoded($0, tokenizer, form, place: "\($0)")) } }
        if explain { return try explainTexts(tokenizer) }
        if lines { return try TokenizeLines(tokenizer, form).run() }
        let inputs = text.map { DistilBertTokenizer.Input($0, pair: pair) }
        let encodings = try tokenizer.encode(
            inputs, addSpecialTokens: !form.noSpecialTokens, truncation: form.truncated, padding: form.padding(lines: false), threads: form.threads)
        Console.output(try TokenizeJSON(tokenizer, form).object(encodings.flatMap { [$0] + $0.overflowing }))
    }

    private func explainTexts(_ tokenizer: DistilBertTokenizer) throws {
        for text in text.flatMap({ [$0] + (pair.map { [$0] } ?? []) }) {
            let steps = try tokenizer.explain(text)
            let width = steps.map(\.name.count).max() ?? 0
            for step in steps {
                Console.print(step.name + String(repeating: " ", count: width - step.name.count) + "  " + step.parts.joined(separator: " "))
            }
        }
    }

    private func decodeLines(_ tokenizer: DistilBertTokenizer) throws {
        var reader = try LineReader(descriptor: 0, name: "standard input", limit: Limits().jsonBytes)
        while let line = try reader.nextText() {
            Console.print(try Self.decoded(line, tokenizer, form, place: "standard input, line \(reader.line)"))
        }
    }

    /// Ids are numbers with anything but digits between, so that a line of JSON with nothing but ids is read too; of an object its input_ids.
    private static func decoded(_ text: String, _ tokenizer: DistilBertTokenizer, _ form: TokenizeFlags, place: String) throws -> String {
        let numbers: [Int]
        if text.first == "{" {
            let json = try JSONValue(ByteRegion(MappedFile(name: place, copying: Array(text.utf8))))
            guard let ids = json["input_ids"]?.array else {
                throw ONNXError(.malformed, "the object has no \"input_ids\"", place: [quoted(place)], remedy: "write {\"input_ids\": [101, …]}")
            }
            numbers = try ids.map { value in
                guard let id = value.int else { throw ONNXError(.malformed, "\(value.kind) among the ids", place: [quoted(place)]) }
                return id
            }
        } else {
            numbers = try text.split { ", \t[]".contains($0) }.map { part in
                guard let id = Int(part) else {
                    throw ONNXError(.usage, "\"\(quoted(String(part)))\" is no id", place: [quoted(place)], remedy: "give numbers, as 101 7592 102")
                }
                return id
            }
        }
        return tokenizer.decode(numbers.map { Int32(clamping: $0) }, skipSpecialTokens: form.skipSpecialTokens, cleansUpSpaces: !form.keepSpaces)
    }
}
