internal import ArgumentParser
internal import Bytes
internal import DistilBERT

/// `onnx-run fill-mask MODEL`: what may stand where a text has [MASK].
struct FillMask: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fill-mask",
        abstract: "Find the likeliest tokens for each [MASK] of a text.",
        discussion: """
            onnx-run fill-mask distilbert/model.onnx --text "Paris is the [MASK] of France."

            Writes a line of JSON for each text, in their order:
            {"text": "…", "masks": [[{"token": "capital", "id": 3007, "score": 0.98,
            "sequence": "paris is the capital of france."}, …]]}
            with a list for each mask; of several masks, the others stay in "sequence".
            With --target only the tokens that are given are told, the likeliest first;
            their scores are as without.

            \(TextFlags.discussion)
            """)

    @OptionGroup var flags: TextFlags
    @OptionGroup var texts: TextSourceFlags
    @Option(help: ArgumentHelp("Tokens told of each mask; 5 by default, or every target.", valueName: "count")) var top: Int?
    @Option(help: ArgumentHelp("Tell of this token only; may be given several times.", valueName: "token")) var target: [String] = []

    func validate() throws {
        if let top, top < 1 { throw ValidationError("--top is \(top); 1 or more expected") }
    }

    func run() throws {
        let model = try flags.open()
        let filler = try MaskFiller(model, targets: target)
        try TextJob(maxLength: flags.quiet ? nil : model.maxLength).run(try texts.source()) { items in
            zip(items, try filler.fill(items.map { try $0.input() }, top: top ?? (target.isEmpty ? 5 : target.count))).map { item, result in
                TextJob.Line(isTruncated: result.isTruncated) { json in
                    try item.write("text", to: &json)
                    try json.name("masks")
                    try json.beginArray()
                    for mask in result.masks {
                        try json.beginArray()
                        for candidate in mask { try Self.write(candidate, &json) }
                        try json.endArray()
                    }
                    try json.endArray()
                }
            }
        }
    }

    private static func write(_ candidate: MaskFiller.Candidate, _ json: inout JSONWriter) throws {
        try json.beginObject()
        try json.name("token")
        try json.string(candidate.token)
        try json.name("id")
        try json.integer(candidate.id)
        try json.name("score")
        try json.number(candidate.score)
        try json.name("sequence")
        try json.string(candidate.sequence)
        try json.endObject()
    }
}
