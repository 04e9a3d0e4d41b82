public import Bytes
public import Tensors

/// The base model with scores for where in a text an answer starts and ends.
public struct DistilBertForQuestionAnswering: DistilBertPreTrainedModel {
    /// What a call answers.
    public typealias Output = QuestionAnsweringModelOutput
    /// What the class is for.
    public static let task = DistilBertTask.questionAnswering
    /// Configuration and weights.
    public let network: DistilBertNetwork

    /// A model of a network. Throws `.usage` unless that is of this class's task.
    public init(network: DistilBertNetwork) throws(ONNXError) { self.network = try network.checked(for: Self.task) }

    /// Answers scores of starts and ends, and with both positions the mean of their cross-entropies.
    ///
    /// Exactly one of `inputIDs` and `inputsEmbeds` is given; shapes are those of `DistilBertInputs`.
    ///
    /// - Parameter startPositions: The first token of the answer, integers `[batch]`, with `endPositions` for the last. They are clamped to the sequence; one past its end counts for nothing.
    /// - Throws: `ONNXError`: `.usage` for both or neither, or for what the semantics don't take; `.shape` for inputs that don't fit.
    public func callAsFunction(
        inputIDs: Tensor? = nil, attentionMask: Tensor? = nil, headMask: Tensor? = nil, inputsEmbeds: Tensor? = nil, positionIDs: Tensor? = nil,
        startPositions: Tensor? = nil, endPositions: Tensor? = nil, outputHiddenStates: Bool? = nil, outputAttentions: Bool? = nil, training: Bool = false,
        seed: UInt64? = nil
    ) throws -> QuestionAnsweringModelOutput {
        let inputs = DistilBertInputs(
            inputIDs: inputIDs, attentionMask: attentionMask, headMask: headMask, inputsEmbeds: inputsEmbeds, positionIDs: positionIDs,
            outputHiddenStates: outputHiddenStates, outputAttentions: outputAttentions, training: training, seed: seed)
        return try self(inputs, startPositions: startPositions, endPositions: endPositions)
    }

    /// As the other, the inputs in any of their forms. There is a loss only where both positions are given.
    public func callAsFunction(_ inputs: DistilBertInputs, startPositions: Tensor?, endPositions: Tensor?) throws -> QuestionAnsweringModelOutput {
        guard let startPositions, let endPositions else { return try self(inputs) }
        return QuestionAnsweringModelOutput(try network.run(inputs, labels: ["start_positions": startPositions, "end_positions": endPositions]))
    }
}
