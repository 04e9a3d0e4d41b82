import Converter
import OrderedCollections
import Tensors
import Testing

private let folder = checkpoints + "/tensorflow/"

/// The weights of the fixtures' DistilBERT: 24 words, 8 positions, width 8, feed-forward width 12.
private func expectedWeights(layers: Int, isMaskedLM: Bool) -> [ExpectedWeight] {
    let prefix = isMaskedLM ? "distilbert." : ""
    func dense(_ name: String, _ inputs: Int, _ outputs: Int) -> [ExpectedWeight] {
        [ExpectedWeight(name + ".weight", [outputs, inputs]), ExpectedWeight(name + ".bias", [outputs])]
    }
    func norm(_ name: String) -> [ExpectedWeight] { [ExpectedWeight(name + ".weight", [8]), ExpectedWeight(name + ".bias", [8])] }
    var weights = [
        ExpectedWeight(prefix + "embeddings.word_embeddings.weight", [24, 8]), ExpectedWeight(prefix + "embeddings.position_embeddings.weight", [8, 8]),
    ]
    weights += norm(prefix + "embeddings.LayerNorm")
    for layer in 0..<layers {
        let name = prefix + "transformer.layer.\(layer)."
        for part in ["q_lin", "k_lin", "v_lin", "out_lin"] { weights += dense(name + "attention." + part, 8, 8) }
        weights += norm(name + "sa_layer_norm") + dense(name + "ffn.lin1", 8, 12) + dense(name + "ffn.lin2", 12, 8) + norm(name + "output_layer_norm")
    }
    guard isMaskedLM else { return weights }
    weights += dense("vocab_transform", 8, 8) + norm("vocab_layer_norm")
    return weights + [
        ExpectedWeight("vocab_projector.weight", [24, 8], tiedTo: "distilbert.embeddings.word_embeddings.weight"), ExpectedWeight("vocab_projector.bias", [24]),
    ]
}

/// Every name that transformers' TensorFlow classes write finds its weight, from both formats the same.
@Test(
    arguments: [
        (["keras/base.h5", "bundles/base/ckpt.index"], 2, false), (["keras/fill-mask.h5", "bundles/fill-mask/ckpt.index"], 1, true),
        (["keras/sharded/tf_model.h5.index.json"], 1, false),
    ] as [([String], Int, Bool)])
func tensorFlowNamesFindTheirWeights(_ files: [String], _ layers: Int, _ isMaskedLM: Bool) throws {
    let expecting = expectedWeights(layers: layers, isMaskedLM: isMaskedLM)
    var dictionaries: [OrderedDictionary<String, Tensor>] = []
    for file in files {
        let (weights, report) = try StateDict.load(Checkpoint(contentsOf: folder + file), expecting: expecting)
        #expect(Array(weights.keys) == expecting.filter { $0.tiedTo == nil }.map(\.name))
        #expect(report.items.allSatisfy { [.loaded, .transposed, .tied, .ignored].contains($0.outcome) }, "\(report.items)")
        dictionaries.append(weights)
    }
    for (name, tensor) in dictionaries[0] {
        for other in dictionaries.dropFirst() { #expect(try other[name]?.array(of: Float.self) == tensor.array(of: Float.self), "\(name)") }
    }
}
