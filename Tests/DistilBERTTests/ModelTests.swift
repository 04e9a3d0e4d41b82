import Bytes
import Converter
import DistilBERT
import Foundation
import ONNX
import Testing

@Suite struct ModelTests {
    private func path(_ task: DistilBertTask) -> String { Family.folder.appending(path: task.rawValue).path }

    private func value(_ family: Family, _ name: String) throws -> Tensor { try #require(family.values[name], "\(name)") }

    private func temporaryFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "family-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    @Test func aModelOfAFolderAnswersEverythingInTheDocumentedOrder() throws {
        let family = try Family(.textClassification)
        let model = try DistilBertForSequenceClassification(from: path(.textClassification))
        let output = try model(
            inputIDs: try value(family, "input_ids"), attentionMask: try value(family, "attention_mask"), labels: try value(family, "labels"),
            outputHiddenStates: true, outputAttentions: true)
        #expect(output.positional.count == 4 && output.loss?.shape == [])
        #expect(try distance(try #require(output[0]), try value(family, "loss.classes")) < 1e-5)
        #expect(try distance(try #require(output[1]), try value(family, "eager.logits")) < 2e-5)
        #expect(output[2] == nil && output[4] == nil && output[-1] == nil)
        let (hidden, attentions) = (try #require(output.hiddenStates), try #require(output.attentions))
        #expect(hidden.count == 3 && attentions.count == 2)
        for (index, tensor) in hidden.enumerated() { #expect(try distance(tensor, try value(family, "eager.hidden_states.\(index)")) < 2e-5) }
        for (index, tensor) in attentions.enumerated() { #expect(try distance(tensor, try value(family, "eager.attentions.\(index)")) < 2e-5) }
        let plain = try model(inputIDs: try value(family, "input_ids"))
        #expect(plain.positional.count == 1 && plain.loss == nil && plain.hiddenStates == nil && plain.attentions == nil)
    }

    @Test func theConfigurationSwitchesTheOutputs() throws {
        var config = try Family(.base).config
        (config.outputHiddenStates, config.outputAttentions) = (true, true)
        let model = try DistilBertModel(config, seed: 1)
        let ids = try Tensor([1, 2, 3] as [Int64], shape: [1, 3])
        #expect(try model(ids).hiddenStates?.count == 3)
        #expect(try model(ids).attentions?.count == 2)
        #expect(try model(inputIDs: ids, outputHiddenStates: false, outputAttentions: false).positional.count == 1)
    }

    @Test func losses() throws {
        let words = try Family(.fillMask)
        let (ids, mask) = (try value(words, "input_ids"), try value(words, "attention_mask"))
        let lm = try DistilBertForMaskedLM(from: path(.fillMask))(inputIDs: ids, attentionMask: mask, labels: try value(words, "labels"))
        #expect(try distance(try #require(lm.loss), try value(words, "loss.classes")) < 1e-5)

        let tags = try Family(.tokenClassification)
        let tag = try DistilBertForTokenClassification(from: path(.tokenClassification))(
            inputIDs: try value(tags, "input_ids"), attentionMask: try value(tags, "attention_mask"), labels: try value(tags, "labels"))
        #expect(try distance(try #require(tag.loss), try value(tags, "loss.classes")) < 1e-5)

        let spans = try Family(.questionAnswering)
        let answer = try DistilBertForQuestionAnswering(from: path(.questionAnswering))(
            inputIDs: try value(spans, "input_ids"), attentionMask: try value(spans, "attention_mask"),
            startPositions: try value(spans, "start_positions").reshaped([3, 1]), endPositions: try value(spans, "end_positions"))
        #expect(try distance(try #require(answer.loss), try value(spans, "loss.classes")) < 1e-5)
        #expect(answer.positional.count == 3)

        let choices = try Family(.multipleChoice)
        let choice = try DistilBertForMultipleChoice(from: path(.multipleChoice))(
            inputIDs: try value(choices, "input_ids"), attentionMask: try value(choices, "attention_mask"), labels: try value(choices, "labels"))
        #expect(try distance(try #require(choice.loss), try value(choices, "loss.classes")) < 1e-5)
    }

    @Test(arguments: [("values", ProblemType.regression), ("several", .multiLabelClassification)])
    func problemTypes(_ labels: String, _ type: ProblemType) throws {
        let family = try Family(.textClassification)
        var config = family.config
        config.problemType = type
        let network = try DistilBertNetwork(config, task: .textClassification, weights: family.weights)
        let output = try DistilBertForSequenceClassification(network: network)(
            inputIDs: try value(family, "input_ids"), attentionMask: try value(family, "attention_mask"), labels: try value(family, labels))
        #expect(try distance(try #require(output.loss), try value(family, "loss.\(labels)")) < 1e-5)
    }

    @Test func oneLabelIsRegression() throws {
        var config = try Family(.base).config
        config.numLabels = 1
        let model = try DistilBertForSequenceClassification(config, seed: 4)
        let ids = try Tensor([1, 2, 3, 4] as [Int64], shape: [2, 2])
        let output = try model(inputIDs: ids, labels: try Tensor([0.5, -1] as [Float], shape: [2]))
        let logits = try numbers(output.logits)
        #expect(abs(try numbers(try #require(output.loss))[0] - (pow(logits[0] - 0.5, 2) + pow(logits[1] + 1, 2)) / 2) < 1e-6)
        #expect(try model(inputIDs: ids, labels: try Tensor([2, 3] as [Int64], shape: [2])).loss?.shape == [])
    }

    /// 0 / 0, as PyTorch has it.
    @Test func aLossOfNothingIsNotANumber() throws {
        let model = try DistilBertForTokenClassification(try Family(.base).config, seed: 4)
        let output = try model(
            inputIDs: try Tensor([1, 2] as [Int64], shape: [1, 2]), labels: try Tensor([-100, -100] as [Int64], shape: [1, 2]))
        #expect(try numbers(try #require(output.loss))[0].isNaN)
    }

    /// The forms in which the TensorFlow twins take inputs.
    @Test func formsOfInput() throws {
        let family = try Family(.base)
        let model = try DistilBertModel(from: path(.base), semantics: .tensorflow)
        let (ids, mask) = (try value(family, "input_ids"), try value(family, "attention_mask"))
        let named = try model(inputIDs: ids, attentionMask: mask).lastHiddenState
        #expect(try distance(try model([ids, mask]).lastHiddenState, named) == 0)
        #expect(try distance(try model(["attention_mask": mask, "input_ids": ids]).lastHiddenState, named) == 0)
        #expect(try distance(try model(DistilBertInputs(inputIDs: ids, attentionMask: mask)).lastHiddenState, named) == 0)
        #expect(try distance(try model(ids).lastHiddenState, try model([ids, nil]).lastHiddenState) == 0)
        let many = #expect(throws: ONNXError.self) { try model([ids, mask, nil, nil, nil]) }
        #expect(many?.code == .usage && many?.message.contains("1 to 4 expected") == true)
        let unknown = #expect(throws: ONNXError.self) { try model(["ids": ids]) }
        #expect(unknown?.message.contains("'ids'") == true)
    }

    @Test func trainingDropsSeeded() throws {
        let family = try Family(.base)
        let model = try DistilBertModel(from: path(.base))
        let ids = try value(family, "input_ids")
        func run(_ seed: UInt64?) throws -> Tensor { try model(inputIDs: ids, training: true, seed: seed).lastHiddenState }
        #expect(try distance(try run(1), try run(1)) == 0)
        #expect(try distance(try run(1), try run(2)) > 1e-3)
        #expect(try distance(try run(nil), try run(nil)) > 1e-3)
        #expect(try distance(try model(inputIDs: ids).lastHiddenState, try run(1)) > 1e-3)
        var config = model.config
        (config.dropout, config.attentionDropout) = (0, 0)
        let none = try DistilBertModel(network: try DistilBertNetwork(config, task: .base, weights: family.weights))
        #expect(try distance(try none(inputIDs: ids, training: true).lastHiddenState, try model(inputIDs: ids).lastHiddenState) == 0)
    }

    @Test func headMasksOfBothRanks() throws {
        let family = try Family(.base)
        let model = try DistilBertModel(from: path(.base))
        let ids = try value(family, "input_ids")
        let ones = try model(inputIDs: ids, headMask: try Tensor([1, 1, 1, 1] as [Float], shape: [4])).lastHiddenState
        #expect(try distance(ones, try model(inputIDs: ids).lastHiddenState) < 2e-5)
        // A head that is masked in both layers is one that was pruned, but for the attentions.
        let mask = try Tensor([1, 0, 1, 1, 1, 0, 1, 1] as [Float], shape: [2, 4])
        let masked = try model(inputIDs: ids, headMask: mask, outputAttentions: true)
        let flat = try model(inputIDs: ids, headMask: try Tensor([1, 0, 1, 1] as [Int64], shape: [4])).lastHiddenState
        #expect(try distance(flat, masked.lastHiddenState) < 1e-6)
        #expect(try distance(try pruned(family, head: 1)(inputIDs: ids).lastHiddenState, masked.lastHiddenState) < 1e-5)
        let attention = try numbers(try #require(masked.attentions?.first))
        #expect(attention[49..<98].allSatisfy { $0 == 0 } && attention[0..<49].reduce(0, +) > 6.99)
    }

    /// The base model without `head` in any layer: without its rows of q, k and v, and its columns of out.
    private func pruned(_ family: Family, head: Int) throws -> DistilBertModel {
        var config = family.config
        config.prunedHeads = [0: [head], 1: [head]]
        let dropped = head * config.headSize..<(head + 1) * config.headSize
        let weights = try OrderedDictionary(
            uniqueKeysWithValues: config.expectedWeights(for: .base).map { expected in
                let tensor = try #require(family.weights[expected.name])
                guard tensor.shape != expected.shape else { return (expected.name, tensor) }
                let columns = tensor.rank == 2 ? tensor.shape[1] : 1
                let isOut = expected.name.hasSuffix("out_lin.weight")
                let values = try tensor.array(of: Float.self).enumerated().filter { !dropped.contains(isOut ? $0.offset % columns : $0.offset / columns) }
                return (expected.name, try Tensor(values.map(\.element), shape: expected.shape))
            })
        return try DistilBertModel(network: try DistilBertNetwork(config, task: .base, weights: weights))
    }

    @Test func inputsThatDoNotFitAreNamed() throws {
        let model = try DistilBertForTokenClassification(try Family(.base).config, seed: 4)
        let ids = try Tensor([1, 2, 3, 4] as [Int64], shape: [2, 2])
        let embeds = try Tensor([Float](repeating: 0, count: 128), shape: [2, 2, 32])
        func message(_ inputs: DistilBertInputs, labels: Tensor? = nil) -> String {
            (#expect(throws: ONNXError.self) { try model(inputs, labels: labels) })?.description ?? ""
        }
        #expect(message(DistilBertInputs()).contains("neither"))
        #expect(message(DistilBertInputs(inputIDs: ids, inputsEmbeds: embeds)).contains("both"))
        #expect(message(DistilBertInputs(inputIDs: try Tensor([96] as [Int64], shape: [1, 1]))).contains("rows 0 to 95"))
        #expect(message(DistilBertInputs(inputIDs: try Tensor([-1] as [Int64], shape: [1, 1]))).contains("holds -1"))
        #expect(message(DistilBertInputs(inputIDs: try Tensor([1] as [Float], shape: [1, 1]))).contains("integers expected"))
        #expect(message(DistilBertInputs(inputIDs: try Tensor([1] as [Int64], shape: [1]))).contains("[batch, sequence]"))
        #expect(message(DistilBertInputs(inputIDs: try Tensor([Int64](repeating: 1, count: 25), shape: [1, 25]))).contains("positions for"))
        #expect(message(DistilBertInputs(inputIDs: ids, attentionMask: try Tensor([1] as [Int64], shape: [1, 1]))).contains("attention_mask"))
        #expect(message(DistilBertInputs(inputIDs: ids, headMask: try Tensor([1] as [Float], shape: [1]))).contains("head_mask"))
        #expect(message(DistilBertInputs(inputIDs: ids, positionIDs: try Tensor([0, 24] as [Int64], shape: [1, 2]))).contains("rows 0 to 23"))
        #expect(message(DistilBertInputs(inputsEmbeds: try Tensor([1] as [Float], shape: [1, 1, 1]))).contains("32]"))
        #expect(message(DistilBertInputs(inputIDs: ids), labels: try Tensor([1] as [Int64], shape: [1])).contains("labels"))
        #expect(message(DistilBertInputs(inputIDs: ids), labels: try Tensor([1, 1, 1, 1] as [Float], shape: [2, 2])).contains("integers expected"))
        #expect(message(DistilBertInputs(inputIDs: ids), labels: try Tensor([1, 1, 1, 9] as [Int64], shape: [2, 2])).contains("9"))
        let network = try DistilBertModel(try Family(.base).config, seed: 4).network
        #expect(throws: ONNXError.self) { try DistilBertForQuestionAnswering(network: network) }
    }

    @Test func saveAndLoad() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let family = try Family(.fillMask)
        let model = try DistilBertForMaskedLM(from: path(.fillMask))
        try model.save(to: folder.path)
        let again = try DistilBertForMaskedLM(from: folder.path)
        #expect(again.config.architectures == ["DistilBertForMaskedLM"] && again.config.activation == .geluNew)
        #expect(try again.network.report?.requireComplete(isStrict: true) != nil)
        let ids = try value(family, "input_ids")
        #expect(try distance(try again(ids).logits, try model(ids).logits) == 0)
        // The base model of the same folder, and a head on it, whose weights are drawn from the seed.
        let base = try DistilBertModel(from: folder.path)
        #expect(base.network.weights.count == family.config.nLayers * 16 + 4)
        let heads = try (0..<2).map { try DistilBertForQuestionAnswering(from: folder.path, seed: UInt64($0 / 2)) }
        #expect(heads[0].network.report?.items(.missing).compactMap(\.name) == ["qa_outputs.weight", "qa_outputs.bias"])
        #expect(try distance(try heads[0](ids).startLogits, try heads[1](ids).startLogits) == 0)
        let error = #expect(throws: ONNXError.self) { try DistilBertModel(from: folder.path + "/nowhere") }
        #expect(error?.code == .io)
    }

    @Test func aNativeFileBringsItsConfiguration() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let family = try Family(.tokenClassification)
        let file = folder.appending(path: "tags.safetensors").path
        try NativeFile.write(try family.model(), files: [(name: "config.json", bytes: try family.config.jsonBytes())], to: file)
        let model = try DistilBertForTokenClassification(from: file)
        #expect(model.config.numLabels == 5 && model.network.report?.items(.unexpected).isEmpty == true)
        let logits = try model(inputIDs: try value(family, "input_ids"), attentionMask: try value(family, "attention_mask")).logits
        #expect(try distance(logits, try value(family, "sdpa.logits")) < 2e-5)
    }

    @Test func aMissingOrMisshapenWeightIsNamed() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let family = try Family(.base)
        func save(_ change: (inout OrderedDictionary<String, Tensor>) throws -> Void) throws -> String {
            var weights = family.weights
            try change(&weights)
            let file = try AtomicFile(path: folder.path + "/model.safetensors")
            try SafetensorsFile.write(weights.map { (name: $0.key, tensor: $0.value) }, to: file)
            try file.commit()
            try family.config.write(to: folder.path + "/config.json")
            return (#expect(throws: ONNXError.self) { try DistilBertModel(from: folder.path) })?.description ?? ""
        }
        let missing = try save {
            $0["transformer.layer.1.attention.q_lim.bias"] = $0["transformer.layer.1.attention.q_lin.bias"]
            $0["transformer.layer.1.attention.q_lin.bias"] = nil
        }
        #expect(missing.contains("transformer.layer.1.attention.q_lin.bias") && missing.contains("q_lim"))
        let misshapen = try save { $0["embeddings.LayerNorm.bias"] = try Tensor([0, 0] as [Float], shape: [2]) }
        #expect(misshapen.contains("embeddings.LayerNorm.bias") && misshapen.contains("[2], [32] expected"))
    }
}
