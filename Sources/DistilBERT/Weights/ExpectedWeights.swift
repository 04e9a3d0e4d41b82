internal import Bytes
public import Converter
internal import OrderedCollections
internal import Tensors

extension DistilBertConfig {
    /// The weights of `task`'s class in transformers, in the order of its state dict.
    ///
    /// Throws `.usage` for a configuration that isn't valid for the task.
    public func expectedWeights(for task: DistilBertTask) throws -> [ExpectedWeight] {
        try validate(for: task)
        let names = DistilBertNames(task: task)
        var weights = [
            ExpectedWeight(names.wordEmbeddings, [vocabSize, dim]), ExpectedWeight(names.positionEmbeddings, [maxPositionEmbeddings, dim]),
        ]
        weights += norm(names.embeddingsNorm)
        for index in 0..<nLayers {
            let (layer, width) = (names.layer(index), heads(index) * headSize)
            for projection in ["q_lin", "k_lin", "v_lin"] { weights += linear(layer + "attention." + projection, dim, width) }
            weights += linear(layer + "attention.out_lin", width, dim) + norm(layer + "sa_layer_norm")
            weights += linear(layer + "ffn.lin1", dim, hiddenDim) + linear(layer + "ffn.lin2", hiddenDim, dim) + norm(layer + "output_layer_norm")
        }
        return weights + head(task, names)
    }

    private func head(_ task: DistilBertTask, _ names: DistilBertNames) -> [ExpectedWeight] {
        switch task {
        case .base: []
        case .fillMask:
            linear("vocab_transform", dim, dim) + norm("vocab_layer_norm") + [
                ExpectedWeight("vocab_projector.weight", [vocabSize, dim], tiedTo: tieWordEmbeddings ? names.wordEmbeddings : nil),
                ExpectedWeight("vocab_projector.bias", [vocabSize]),
            ]
        case .textClassification: linear("pre_classifier", dim, dim) + linear("classifier", dim, numLabels)
        case .multipleChoice: linear("pre_classifier", dim, dim) + linear("classifier", dim, 1)
        case .questionAnswering: linear("qa_outputs", dim, numLabels)
        case .tokenClassification: linear("classifier", dim, numLabels)
        }
    }

    private func linear(_ name: String, _ columns: Int, _ rows: Int) -> [ExpectedWeight] {
        [ExpectedWeight(name + ".weight", [rows, columns]), ExpectedWeight(name + ".bias", [rows])]
    }

    private func norm(_ name: String) -> [ExpectedWeight] {
        [ExpectedWeight(name + ".weight", [dim]), ExpectedWeight(name + ".bias", [dim])]
    }
}

extension DistilBertGraph {
    /// The weights, if each that the task has is there in its shape and none is of another type.
    func checked(_ weights: OrderedDictionary<String, Tensor>) throws -> OrderedDictionary<String, Tensor> {
        for expected in try config.expectedWeights(for: task) where expected.tiedTo == nil {
            guard let tensor = weights[expected.name] else {
                throw ONNXError(.usage, "the weight is missing", place: [quoted(expected.name)], remedy: "load a checkpoint that has it")
            }
            guard tensor.shape == expected.shape else {
                throw ONNXError(.shape, "\(tensor) found, \(Shape.text(expected.shape)) expected", place: [quoted(expected.name)])
            }
            guard [.float, .float16, .bfloat16, .double].contains(tensor.elementType) else {
                throw ONNXError(.usage, "\(tensor) found, a floating-point type of 16 bits or more expected", place: [quoted(expected.name)])
            }
        }
        return weights
    }
}
