internal import ArgumentParser
internal import Bytes
internal import DistilBERT

/// `onnx-run tag MODEL`: names, places and whatever else a model marks.
struct Tag: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Mark the tokens of a text, and group them to entities.",
        discussion: """
            onnx-run tag ner/model.onnx --text "Ada Lovelace lived in London." --aggregation simple

            Writes a line of JSON for each text, in their order:
            {"text": "…", "entities": [{"entity_group": "PER", "score": 0.99,
            "word": "ada lovelace", "start": 0, "end": 12}, …]}
            start and end count characters (Unicode scalars, as Python does).

            AGGREGATION (as in transformers):
              none       each token by itself, with its "entity" and "index"
              simple     neighbours of one class are one entity; a B- begins another
              first      and a word has the class of its first token
              average    and a word has the class of the highest mean over its tokens
              max        and a word has the class of its surest token

            With --stride a text that is longer than the model takes is read in windows
            that overlap by so many tokens; of entities that overlap the longest stays.

            \(TextFlags.discussion)
            """)

    @OptionGroup var flags: TextFlags
    @OptionGroup var texts: TextSourceFlags
    @Option(help: "How tokens become entities: none, simple, first, average or max.") var aggregation = TokenTagger.Aggregation.none
    @Option(help: ArgumentHelp("Leave this class out; may be given several times. By default O.", valueName: "label")) var ignore: [String] = []
    @Flag(help: "Leave no class out.") var all = false
    @Option(help: ArgumentHelp("Read long texts in windows that overlap by so many tokens.", valueName: "tokens")) var stride: Int?

    func validate() throws {
        if all, !ignore.isEmpty { throw ValidationError("--all leaves no class out; it can't go with --ignore") }
        if let stride, stride < 0 { throw ValidationError("--stride is \(stride); 0 or more expected") }
    }

    func run() throws {
        let model = try flags.open()
        let ignored = all ? [] : ignore.isEmpty ? ["O"] : Set(ignore)
        let tagger = try TokenTagger(model, aggregation: aggregation, ignoredLabels: ignored, stride: stride)
        try TextJob(maxLength: flags.quiet ? nil : model.maxLength).run(try texts.source()) { items in
            zip(items, try tagger.tag(items.map { try $0.string("text") })).map { item, result in
                TextJob.Line(isTruncated: result.isTruncated) { json in
                    try item.write("text", to: &json)
                    try json.name("entities")
                    try json.beginArray()
                    for entity in result.entities { try Self.write(entity, &json) }
                    try json.endArray()
                }
            }
        }
    }

    private static func write(_ entity: TokenTagger.Entity, _ json: inout JSONWriter) throws {
        try json.beginObject()
        try json.name(entity.index == nil ? "entity_group" : "entity")
        try json.string(entity.label)
        try json.name("score")
        try json.number(entity.score)
        if let index = entity.index {
            try json.name("index")
            try json.integer(index)
        }
        try json.name("word")
        try json.string(entity.word)
        try json.name("start")
        try json.integer(entity.range.lowerBound)
        try json.name("end")
        try json.integer(entity.range.upperBound)
        try json.endObject()
    }
}
