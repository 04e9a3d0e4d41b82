public import Bytes
public import Tensors

/// The base model with a classifier or a regression of the whole text on its first token.
public struct DistilBertForSequenceClassification: DistilBertPreTrainedModel {
    /// What a call answers.
    public typealias Output = SequenceClassifierOutput
    /// What the class is for.
    public static let task = DistilBertTask.textClassification
    /// Configuration and weights.
    public let network: DistilBertNetwork

    /// A model of a network. Throws `.usage` unless that is of this class's task.
    public init(network: DistilBertNetwork) throws(ONNXError) { self.network = try network.checked(for: Self.task) }

    /// Answers scores of labels, and with `labels` the loss that `problem_type` names, or that their number and type ask for.
    ///
    /// Exactly one of `inputIDs` and `inputsEmbeds` is given; shapes are those of `DistilBertInputs`.
    ///
    /// - Parameter labels: Classes, integers `[batch]`; for regression numbers `[batch]` or `[batch, labels]`; for several labels at once 0 and 1 `[batch, labels]`.
    /// - Throws: `ONNXError`: `.usage` for both or neither, or for what the semantics don't take; `.shape` for inputs that don't fit.
    public func callAsFunction(
        inputIDs: Tensor? = nil, attentionMask: Tensor? = nil, headMask: Tensor? = nil, inputsEmbeds: Tensor? = nil, positionIDs: Tensor? = nil,
        labels: Tensor? = nil, outputHiddenStates: Bool? = nil, outputAttentions: Bool? = nil, training: Bool = false, seed: UInt64? = nil
    ) throws -> SequenceClassifierOutput {
        let inputs = DistilBertInputs(
            inputIDs: inputIDs, attentionMask: attentionMask, headMask: headMask, inputsEmbeds: inputsEmbeds, positionIDs: positionIDs,
            outputHiddenStates: outputHiddenStates, outputAttentions: outputAttentions, training: training, seed: seed)
        return try self(inputs, labels: labels)
    }

    /// As the other, the inputs in any of their forms.
    public func callAsFunction(_ inputs: DistilBertInputs, labels: Tensor?) throws -> SequenceClassifierOutput {
        SequenceClassifierOutput(try network.run(inputs, labels: labels.map { ["labels": $0] } ?? [:]))
    }
}
