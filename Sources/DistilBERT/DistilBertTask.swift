/// What a DistilBERT is for: the base model, or the base model with one of five heads.
public enum DistilBertTask: String, Sendable, CaseIterable {
    case base
    case fillMask = "fill-mask"
    case textClassification = "text-classification"
    case questionAnswering = "question-answering"
    case tokenClassification = "token-classification"
    case multipleChoice = "multiple-choice"

    /// The class in transformers, as `architectures` of config.json names it.
    public var architecture: String {
        switch self {
        case .base: "DistilBertModel"
        case .fillMask: "DistilBertForMaskedLM"
        case .textClassification: "DistilBertForSequenceClassification"
        case .questionAnswering: "DistilBertForQuestionAnswering"
        case .tokenClassification: "DistilBertForTokenClassification"
        case .multipleChoice: "DistilBertForMultipleChoice"
        }
    }

    /// The task of a class name in `architectures`, of PyTorch or TensorFlow (`TFDistilBertModel`); nil for another model's.
    public init?(architecture: String) {
        let name = architecture.hasPrefix("TF") ? String(architecture.dropFirst(2)) : architecture
        guard let task = Self.allCases.first(where: { $0.architecture == name }) else { return nil }
        self = task
    }
}
