public import Bytes
public import Tensors

/// What a model is called with, but for its labels. Exactly one of `inputIDs` and `inputsEmbeds` is given.
///
/// `[batch, sequence]` stands for `[batch, choice, sequence]` in a multiple choice model.
public struct DistilBertInputs: Sendable {
    /// Tokens, integers `[batch, sequence]`.
    public var inputIDs: Tensor?
    /// 0 where nothing is attended to: numbers of any type, or bool, `[batch, sequence]`. Nil attends to everything.
    public var attentionMask: Tensor?
    /// A factor for each head, numbers `[heads]` or `[layers, heads]`.
    public var headMask: Tensor?
    /// Embeddings in the place of ids, numbers `[batch, sequence, dim]`.
    public var inputsEmbeds: Tensor?
    /// Positions, integers `[batch, sequence]` or `[1, sequence]`. Nil counts from 0.
    public var positionIDs: Tensor?
    /// Whether hidden states are answered; nil: as the configuration says.
    public var outputHiddenStates: Bool?
    /// Whether attention weights are answered; nil: as the configuration says.
    public var outputAttentions: Bool?
    /// Whether dropout is active.
    public var training = false
    /// Where dropout's random numbers start from; nil: each call differently.
    public var seed: UInt64?

    /// Ids or embeddings, and what goes with them.
    public init(
        inputIDs: Tensor? = nil, attentionMask: Tensor? = nil, headMask: Tensor? = nil, inputsEmbeds: Tensor? = nil, positionIDs: Tensor? = nil,
        outputHiddenStates: Bool? = nil, outputAttentions: Bool? = nil, training: Bool = false, seed: UInt64? = nil
    ) {
        (self.inputIDs, self.attentionMask, self.headMask, self.inputsEmbeds) = (inputIDs, attentionMask, headMask, inputsEmbeds)
        (self.positionIDs, self.outputHiddenStates, self.outputAttentions) = (positionIDs, outputHiddenStates, outputAttentions)
        (self.training, self.seed) = (training, seed)
    }

    /// The names in the order of the TensorFlow twins' arguments.
    private static let order: [(name: String, field: any WritableKeyPath<DistilBertInputs, Tensor?> & Sendable)] = [
        ("input_ids", \.inputIDs), ("attention_mask", \.attentionMask), ("head_mask", \.headMask), ("inputs_embeds", \.inputsEmbeds),
    ]

    /// The first one to four of `input_ids`, `attention_mask`, `head_mask` and `inputs_embeds`: a list, as the TensorFlow twins take it.
    ///
    /// Throws `.usage` for none or more than four.
    public init(_ list: [Tensor?]) throws(ONNXError) {
        guard (1...Self.order.count).contains(list.count) else {
            let names = Self.order.map(\.name).joined(separator: ", ")
            throw ONNXError(.usage, "\(list.count) inputs were given; 1 to \(Self.order.count) expected, in this order: \(names)")
        }
        self.init()
        for (entry, tensor) in zip(Self.order, list) { self[keyPath: entry.field] = tensor }
    }

    /// Inputs by name: `input_ids`, `attention_mask`, `head_mask`, `inputs_embeds` and `position_ids`.
    ///
    /// Throws `.usage` for another name.
    public init(_ dictionary: [String: Tensor]) throws(ONNXError) {
        let fields = Self.order + [("position_ids", \.positionIDs)]
        self.init()
        for (name, tensor) in dictionary.sorted(by: { $0.key < $1.key }) {
            guard let entry = fields.first(where: { $0.name == name }) else {
                throw ONNXError(.usage, "no input is called '\(quoted(name))'; \(fields.map(\.name).joined(separator: ", ")) expected")
            }
            self[keyPath: entry.field] = tensor
        }
    }
}
