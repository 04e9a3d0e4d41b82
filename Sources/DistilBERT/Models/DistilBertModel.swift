public import Bytes
public import Tensors

/// The base model: hidden states of a text, without a head.
public struct DistilBertModel: DistilBertPreTrainedModel {
    /// What a call answers.
    public typealias Output = BaseModelOutput
    /// What the class is for.
    public static let task = DistilBertTask.base
    /// Configuration and weights.
    public let network: DistilBertNetwork

    /// A model of a network. Throws `.usage` unless that is of this class's task.
    public init(network: DistilBertNetwork) throws(ONNXError) { self.network = try network.checked(for: Self.task) }

    /// Answers hidden states.
    ///
    /// Exactly one of `inputIDs` and `inputsEmbeds` is given; shapes are those of `DistilBertInputs`.
    ///
    /// - Throws: `ONNXError`: `.usage` for both or neither, or for what the semantics don't take; `.shape` for inputs that don't fit.
    public func callAsFunction(
        inputIDs: Tensor? = nil, attentionMask: Tensor? = nil, headMask: Tensor? = nil, inputsEmbeds: Tensor? = nil, positionIDs: Tensor? = nil,
        outputHiddenStates: Bool? = nil, outputAttentions: Bool? = nil, training: Bool = false, seed: UInt64? = nil
    ) throws -> BaseModelOutput {
        let inputs = DistilBertInputs(
            inputIDs: inputIDs, attentionMask: attentionMask, headMask: headMask, inputsEmbeds: inputsEmbeds, positionIDs: positionIDs,
            outputHiddenStates: outputHiddenStates, outputAttentions: outputAttentions, training: training, seed: seed)
        return try self(inputs)
    }
}
