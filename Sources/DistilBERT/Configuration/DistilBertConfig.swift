internal import Bytes
public import OrderedCollections

/// The sizes and options of a DistilBERT: what config.json says.
///
/// Fields are named as in transformers, with its defaults; a member of config.json that has no field here stays as it is when the configuration is written.
/// Source: https://huggingface.co/docs/transformers/model_doc/distilbert
public struct DistilBertConfig: Sendable, Equatable {
    /// Rows of the word embeddings.
    public var vocabSize = 30_522
    /// Rows of the position embeddings: the longest sequence.
    public var maxPositionEmbeddings = 512
    /// Whether a fresh model's position embeddings are sines and cosines. A checkpoint's own take their place.
    public var sinusoidalPosEmbds = false
    /// Transformer blocks; `num_hidden_layers` is another name.
    public var nLayers = 6
    /// Attention heads of a block; `num_attention_heads` is another name.
    public var nHeads = 12
    /// Columns of a hidden state; `hidden_size` is another name. A multiple of `nHeads`.
    public var dim = 768
    /// Columns between the two linear layers of a block.
    public var hiddenDim = 3_072
    /// The share of elements that training drops of embeddings and of what a block adds.
    public var dropout = 0.1
    /// The share of attention weights that training drops.
    public var attentionDropout = 0.1
    /// What stands between the two linear layers of a block, and in the masked language model's head.
    public var activation = Activation.gelu
    /// The standard deviation of a fresh model's weights.
    public var initializerRange = 0.02
    /// The share that training drops before the question answering head.
    public var qaDropout = 0.1
    /// The share that training drops before the classifiers of sequences and choices.
    public var seqClassifDropout = 0.2
    /// The row of the word embeddings that stands for padding, if there is one.
    public var padTokenID: Int? = 0
    /// Whether the masked language model's head multiplies by the word embeddings, and not by a matrix of its own.
    public var tieWordEmbeddings = true
    /// Whether a model answers its hidden states too.
    public var outputHiddenStates = false
    /// Whether a model answers its attention weights too.
    public var outputAttentions = false
    /// The name of each label, from 0 on.
    public var id2label: OrderedDictionary<Int, String> = Self.defaultLabels(2)
    /// The label of each name.
    public var label2id: OrderedDictionary<String, Int> = Self.inverse(Self.defaultLabels(2))
    /// Which loss a sequence classifier has; nil: as `numLabels` and the type of the labels say.
    public var problemType: ProblemType?
    /// The heads that are taken out, by block.
    public var prunedHeads: OrderedDictionary<Int, [Int]> = [:]
    /// The classes in transformers that the checkpoint is of.
    public var architectures: [String] = []

    /// The members of the file that was read, in their order: those with a field have their place here, the others their value too.
    var source: [JSONValue.Member] = []

    /// The configuration of distilbert-base-uncased.
    public init() {}

    /// How many labels there are. Setting another number names them LABEL_0, LABEL_1 and so on.
    public var numLabels: Int {
        get { id2label.count }
        set {
            guard newValue != id2label.count else { return }
            id2label = Self.defaultLabels(newValue)
            label2id = Self.inverse(id2label)
        }
    }

    /// Columns of one attention head.
    public var headSize: Int { nHeads > 0 ? dim / nHeads : 0 }

    /// The heads that block `layer` still has.
    func heads(_ layer: Int) -> Int { nHeads - Set(prunedHeads[layer] ?? []).count }

    static func defaultLabels(_ count: Int) -> OrderedDictionary<Int, String> {
        OrderedDictionary((0..<max(0, count)).map { ($0, "LABEL_\($0)") }, uniquingKeysWith: { first, _ in first })
    }

    static func inverse(_ labels: OrderedDictionary<Int, String>) -> OrderedDictionary<String, Int> {
        OrderedDictionary(labels.map { ($1, $0) }, uniquingKeysWith: { _, last in last })
    }
}

/// Which loss a sequence classifier has.
public enum ProblemType: String, Sendable, CaseIterable {
    /// The mean of the squares of differences.
    case regression
    /// Cross-entropy over classes, one of which is right.
    case singleLabelClassification = "single_label_classification"
    /// Binary cross-entropy of every class.
    case multiLabelClassification = "multi_label_classification"
}
