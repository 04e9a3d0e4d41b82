import Bytes
import Converter
import OrderedCollections
import Tensors
import Testing

/// A checkpoint in memory; each tensor counts up from its position in the list.
func checkpoint(_ tensors: [(String, Tensor)], format: Checkpoint.Format = .pytorch) -> Checkpoint {
    let entries = tensors.map { name, tensor in
        (name, Checkpoint.Entry(name: name, shape: tensor.shape, elementType: tensor.elementType) { tensor })
    }
    return Checkpoint(format: format, entries: OrderedDictionary(uniqueKeysWithValues: entries))
}

func counting(_ shape: [Int], from first: Float = 0) throws -> Tensor {
    try Tensor((0..<shape.reduce(1, *)).map { first + Float($0) }, shape: shape)
}

/// What names in checkpoints of every age and framework mean.
private let spellings: [(found: String, means: String)] = [
    ("distilbert.embeddings.word_embeddings.weight", "distilbert.embeddings.word_embeddings.weight"),
    ("embeddings.word_embeddings.weight", "distilbert.embeddings.word_embeddings.weight"),
    ("module.distilbert.embeddings.LayerNorm.gamma", "distilbert.embeddings.LayerNorm.weight"),
    ("embeddings.LayerNorm.beta", "distilbert.embeddings.LayerNorm.bias"),
    ("tf_distil_bert_model/distilbert/embeddings/position_embeddings/embeddings:0", "distilbert.embeddings.position_embeddings.weight"),
    ("distilbert/tf_distil_bert_model_3/distilbert/embeddings/word_embeddings/weight:0", "distilbert.embeddings.word_embeddings.weight"),
    ("tf_distil_bert_model/distilbert/transformer/layer_._5/attention/q_lin/bias:0", "distilbert.transformer.layer.5.attention.q_lin.bias"),
    ("tf_distil_bert_model/distilbert/transformer/layer_._5/sa_layer_norm/gamma:0", "distilbert.transformer.layer.5.sa_layer_norm.weight"),
    ("distilbert/transformer/layer/11/output_layer_norm/beta/.ATTRIBUTES/VARIABLE_VALUE", "distilbert.transformer.layer.11.output_layer_norm.bias"),
    ("distilbert/embeddings/weight/.ATTRIBUTES/VARIABLE_VALUE", "distilbert.embeddings.word_embeddings.weight"),
    ("tf_distil_bert_for_masked_lm/vocab_projector/bias:0", "vocab_projector.bias"),
    ("tf_distil_bert_for_sequence_classification/pre_classifier/bias:0", "pre_classifier.bias"),
    ("bert.encoder.layer.3.attention.output.dense.bias", "distilbert.transformer.layer.3.attention.out_lin.bias"),
    ("encoder.layer.0.attention.self.query.weight", "distilbert.transformer.layer.0.attention.q_lin.weight"),
    ("encoder.layer.0.attention.output.LayerNorm.gamma", "distilbert.transformer.layer.0.sa_layer_norm.weight"),
    ("encoder.layer.10.output.LayerNorm.bias", "distilbert.transformer.layer.10.output_layer_norm.bias"),
    ("bert/encoder/layer_4/intermediate/dense/bias", "distilbert.transformer.layer.4.ffn.lin1.bias"),
    ("bert/embeddings/word_embeddings", "distilbert.embeddings.word_embeddings.weight"),
    ("cls.predictions.transform.LayerNorm.weight", "vocab_layer_norm.weight"),
    ("cls.predictions.bias", "vocab_projector.bias"),
]

@Test(arguments: spellings)
func nameIsUnderstood(found: String, means: String) throws {
    let given = try counting([2, 3])
    for name in [means, means.replacingPrefix("distilbert.")] {
        let (weights, report) = try StateDict.load(checkpoint([(found, given)]), expecting: [ExpectedWeight(name, [2, 3])])
        #expect(try weights[name]?.array(of: Float.self) == given.array(of: Float.self))
        #expect(report.items.map(\.outcome) == [.loaded])
        #expect(report.items[0].source == found)
    }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String) -> String { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self }
}

@Test(arguments: [
    "tf_distil_bert_model/distilbert/transformer/layer_._0/ffn/lin1/kernel:0", "bert/encoder/layer_0/intermediate/dense/kernel",
    "distilbert/transformer/layer/0/ffn/lin1/kernel/.ATTRIBUTES/VARIABLE_VALUE",
])
func kernelIsTransposed(name: String) throws {
    let expected = ExpectedWeight("transformer.layer.0.ffn.lin1.weight", [40, 2])
    let (weights, report) = try StateDict.load(checkpoint([(name, counting([2, 40]))], format: .keras), expecting: [expected])
    #expect(report.items.map(\.outcome) == [.transposed])
    let values = try #require(weights[expected.name]).array(of: Float.self)
    for row in 0..<40 {
        #expect(values[2 * row] == Float(row))
        #expect(values[2 * row + 1] == Float(row + 40))
    }
}

@Test func tokenTypeIsFoldedIntoThePositions() throws {
    let names = ("embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight")
    let source = try checkpoint([(names.0, counting([3, 2])), (names.1, counting([2, 2], from: 100)), ("pooler.dense.weight", counting([2, 2]))])
    let (weights, report) = try StateDict.load(source, expecting: [ExpectedWeight(names.0, [3, 2])])
    #expect(try weights[names.0]?.array(of: Float.self) == [100, 102, 102, 104, 104, 106])
    #expect(report.items.map(\.outcome) == [.loaded, .ignored, .added])
    try report.requireComplete(isStrict: true)
}

@Test(arguments: [(["a"], true), (["a", "b"], true), (["b"], true), ([], false)])
func tiedWeightMayBeEither(present: [String], isComplete: Bool) throws {
    let names = ["a": "distilbert.embeddings.word_embeddings.weight", "b": "vocab_projector.weight"]
    let (a, b) = try (#require(names["a"]), #require(names["b"]))
    let source = try checkpoint(present.map { (names[$0] ?? $0, try counting([4, 2])) })
    let (weights, report) = try StateDict.load(source, expecting: [ExpectedWeight(a, [4, 2]), ExpectedWeight(b, [4, 2], tiedTo: a)])
    #expect(weights.keys.elements == (isComplete ? [a] : []))
    #expect(report.items.map(\.outcome) == [isComplete ? .loaded : .missing, .tied])
}

@Test func tiedWeightThatDiffersIsSaid() throws {
    let names = ("embeddings.word_embeddings.weight", "vocab_projector.weight")
    let source = try checkpoint([(names.0, counting([2])), (names.1, counting([2], from: 7))])
    let (_, report) = try StateDict.load(source, expecting: [ExpectedWeight(names.0, [2]), ExpectedWeight(names.1, [2], tiedTo: names.0)])
    #expect(report.items(.tied).first?.note?.contains("differ") == true)
}

@Test func problemsNameTheClosest() throws {
    let source = try checkpoint([
        ("distilbert.transformer.layer.0.attention.qlin.weight", counting([2, 2])), ("classifier.weight", counting([3, 2])),
        ("distilbert.embeddings.position_ids", counting([1, 4])), ("speaker.gain", counting([1])),
    ])
    let expected = [ExpectedWeight("distilbert.transformer.layer.0.attention.q_lin.weight", [2, 2]), ExpectedWeight("classifier.weight", [2, 2])]
    let (weights, report) = try StateDict.load(source, expecting: expected)
    #expect(weights.isEmpty)
    #expect(report.items.map(\.outcome) == [.missing, .mismatched, .ignored, .unexpected, .unexpected])
    #expect(report.items[0].closest == "distilbert.transformer.layer.0.attention.qlin.weight")
    #expect(report.items[3].closest == expected[0].name)
    #expect(report.items[4].closest == nil)
    let error = #expect(throws: ONNXError.self) { try report.requireComplete() }
    #expect(error?.code == .shape)
    #expect(error?.message.contains("\"distilbert.transformer.layer.0.attention.q_lin.weight\" [2,2] is missing; the closest is") == true)
}

@Test func strictRefusesTheUnexpected() throws {
    let (_, report) = try StateDict.load(checkpoint([("a.weight", counting([1])), ("b.weight", counting([1]))]), expecting: [ExpectedWeight("a.weight", [1])])
    try report.requireComplete()
    let error = #expect(throws: ONNXError.self) { try report.requireComplete(isStrict: true) }
    #expect(error?.message.contains("b.weight") == true)
}

/// A hostile checkpoint may be large, and its names long.
/// Hints are looked for among a bounded number of names, for a bounded number of them: a checkpoint can't make the report slow.
@Test func manyNamesGetFewHints() throws {
    let names = (0..<20_000).map { "distilbert.transformer.layer.\($0).attention.nothing.weight" } + [String(repeating: "a.", count: 30_000)]
    let tensor = try counting([1])
    let expected = (0..<100).map { ExpectedWeight("transformer.layer.\($0).attention.q_lin.weight", [1]) }
    let (_, report) = try StateDict.load(checkpoint(names.map { ($0, tensor) }), expecting: expected)
    #expect(report.items(.unexpected).count == names.count)
    #expect(report.items(.unexpected).count { $0.closest != nil } == 100)
    #expect(report.items(.missing).count { $0.closest != nil } == 100)
}
