internal import ArgumentParser
internal import Bytes
internal import DistilBERT

/// `onnx-run classify MODEL`: what texts are about.
struct Classify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Classify texts: the classes of each and their scores.",
        discussion: """
            onnx-run classify sst2/model.onnx --text "A fine film."
            onnx-run classify sst2/model.onnx --lines --top 2 < reviews.txt
            onnx-run classify nli/model.onnx --jsonl < pairs.jsonl

            Writes a line of JSON for each text, in their order:
            {"text": "A fine film.", "labels": [{"label": "POSITIVE", "score": 0.99}]}
            With --jsonl a second text stands in "text_pair".

            Scores are probabilities that add up to 1; for a model of several labels at
            once (problem_type in config.json), or of one, each is a probability by
            itself; for regression they are what the model gives.

            \(TextFlags.discussion)
            """)

    @OptionGroup var flags: TextFlags
    @OptionGroup var texts: TextSourceFlags
    @Option(help: ArgumentHelp("Classes told of each text; 0 for all.", valueName: "count")) var top = 1
    @Option(help: "How the model's numbers become scores: softmax, sigmoid or none; by default as config.json implies.")
    var function: TextClassifier.ScoreFunction?

    func validate() throws {
        guard top >= 0 else { throw ValidationError("--top is \(top); 0 or more expected") }
    }

    func run() throws {
        let model = try flags.open()
        let classifier = try TextClassifier(model, function: function)
        try TextJob(maxLength: flags.quiet ? nil : model.maxLength).run(try texts.source()) { items in
            zip(items, try classifier.classify(items.map { try $0.input() }, top: top == 0 ? nil : top)).map { item, result in
                TextJob.Line(isTruncated: result.isTruncated) { json in
                    try item.write("text", "text_pair", to: &json)
                    try json.name("labels")
                    try json.beginArray()
                    for label in result.labels {
                        try json.beginObject()
                        try json.name("label")
                        try json.string(label.label)
                        try json.name("score")
                        try json.number(label.score)
                        try json.endObject()
                    }
                    try json.endArray()
                }
            }
        }
    }
}
