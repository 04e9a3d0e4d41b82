internal import ArgumentParser
internal import Bytes
internal import DistilBERT
internal import Tokenizers

/// `onnx-run embed MODEL`: texts as vectors, or ranked by how near they are to a question.
struct Embed: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn texts into vectors, or rank them by how near they are to a query.",
        discussion: """
            onnx-run embed minilm.onnx --normalize --lines < sentences.txt > vectors.jsonl
            onnx-run embed minilm.onnx --query "Where do cats sleep?" --lines < sentences.txt

            Writes a line of JSON for each text, in their order:
            {"text": "…", "embedding": [0.0123, …]}
            With --query it waits for the last text and writes the nearest first:
            {"text": "…", "similarity": 0.71}, the cosine of their vectors.

            POOLING:
              mean       the mean over the vectors of the tokens (sentence-transformers)
              cls        the vector of [CLS], the first token
            Where sentence-transformers' 1_Pooling/config.json lies beside the model, it
            decides; without it, the mean. --normalize is never taken from a file.

            \(TextFlags.discussion)
            """)

    @OptionGroup var flags: TextFlags
    @OptionGroup var texts: TextSourceFlags
    @Option(help: "How the vectors of tokens become one: mean or cls; by default as the model's folder says, else mean.")
    var pooling: SentenceEmbedder.Pooling?
    @Flag(help: "Bring each vector to length 1.") var normalize = false
    @Option(help: ArgumentHelp("Rank the texts by how near they are to this one.", valueName: "text")) var query: String?
    @Option(help: ArgumentHelp("With --query: the texts that are told; all by default.", valueName: "count")) var top: Int?

    func validate() throws {
        if top != nil, query == nil { throw ValidationError("--top goes with --query") }
        if let top, top < 1 { throw ValidationError("--top is \(top); 1 or more expected") }
    }

    func run() throws {
        let model = try flags.open()
        let embedder = try SentenceEmbedder(model, pooling: pooling, normalizes: normalize)
        let job = TextJob(maxLength: flags.quiet ? nil : model.maxLength)
        if let query { return try rank(try texts.source(), by: query, embedder, job) }
        try job.run(try texts.source()) { items in
            zip(items, try embedder.embed(items.map { try $0.input() })).map { item, result in
                TextJob.Line(isTruncated: result.isTruncated) { json in
                    try item.write("text", "text_pair", to: &json)
                    try json.name("embedding")
                    try json.beginArray()
                    for component in result.embedding { try json.number(component) }
                    try json.endArray()
                }
            }
        }
    }

    private func rank(_ source: consuming TextSource, by query: String, _ embedder: SentenceEmbedder, _ job: TextJob) throws {
        let wanted = try embedder.embed([DistilBertTokenizer.Input(query)])[0].embedding
        var ranking: [(item: TextItem, similarity: Float)] = []
        try job.forEach(source, { items in try embedder.embed(items.map { try $0.input() }) }) { item, result in
            ranking.append((item, SentenceEmbedder.similarity(wanted, result.embedding)))
            // What can't be among the first any more is let go now and then, so that memory stays bounded.
            if let top, (ranking.count - TextJob.window) / 2 >= top { ranking = Self.nearest(ranking, top) }
        }
        for (item, similarity) in Self.nearest(ranking, top ?? ranking.count) {
            let bytes = try JSONWriter.bytes { json in
                try json.beginObject()
                try item.write("text", "text_pair", to: &json)
                try json.name("similarity")
                try json.number(similarity)
                try json.endObject()
                try json.endLine()
            }
            Console.output(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Of texts that are equally near the first comes first.
    private static func nearest(_ ranking: [(item: TextItem, similarity: Float)], _ count: Int) -> [(item: TextItem, similarity: Float)] {
        ranking.enumerated().sorted { ($1.element.similarity, $0.offset) < ($0.element.similarity, $1.offset) }.prefix(count).map(\.element)
    }
}
