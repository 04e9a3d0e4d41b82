public import Bytes
internal import Tokenizers

/// Extractive question answering: the part of a context that answers a question, as transformers' `question-answering` pipeline finds it.
public struct QuestionAnswerer: Sendable {
    /// A question and the text to find its answer in.
    public struct Question: Sendable, Equatable {
        /// What is asked.
        public var question: String
        /// The text that the answer is a part of.
        public var context: String

        /// A question about `context`.
        public init(_ question: String, context: String) {
            self.question = question
            self.context = context
        }
    }

    /// How answers are looked for.
    public struct Options: Sendable, Equatable {
        /// The answers told of each question.
        public var top = 1
        /// The most tokens of an answer.
        public var maxAnswerLength = 15
        /// The most tokens of a window; nil for 384, or fewer where the model takes fewer.
        public var maxLength: Int?
        /// The tokens that a window repeats of the one before; nil for 128, or half a window.
        public var stride: Int?
        /// Whether there may be no answer: an empty one, with the score that the model gives [CLS].
        public var allowsNoAnswer = false
        /// Whether answers that begin or end within a word are widened to all of it.
        public var alignsToWords = true

        /// The pipeline's own.
        public init() {}
    }

    /// A part of the context.
    public struct Answer: Sendable, Equatable {
        /// The text; empty where there is no answer.
        public let text: String
        /// The probability that it begins here times the probability that it ends here.
        public let score: Float
        /// Where in the context it stands, in Unicode scalars.
        public let range: Range<Int>
    }

    /// How answers are looked for.
    public var options: Options
    private let model: TextModel
    private let outputs: [TextModel.Output]

    /// Throws `.unsupported` for a model without start and end scores of [batch, sequence].
    public init(_ model: TextModel, options: Options = Options()) throws(ONNXError) {
        try model.require("ForQuestionAnswering", for: "question answering")
        self.model = model
        self.options = options
        outputs = [
            try model.output(["start_logits"], rank: 2, hasTokens: true, position: 0, for: "question answering"),
            try model.output(["end_logits"], rank: 2, hasTokens: true, position: 1, for: "question answering"),
        ]
    }

    /// Answers each question, the best answer first. Long contexts are read in windows; an empty one has no answers.
    ///
    /// Throws `.usage` for a question that leaves no room for its context.
    public func answer(_ questions: [Question]) throws -> [[Answer]] {
        let length = min(options.maxLength ?? 384, model.maxLength)
        let truncation = Truncation(maxLength: length, strategy: .onlySecond, stride: options.stride ?? min(length / 2, 128), returnsOverflow: true)
        let encodings = try encode(questions, truncation)
        let windows = encodings.enumerated().flatMap { index, encoding in ([encoding] + encoding.overflowing).map { (question: index, encoding: $0) } }
        var found = [AnswerSpans?](repeating: nil, count: windows.count)
        try model.run(windows.map(\.encoding), outputs: outputs) { index, rows in
            found[index] = AnswerSpans(windows[index].encoding, start: rows[0], end: rows[1], options)
        }
        var spans: [[AnswerSpans]] = Array(repeating: [], count: questions.count)
        for (window, span) in zip(windows, found) { if let span { spans[window.question].append(span) } }
        return zip(questions, spans).map { question, windows in answers(question, windows) }
    }

    private func encode(_ questions: [Question], _ truncation: Truncation) throws(ONNXError) -> [Encoding] {
        do throws(ONNXError) {
            return try model.tokenizer.encode(questions.map { DistilBertTokenizer.Input($0.question, pair: $0.context) }, truncation: truncation)
        } catch {
            guard error.code == .usage else { throw error }
            let place = error.place
            throw ONNXError(
                .usage, "the question and the stride leave no room for the context in a window of \(truncation.maxLength) tokens", place: place,
                remedy: "shorten the question, or ask for longer windows or a smaller stride")
        }
    }

    private func answers(_ question: Question, _ windows: [AnswerSpans]) -> [Answer] {
        let text = ScalarText(question.context)
        var answers = windows.flatMap(\.spans).map { Answer(text: text[$0.range], score: $0.score, range: $0.range) }
        if options.allowsNoAnswer, let score = windows.map(\.noAnswer).min() { answers.append(Answer(text: "", score: score, range: 0..<0)) }
        let order = answers.indices.sorted { (answers[$1].score, $0) < (answers[$0].score, $1) }
        return order.prefix(max(0, options.top)).map { answers[$0] }
    }
}
