import Bytes
import DistilBERT
import Foundation
import ONNX
import Testing

@Suite struct ConfigTests {
    private func config(_ text: String) throws -> DistilBertConfig { try DistilBertConfig(try JSONValue(parsing: text, name: "config.json")) }

    private func written(_ config: DistilBertConfig) throws -> JSONValue { try JSONValue(parsing: String(decoding: try config.jsonBytes(), as: UTF8.self)) }

    @Test func defaultsAreTheDocumentedOnes() throws {
        let config = try config("{}")
        #expect(config == DistilBertConfig())
        #expect((config.vocabSize, config.maxPositionEmbeddings, config.nLayers, config.nHeads) == (30_522, 512, 6, 12))
        #expect((config.dim, config.hiddenDim, config.dropout, config.attentionDropout) == (768, 3_072, 0.1, 0.1))
        #expect((config.initializerRange, config.qaDropout, config.seqClassifDropout) == (0.02, 0.1, 0.2))
        #expect(config.activation == .gelu && !config.sinusoidalPosEmbds && config.padTokenID == 0 && config.tieWordEmbeddings)
        #expect(config.numLabels == 2 && config.id2label == [0: "LABEL_0", 1: "LABEL_1"] && config.label2id == ["LABEL_0": 0, "LABEL_1": 1])
        #expect(config.problemType == nil && config.prunedHeads.isEmpty && !config.outputHiddenStates && !config.outputAttentions)
    }

    @Test func everyFieldIsReadAndWritten() throws {
        let text = """
            {"architectures":["DistilBertForMaskedLM"],"activation":"gelu_new","attention_dropout":0.3,"dim":64,"dropout":0,"hidden_dim":96,\
            "id2label":{"0":"no","1":"yes","2":"maybe"},"label2id":{"no":0,"yes":1,"maybe":2},"initializer_range":0.5,"max_position_embeddings":40,\
            "n_heads":8,"n_layers":3,"output_attentions":true,"output_hidden_states":true,"pad_token_id":5,"problem_type":"regression",\
            "pruned_heads":{"1":[0,2]},"qa_dropout":0.25,"seq_classif_dropout":0.75,"sinusoidal_pos_embds":true,"tie_word_embeddings":false,\
            "vocab_size":77,"model_type":"distilbert"}
            """
        let config = try config(text)
        #expect(config.activation == .geluNew && config.attentionDropout == 0.3 && config.dim == 64 && config.dropout == 0 && config.hiddenDim == 96)
        #expect(config.numLabels == 3 && config.id2label[2] == "maybe" && config.label2id["yes"] == 1 && config.initializerRange == 0.5)
        #expect(config.maxPositionEmbeddings == 40 && config.nHeads == 8 && config.nLayers == 3 && config.outputAttentions && config.outputHiddenStates)
        #expect(config.padTokenID == 5 && config.problemType == .regression && config.prunedHeads == [1: [0, 2]] && config.qaDropout == 0.25)
        #expect(config.seqClassifDropout == 0.75 && config.sinusoidalPosEmbds && !config.tieWordEmbeddings && config.vocabSize == 77)
        #expect(config.architectures == ["DistilBertForMaskedLM"])
        let (before, after) = (try JSONValue(parsing: text), try written(config))
        #expect(before.members?.map(\.name) == after.members?.map(\.name))
        for member in before.members ?? [] where member.name != "dropout" { #expect(after[member.name] == member.value, "\(member.name)") }
    }

    @Test(arguments: [
        ("hidden_size", \DistilBertConfig.dim, 24), ("num_attention_heads", \.nHeads, 4), ("num_hidden_layers", \.nLayers, 4),
    ])
    func aliases(_ name: String, _ field: any KeyPath<DistilBertConfig, Int> & Sendable, _ value: Int) throws {
        #expect(try config("{\"\(name)\": \(value)}")[keyPath: field] == value)
    }

    @Test func aliasesMayNotContradict() throws {
        #expect(try config(#"{"dim": 24, "hidden_size": 24}"#).dim == 24)
        let error = #expect(throws: ONNXError.self) { try config(#"{"dim": 24, "hidden_size": 36}"#) }
        #expect(error?.code == .malformed && error?.message.contains("two names of one value") == true)
    }

    @Test func unknownMembersSurviveInTheirOrder() throws {
        let text = #"{"zeta":[1,2.5,null],"hidden_size":24,"finetuning_task":"sst-2","n_layers":2,"custom":{"b":1,"a":"é"},"torch_dtype":"float32"}"#
        var config = try config(text)
        config.nLayers = 3
        let after = try written(config)
        #expect(after.members?.prefix(6).map(\.name) == ["zeta", "dim", "finetuning_task", "n_layers", "custom", "torch_dtype"])
        let before = try JSONValue(parsing: text)
        #expect(after["custom"] == before["custom"] && after["zeta"] == before["zeta"])
        #expect(after["n_layers"] == .integer(3) && after["model_type"] == .string("distilbert"))
    }

    @Test func labelsFollowTheirNumber() throws {
        var config = try config(#"{"num_labels": 3}"#)
        #expect(config.id2label == [0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"])
        config.numLabels = 1
        #expect(config.label2id == ["LABEL_0": 0])
        #expect(try self.config(#"{"num_labels": 5, "id2label": {"0": "a", "1": "b"}}"#).numLabels == 2)
        #expect(try self.config(#"{"id2label": {"1": "b", "0": "a"}}"#).label2id == ["a": 0, "b": 1])
    }

    @Test func bertIsReadAsTheDistilBertThatItBecomes() throws {
        let config = try config(
            """
            {"model_type":"bert","architectures":["BertModel"],"hidden_size":384,"num_attention_heads":12,"num_hidden_layers":6,"intermediate_size":1536,
             "hidden_act":"gelu","hidden_dropout_prob":0.2,"attention_probs_dropout_prob":0.3,"layer_norm_eps":1e-12,"type_vocab_size":2,"vocab_size":30522}
            """)
        #expect((config.dim, config.nHeads, config.nLayers, config.hiddenDim) == (384, 12, 6, 1_536))
        #expect((config.dropout, config.attentionDropout) == (0.2, 0.3))
        #expect(try written(config)["type_vocab_size"] == nil && written(config)["model_type"] == .string("distilbert"))
        let error = #expect(throws: ONNXError.self) { try self.config(#"{"model_type":"bert","layer_norm_eps":1e-5}"#) }
        #expect(error?.code == .unsupported)
    }

    /// Case 91: what stands where an integer belongs, and other values that no model can have.
    @Test(arguments: [
        (#"{"n_layers": 1.5}"#, "\"n_layers\": an integer from 1"), (#"{"dim": 1e12}"#, "1000000000000"), (#"{"n_heads": -1}"#, "-1 found"),
        (#"{"vocab_size": 1000000000000}"#, "1000000000000 found"), (#"{"vocab_size": 18446744073709551615}"#, "18446744073709551615 found"),
        (#"{"hidden_dim": "3072"}"#, "\"3072\" found"), (#"{"n_layers": 0}"#, "0 found"), (#"{"n_layers": 100000}"#, "n_layers is 100000"),
        (#"{"dim": 768.0}"#, "768.0 found"), (#"{"dim": true}"#, "true found"), (#"{"dim": null}"#, "null found"), (#"{"dim": [768]}"#, "an array found"),
        (#"{"dim": 770}"#, "must divide"), (#"{"dropout": 1.5}"#, "dropout is 1.5"), (#"{"dropout": "a"}"#, "a number expected"),
        (#"{"initializer_range": -1}"#, "initializer_range"), (#"{"activation": "mish"}"#, "mish"), (#"{"activation": 3}"#, "a string expected"),
        (#"{"problem_type": "guess"}"#, "guess"), (#"{"num_labels": 1, "problem_type": "single_label_classification"}"#, "2 or more expected"),
        (#"{"pruned_heads": {"9": [1]}}"#, "layer 9"), (#"{"pruned_heads": {"0": [12]}}"#, "head 12"),
        (#"{"pruned_heads": {"x": [1]}}"#, "each layer's number"),
        (#"{"pruned_heads": {"0": [0,1,2,3,4,5,6,7,8,9,10,11]}}"#, "no head"), (#"{"id2label": {"0": "a", "2": "b"}}"#, "numbered from 0"),
        (#"{"id2label": {"a": "b"}}"#, "an integer with a name expected"), (#"{"pad_token_id": 30522}"#, "pad_token_id"),
        (#"{"pad_token_id": -1}"#, "-1 found"),
        (#"{"model_type": "gpt2"}"#, "gpt2"), ("[]", "an object"), (#"{"dim": 24, "dim": 48}"#, "twice"), ("\u{FEFF}{}", "byte-order mark"),
        (#"{"a":"# + String(repeating: "[", count: 100_000), "nested"), (#"{"num_labels": 9999999999}"#, "9999999999 found"),
    ])
    func case91(_ text: String, _ message: String) throws {
        let error = #expect(throws: ONNXError.self) { try config(text) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func theFileAndTheMemberAreNamed() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "config-\(UInt64.random(in: 0 ... .max)).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(#"{"dim": 1.5}"#.utf8).write(to: URL(filePath: path))
        let error = #expect(throws: ONNXError.self) { try DistilBertConfig(contentsOf: path) }
        #expect(error?.place == [path, "\"dim\""] && error?.code == .malformed)
        var config = DistilBertConfig()
        config.nLayers = 2
        try config.write(to: path)
        #expect(try DistilBertConfig(contentsOf: path).nLayers == 2)
        config.nHeads = 7
        #expect(throws: ONNXError.self) { try config.write(to: path) }
    }

    @Test func aQuestionAnsweringModelHasTwoLabels() throws {
        var config = DistilBertConfig()
        try config.validate(for: .questionAnswering)
        config.numLabels = 3
        try config.validate(for: .tokenClassification)
        #expect(throws: ONNXError.self) { try config.validate(for: .questionAnswering) }
    }
}
