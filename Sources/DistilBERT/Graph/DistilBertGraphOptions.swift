public import Tensors

/// Which inputs and outputs the graph of a DistilBERT has, and which operators it is made of.
public struct DistilBertGraphOptions: Sendable, Hashable {
    /// The kind of labels that a loss is computed from.
    public enum Labels: Sendable, Hashable {
        /// Integers: classes, or positions of a span.
        case classes
        /// Numbers: what a regression should give, or 0 and 1 for each of several labels.
        case values
    }

    /// The versions of ONNX's operators that graphs can be written in.
    public static let opsets = 13...25

    /// The version of ONNX's own operators.
    public var opset = 20
    /// Whether the embeddings and each block's result are outputs, `hidden_states.0` and so on.
    public var outputsHiddenStates = false
    /// Whether each block's attention weights are outputs, `attentions.0` and so on.
    public var outputsAttentions = false
    /// The type of `attention_mask`, any type of numbers or bool.
    public var attentionMask = ElementType.int64
    /// Whether `inputs_embeds`, float `[batch, sequence, dim]`, takes the place of `input_ids`.
    public var takesInputsEmbeds = false
    /// Whether there is an input `position_ids`, int64 `[batch, sequence]`.
    public var takesPositionIDs = false
    /// Whether there is an input `head_mask`, float `[layers, heads]`.
    public var takesHeadMask = false
    /// Labels as inputs, with a loss as the first output; nil for neither.
    public var labels: Labels?
    /// Whether dropout is active.
    public var isTraining = false

    /// `input_ids` and `attention_mask`, and what the task gives.
    public init() {}
}
