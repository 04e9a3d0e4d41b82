public import Bytes
public import Tensors

/// The base model with a masked language model's head: scores of every word of the vocabulary at every token.
public struct DistilBertForMaskedLM: DistilBertPreTrainedModel {
    /// What a call answers.
    public typealias Output = MaskedLMOutput
    /// What the class is for.
    public static let task = DistilBertTask.fillMask
    /// Configuration and weights.
    public let network: DistilBertNetwork

    /// A model of a network. Throws `.usage` unless that is of this class's task.
    public init(network: DistilBertNetwork) throws(ONNXError) { self.network = try network.checked(for: Self.task) }

    /// Answers scores of words, and with `labels` their mean cross-entropy.
    ///
    /// Exactly one of `inputIDs` and `inputsEmbeds` is given; shapes are those of `DistilBertInputs`.
    ///
    /// - Parameter labels: Words of the vocabulary, integers `[batch, sequence]`; -100 counts for nothing. `masked_lm_labels` in transformers 2.
    /// - Throws: `ONNXError`: `.usage` for both or neither, or for what the semantics don't take; `.shape` for inputs that don't fit.
    public func callAsFunction(
        inputIDs: Tensor? = nil, attentionMask: Tensor? = nil, headMask: Tensor? = nil, inputsEmbeds: Tensor? = nil, positionIDs: Tensor? = nil,
        labels: Tensor? = nil, outputHiddenStates: Bool? = nil, outputAttentions: Bool? = nil, training: Bool = false, seed: UInt64? = nil
    ) throws -> MaskedLMOutput {
        let inputs = DistilBertInputs(
            inputIDs: inputIDs, attentionMask: attentionMask, headMask: headMask, inputsEmbeds: inputsEmbeds, positionIDs: positionIDs,
            outputHiddenStates: outputHiddenStates, outputAttentions: outputAttentions, training: training, seed: seed)
        return try self(inputs, labels: labels)
    }

    /// As the other, the inputs in any of their forms.
    public func callAsFunction(_ inputs: DistilBertInputs, labels: Tensor?) throws -> MaskedLMOutput {
        MaskedLMOutput(try network.run(inputs, labels: labels.map { ["labels": $0] } ?? [:]))
    }
}
