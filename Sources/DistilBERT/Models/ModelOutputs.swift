public import Tensors

/// What a model answers: by name in the types below, or by position, as transformers' tuples.
public protocol DistilBertOutput: Sendable {
    /// The answers that are there, in the documented order: loss, logits or scores, hidden states, attentions.
    var positional: [DistilBertOutputElement] { get }
    /// Takes what the graph gives. A value that wasn't asked for is absent.
    init(_ answers: DistilBertAnswers)
}

/// One position of an output: a tensor, or one of each layer.
public enum DistilBertOutputElement: Sendable {
    /// One tensor.
    case tensor(Tensor)
    /// A tensor a layer.
    case tensors([Tensor])
}

extension DistilBertOutput {
    /// The tensor at `index` of the positional view; nil where it holds one a layer, or there is no such position.
    public subscript(_ index: Int) -> Tensor? {
        guard positional.indices.contains(index), case .tensor(let tensor) = positional[index] else { return nil }
        return tensor
    }
}

/// The values that a graph of the family gave, by their names there.
public struct DistilBertAnswers: Sendable {
    let loss: Tensor?
    /// What the task gives.
    let main: [Tensor]
    let hiddenStates: [Tensor]?
    let attentions: [Tensor]?

    /// loss, the task's own, hidden states, attentions.
    var positional: [DistilBertOutputElement] {
        let single = ([loss] + main.map(Optional.some)).compactMap { $0.map(DistilBertOutputElement.tensor) }
        return single + [hiddenStates, attentions].compactMap { $0.map(DistilBertOutputElement.tensors) }
    }
}

/// The result of `DistilBertModel`.
public struct BaseModelOutput: DistilBertOutput {
    /// Float `[batch, sequence, dim]`.
    public let lastHiddenState: Tensor
    /// The embeddings and each block's result, `layers + 1` times float `[batch, sequence, dim]`, if asked for.
    public let hiddenStates: [Tensor]?
    /// Each block's attention weights, float `[batch, head, sequence, sequence]`, if asked for.
    public let attentions: [Tensor]?
    /// `lastHiddenState`, `hiddenStates`, `attentions`.
    public let positional: [DistilBertOutputElement]

    /// From what the graph gives.
    public init(_ answers: DistilBertAnswers) {
        (lastHiddenState, hiddenStates, attentions) = (answers.main[0], answers.hiddenStates, answers.attentions)
        positional = answers.positional
    }
}

/// The result of the models that score classes, words or choices.
public struct LogitsOutput: DistilBertOutput {
    /// The loss, if labels were given. Without axes, but for the TensorFlow twins' semantics.
    public let loss: Tensor?
    /// Scores before the softmax: float `[batch, sequence, vocabulary]`, `[batch, labels]`, `[batch, sequence, labels]` or `[batch, choices]`.
    public let logits: Tensor
    /// The embeddings and each block's result, `layers + 1` times float `[batch, sequence, dim]`, if asked for.
    public let hiddenStates: [Tensor]?
    /// Each block's attention weights, float `[batch, head, sequence, sequence]`, if asked for.
    public let attentions: [Tensor]?
    /// `loss`, `logits`, `hiddenStates`, `attentions`.
    public let positional: [DistilBertOutputElement]

    /// From what the graph gives.
    public init(_ answers: DistilBertAnswers) {
        (loss, logits, hiddenStates, attentions) = (answers.loss, answers.main[0], answers.hiddenStates, answers.attentions)
        positional = answers.positional
    }
}

/// The result of `DistilBertForMaskedLM`.
public typealias MaskedLMOutput = LogitsOutput
/// The result of `DistilBertForSequenceClassification`.
public typealias SequenceClassifierOutput = LogitsOutput
/// The result of `DistilBertForTokenClassification`.
public typealias TokenClassifierOutput = LogitsOutput
/// The result of `DistilBertForMultipleChoice`.
public typealias MultipleChoiceModelOutput = LogitsOutput

/// The result of `DistilBertForQuestionAnswering`.
public struct QuestionAnsweringModelOutput: DistilBertOutput {
    /// The loss, if positions were given. Without axes, but for the TensorFlow twins' semantics.
    public let loss: Tensor?
    /// How likely the answer starts at each token: float `[batch, sequence]`, before the softmax.
    public let startLogits: Tensor
    /// How likely the answer ends at each token: float `[batch, sequence]`, before the softmax.
    public let endLogits: Tensor
    /// The embeddings and each block's result, `layers + 1` times float `[batch, sequence, dim]`, if asked for.
    public let hiddenStates: [Tensor]?
    /// Each block's attention weights, float `[batch, head, sequence, sequence]`, if asked for.
    public let attentions: [Tensor]?
    /// `loss`, `startLogits`, `endLogits`, `hiddenStates`, `attentions`.
    public let positional: [DistilBertOutputElement]

    /// From what the graph gives.
    public init(_ answers: DistilBertAnswers) {
        (loss, startLogits, endLogits) = (answers.loss, answers.main[0], answers.main[1])
        (hiddenStates, attentions) = (answers.hiddenStates, answers.attentions)
        positional = answers.positional
    }
}
