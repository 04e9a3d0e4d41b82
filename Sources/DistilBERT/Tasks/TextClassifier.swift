public import Bytes
public import Tokenizers

/// Text classification: what a text, or a pair of texts, is about, as transformers' `text-classification` pipeline says it.
public struct TextClassifier: Sendable {
    /// How logits become scores.
    public enum ScoreFunction: String, Sendable, CaseIterable {
        /// They add up to 1: one of several classes.
        case softmax
        /// Each between 0 and 1 by itself: several classes at once, or one.
        case sigmoid
        /// As the model gives them: regression.
        case none
    }

    /// A class and its score.
    public struct Label: Sendable, Equatable {
        /// The name, by id2label of config.json, or LABEL_ and the index.
        public let label: String
        /// The index of the class.
        public let index: Int
        /// By the classifier's function.
        public let score: Float
    }

    /// What was found of one text.
    public struct Result: Sendable, Equatable {
        /// The classes with the highest scores, the highest first.
        public let labels: [Label]
        /// Whether the text had more tokens than the model takes, and was cut.
        public let isTruncated: Bool
    }

    private let model: TextModel
    private let output: TextModel.Output
    private let function: ScoreFunction?

    /// `function` stands in for the one that config.json implies: none for regression, sigmoid for several labels at once or a single one, else softmax.
    ///
    /// Throws `.unsupported` for a model without scores of [batch, classes].
    public init(_ model: TextModel, function: ScoreFunction? = nil) throws(ONNXError) {
        try model.require("ForSequenceClassification", for: "text classification")
        self.model = model
        self.function = function
        output = try model.output(["logits"], rank: 2, hasTokens: false, for: "text classification")
    }

    /// Classifies each text; `top` is the number of classes told, all of them where it is nil.
    public func classify(_ texts: [DistilBertTokenizer.Input], top: Int? = 1) throws -> [Result] {
        let encodings = try model.encode(texts)
        var results = [Result?](repeating: nil, count: texts.count)
        try model.run(encodings, outputs: [output]) { index, rows in
            let logits = rows[0].vector()
            let scores =
                switch function ?? implied(logits.count) {
                case .softmax: Scores.softmax(logits)
                case .sigmoid: Scores.sigmoid(logits)
                case .none: logits
                }
            let labels = try Scores.top(top ?? scores.count, of: scores).map { each in
                Label(label: try model.configuration.label(each, of: scores.count), index: each, score: scores[each])
            }
            results[index] = Result(labels: labels, isTruncated: !encodings[index].overflowing.isEmpty)
        }
        return results.compactMap { $0 }
    }

    private func implied(_ count: Int) -> ScoreFunction {
        switch model.configuration.problem {
        case .regression: .none
        case .multiLabel: .sigmoid
        case .singleLabel, nil: count == 1 ? .sigmoid : .softmax
        }
    }
}
