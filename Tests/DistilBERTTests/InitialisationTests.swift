import Converter
import DistilBERT
import ONNX
import Testing

@Suite struct InitialisationTests {
    private let config: DistilBertConfig = {
        var config = DistilBertConfig()
        (config.vocabSize, config.dim, config.nHeads, config.nLayers, config.hiddenDim, config.maxPositionEmbeddings) = (300, 48, 4, 2, 64, 32)
        config.initializerRange = 0.3
        return config
    }()

    @Test(arguments: DistilBertTask.allCases) func weightsAreThoseOfTheTaskInItsOrder(_ task: DistilBertTask) throws {
        let weights = try FreshModels.network(config, task, seed: 1).weights
        let expected = try config.expectedWeights(for: task).filter { $0.tiedTo == nil }
        #expect(weights.keys.elements == expected.map(\.name))
        #expect(weights.values.map(\.shape) == expected.map(\.shape))
    }

    /// A truncated normal of deviation s, cut off at 2 s, has a deviation of 0.88 s.
    @Test func matricesAreDrawnFromATruncatedNormal() throws {
        for (name, tensor) in try DistilBertForSequenceClassification(config, seed: 7).network.weights {
            let values = try numbers(tensor)
            if tensor.rank == 1 {
                let isNorm = name.contains("LayerNorm.weight") || name.contains("layer_norm.weight")
                #expect(values.allSatisfy { $0 == (isNorm ? 1 : 0) }, "\(name)")
                continue
            }
            #expect(values.allSatisfy { abs($0) <= 0.6 }, "\(name)")
            guard values.count > 1_000, !name.contains("word") else { continue }
            let mean = values.reduce(0, +) / Double(values.count)
            let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
            #expect(abs(mean) < 0.03 && abs(deviation - 0.88 * 0.3) < 0.02, "\(name) \(mean) \(deviation)")
        }
    }

    @Test func equalSeedsGiveEqualWeights() throws {
        let all = try [1, 1, 2].map { try DistilBertModel(config, seed: $0).network.weights }
        for (name, tensor) in all[0] {
            #expect(try distance(tensor, try #require(all[1][name])) == 0)
            if tensor.rank == 2 { #expect(try distance(tensor, try #require(all[2][name])) > 0.1) }
        }
        let drawn = try (0..<2).map { _ in try #require(try DistilBertModel(config).network.weights["embeddings.word_embeddings.weight"]) }
        #expect(try distance(drawn[0], drawn[1]) > 0.1)
    }

    @Test func theConfigurationIsChecked() throws {
        var config = config
        config.nHeads = 5
        #expect(throws: ONNXError.self) { try DistilBertModel(config, seed: 1) }
        config.nHeads = 4
        config.numLabels = 3
        #expect(throws: ONNXError.self) { try DistilBertForQuestionAnswering(config, seed: 1) }
    }
}

/// Fresh networks of any task.
enum FreshModels {
    static func network(_ config: DistilBertConfig, _ task: DistilBertTask, seed: UInt64) throws -> DistilBertNetwork {
        switch task {
        case .base: try DistilBertModel(config, seed: seed).network
        case .fillMask: try DistilBertForMaskedLM(config, seed: seed).network
        case .textClassification: try DistilBertForSequenceClassification(config, seed: seed).network
        case .questionAnswering: try DistilBertForQuestionAnswering(config, seed: seed).network
        case .tokenClassification: try DistilBertForTokenClassification(config, seed: seed).network
        case .multipleChoice: try DistilBertForMultipleChoice(config, seed: seed).network
        }
    }
}
