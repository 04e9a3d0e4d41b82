internal import ArgumentParser
internal import Bytes
internal import DistilBERT

/// `onnx-run answer MODEL`: the part of a context that answers a question.
struct Answer: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find the part of a text that answers a question.",
        discussion: """
            onnx-run answer squad/model.onnx --question "Who?" --context "Ada wrote it."
            onnx-run answer squad/model.onnx --jsonl < questions.jsonl

            A line of JSON Lines is {"question": "…", "context": "…"}; an "id" comes back
            with the result. Writes a line of JSON for each question, in their order:
            {"question": "…", "answers": [{"answer": "Ada", "score": 0.9, "start": 0,
            "end": 3}]}; start and end count characters of the context (Unicode scalars,
            as Python does).

            A context that is too long for the model is read in windows that overlap.
            With --no-answer there may be none: an empty answer with its score.

            \(TextFlags.discussion)
            """)

    @OptionGroup var flags: TextFlags
    @Option(help: ArgumentHelp("The question.", valueName: "text")) var question: String?
    @Option(help: ArgumentHelp("The text to find its answer in.", valueName: "text")) var context: String?
    @Flag(help: "Each line of standard input is JSON with a question and its context.") var jsonl = false
    @Option(help: ArgumentHelp("Answers told of each question.", valueName: "count")) var top = 1
    @Option(help: ArgumentHelp("The most tokens of an answer.", valueName: "tokens")) var maxAnswerLength = 15
    @Option(help: ArgumentHelp("The most tokens of a window; by default 384, or fewer where the model takes fewer.", valueName: "tokens")) var maxLength: Int?
    @Option(help: ArgumentHelp("The tokens by which windows overlap; by default 128, or half a window.", valueName: "tokens")) var stride: Int?
    @Flag(help: "There may be no answer.") var noAnswer = false

    func validate() throws {
        guard jsonl ? question == nil && context == nil : question != nil && context != nil else {
            throw ValidationError("give --question and --context, or --jsonl")
        }
        for (name, value) in [("--top", top), ("--max-answer-length", maxAnswerLength), ("--max-length", maxLength ?? 1)] where value < 1 {
            throw ValidationError("\(name) is \(value); 1 or more expected")
        }
    }

    func run() throws {
        let model = try flags.open()
        var options = QuestionAnswerer.Options()
        (options.top, options.maxAnswerLength, options.maxLength) = (top, maxAnswerLength, maxLength)
        (options.stride, options.allowsNoAnswer) = (stride, noAnswer)
        let answerer = try QuestionAnswerer(model, options: options)
        try TextJob(maxLength: nil).run(try source()) { items in
            let questions = try items.map { QuestionAnswerer.Question(try $0.string("question"), context: try $0.string("context")) }
            return zip(items, try answerer.answer(questions)).map { item, answers in
                TextJob.Line(isTruncated: false) { json in
                    try item.write("question", to: &json)
                    try json.name("answers")
                    try json.beginArray()
                    for answer in answers { try Self.write(answer, &json) }
                    try json.endArray()
                }
            }
        }
    }

    private func source() throws -> TextSource {
        guard let question, let context else { return try TextSource(jsonl: true) }
        return TextSource([TextItem(["question": question, "context": context], place: "the question")])
    }

    private static func write(_ answer: QuestionAnswerer.Answer, _ json: inout JSONWriter) throws {
        try json.beginObject()
        try json.name("answer")
        try json.string(answer.text)
        try json.name("score")
        try json.number(answer.score)
        try json.name("start")
        try json.integer(answer.range.lowerBound)
        try json.name("end")
        try json.integer(answer.range.upperBound)
        try json.endObject()
    }
}
