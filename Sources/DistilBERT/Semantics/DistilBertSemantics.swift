/// Where versions and twins of transformers' DistilBERT answer differently: a field for each difference, and three sets that go together.
///
/// The table in the documentation ("Semantics") has a row for each field.
public struct DistilBertSemantics: Sendable, Hashable {
    /// What masked attention scores become.
    public enum MaskFill: Sendable, Hashable {
        /// Minus infinity where the mask is 0; any other mask value attends.
        case minusInfinity
        /// 1e30 (1 - mask) is taken off the scores, so that a mask between 0 and 1 is nearly 0.
        case subtracted
    }

    /// What a row gives whose mask is 0 throughout.
    public enum FullyMaskedRow: Sendable, Hashable {
        /// Attention of 0, as `scaled_dot_product_attention`; where attentions are asked for, the mean, as the eager attention that computes them.
        case zeroOrMean
        /// Not a number.
        case notANumber
        /// The mean of all values.
        case mean
    }

    /// What is done with embeddings that the caller gives.
    public enum InputsEmbeds: Sendable, Hashable {
        /// Positions are added, and the sum is normalized, as with embeddings of ids.
        case embedded
        /// They go to the first block as they are.
        case straight
    }

    /// Whether an argument is taken.
    public enum Argument: Sendable, Hashable {
        /// It is.
        case accepted
        /// It is an error.
        case refused
    }

    /// The function in the masked language model's head.
    public enum HeadActivation: Sendable, Hashable {
        /// The configuration's.
        case configured
        /// GELU by the error function, whatever the configuration says.
        case gelu
    }

    /// How losses of single examples are taken together.
    public enum LossReduction: Sendable, Hashable {
        /// One number without axes, the mean. Span positions are clamped to the sequence.
        case mean
        /// As `mean`; in token classification labels where the attention mask is not 1 count for nothing.
        case meanOfAttended
        /// A loss an example, `[batch]`; for labels of tokens one mean, `[1]`. Span positions are not clamped.
        case perExample
    }

    /// Whether a sequence classifier can have several labels at once.
    public enum MultiLabel: Sendable, Hashable {
        /// Binary cross-entropy, where `problem_type` or labels that are no integers ask for it.
        case binaryCrossEntropy
        /// `problem_type` isn't looked at: one label is regression, several are classes.
        case unavailable
    }

    /// Whether the tokenizer takes accents away.
    public enum StripAccents: Sendable, Hashable {
        /// Unless it says otherwise, where it makes lower case.
        case followsLowerCase
        /// Unless it says otherwise, always, as the fast tokenizer of 2.x.
        case always
    }

    /// When texts are cut to a length that is given.
    public enum TruncationRule: Sendable, Hashable {
        /// Where truncation is asked for.
        case asked
        /// Whenever there is a length, the longest first.
        case always
    }

    /// Whether the tokenizer answers token types, which a DistilBERT has no use for.
    public enum TokenTypes: Sendable, Hashable {
        /// Not unless asked.
        case omitted
        /// Always.
        case returned
    }

    /// What fresh weights are.
    public enum Initialisation: Sendable, Hashable {
        /// A truncated normal, the padding row 0; positions may be sinusoidal.
        case paddingZero
        /// The padding row is drawn like any other; positions may be sinusoidal.
        case paddingDrawn
        /// The padding row is drawn like any other; sinusoidal positions are an error.
        case paddingDrawnLearnedPositions
    }

    /// What masked attention scores become.
    public var maskFill: MaskFill
    /// What a row gives whose mask is 0 throughout.
    public var fullyMaskedRow: FullyMaskedRow
    /// What is done with `inputs_embeds`.
    public var inputsEmbeds: InputsEmbeds
    /// Whether `head_mask` is taken. It multiplies attention after the softmax, and the attentions that are answered.
    public var headMask: Argument
    /// Whether `position_ids` is taken.
    public var positionIDs: Argument
    /// The function in the masked language model's head.
    public var maskedLMActivation: HeadActivation
    /// Shape and reduction of losses.
    public var loss: LossReduction
    /// Whether a sequence classifier can have several labels at once.
    public var multiLabel: MultiLabel
    /// Whether the tokenizer takes accents away.
    public var stripAccents: StripAccents
    /// When texts are cut.
    public var truncation: TruncationRule
    /// Whether the tokenizer answers token types.
    public var tokenTypeIDs: TokenTypes
    /// What fresh weights are.
    public var initialisation: Initialisation

    /// PyTorch, transformers 5; with `head_mask`, as 4 had it and 5 has not.
    public static let newest = DistilBertSemantics(
        maskFill: .minusInfinity, fullyMaskedRow: .zeroOrMean, inputsEmbeds: .embedded, headMask: .accepted, positionIDs: .accepted,
        maskedLMActivation: .configured, loss: .mean, multiLabel: .binaryCrossEntropy, stripAccents: .followsLowerCase, truncation: .asked,
        tokenTypeIDs: .omitted, initialisation: .paddingZero)

    /// PyTorch, as documented for transformers 2.
    public static let v2 = DistilBertSemantics(
        maskFill: .minusInfinity, fullyMaskedRow: .notANumber, inputsEmbeds: .straight, headMask: .accepted, positionIDs: .refused,
        maskedLMActivation: .gelu, loss: .meanOfAttended, multiLabel: .unavailable, stripAccents: .always, truncation: .always,
        tokenTypeIDs: .returned, initialisation: .paddingDrawn)

    /// The TensorFlow twins, as of transformers 4.
    public static let tensorflow = DistilBertSemantics(
        maskFill: .subtracted, fullyMaskedRow: .mean, inputsEmbeds: .embedded, headMask: .refused, positionIDs: .refused,
        maskedLMActivation: .configured, loss: .perExample, multiLabel: .unavailable, stripAccents: .followsLowerCase, truncation: .asked,
        tokenTypeIDs: .omitted, initialisation: .paddingDrawnLearnedPositions)
}
