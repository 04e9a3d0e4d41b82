import DistilBERT
import ONNX
import Testing
import Tokenizers

/// The examples of the documentation of transformers, one a class, in Swift. The models are seeded instead of fetched.
@Suite struct ExampleTests {
    private let config: DistilBertConfig = {
        var config = DistilBertConfig()
        (config.dim, config.nHeads, config.nLayers, config.hiddenDim) = (24, 4, 2, 48)
        return config
    }()
    private let tokenizer: DistilBertTokenizer

    init() throws { tokenizer = try Texts.tokenizer() }

    private func encode(_ text: String) throws -> Tensor {
        let ids = try tokenizer.encode(text).ids
        return try Tensor(ids, shape: [1, ids.count])
    }

    @Test func configuration() throws {
        // Initializing a DistilBERT configuration
        let configuration = DistilBertConfig()
        // Initializing a model from the configuration (a smaller one here)
        let model = try DistilBertModel(config)
        // Accessing the model configuration
        #expect(configuration.dim == 768 && model.config == config)
    }

    @Test func distilBertModel() throws {
        let model = try DistilBertModel(config, seed: 0)
        let inputIDs = try encode("Hello, my dog is cute")  // Batch size 1
        let outputs = try model(inputIDs)
        let lastHiddenStates = try #require(outputs[0])  // The last hidden-state is the first element of the output tuple
        #expect(lastHiddenStates.shape == [1, 8, 24])
    }

    @Test func distilBertForMaskedLM() throws {
        let model = try DistilBertForMaskedLM(config, seed: 0)
        let inputIDs = try encode("Hello, my dog is cute")
        let outputs = try model(inputIDs: inputIDs, labels: inputIDs)
        let (loss, predictionScores) = (try #require(outputs[0]), try #require(outputs[1]))
        #expect(loss.shape == [] && predictionScores.shape == [1, 8, 30_522])
        // A model that knows nothing finds every word as likely as any other.
        #expect(abs(try numbers(loss)[0] - 10.326) < 0.1)
    }

    @Test func distilBertForSequenceClassification() throws {
        let model = try DistilBertForSequenceClassification(config, seed: 0)
        let inputIDs = try encode("Hello, my dog is cute")
        let labels = try Tensor([1] as [Int64], shape: [1])  // Batch size 1
        let outputs = try model(inputIDs: inputIDs, labels: labels)
        let (loss, logits) = (try #require(outputs[0]), try #require(outputs[1]))
        #expect(loss.shape == [] && logits.shape == [1, 2])
    }

    @Test func distilBertForMultipleChoice() throws {
        let model = try DistilBertForMultipleChoice(config, seed: 0)
        let prompt = "In Italy, pizza served in formal settings, such as at a restaurant, is presented unsliced."
        let choices = ["It is eaten with a fork and a knife.", "It is eaten while held in the hand."]
        let encoding = try DistilBertSemantics.newest.encode(choices.map { DistilBertTokenizer.Input(prompt, pair: $0) }, with: tokenizer)
        let inputs = try encoding.mapValues { try $0.reshaped([1] + $0.shape) }  // Batch size 1
        let labels = try Tensor([0] as [Int64], shape: [1])  // choice 0 is correct (according to Wikipedia ;))
        let outputs = try model(inputIDs: inputs["input_ids"], attentionMask: inputs["attention_mask"], labels: labels)
        #expect(outputs.loss?.shape == [] && outputs.logits.shape == [1, 2])
    }

    @Test func distilBertForTokenClassification() throws {
        let model = try DistilBertForTokenClassification(config, seed: 0)
        let inputIDs = try encode("Hello, my dog is cute")
        let labels = try Tensor([Int64](repeating: 1, count: inputIDs.count), shape: inputIDs.shape)  // Batch size 1
        let outputs = try model(inputIDs: inputIDs, labels: labels)
        let (loss, scores) = (try #require(outputs[0]), try #require(outputs[1]))
        #expect(loss.shape == [] && scores.shape == [1, 8, 2])
    }

    @Test func distilBertForQuestionAnswering() throws {
        let model = try DistilBertForQuestionAnswering(config, seed: 0)
        let inputIDs = try encode("Hello, my dog is cute")
        let (startPositions, endPositions) = (try Tensor([1] as [Int64], shape: [1]), try Tensor([3] as [Int64], shape: [1]))
        let outputs = try model(inputIDs: inputIDs, startPositions: startPositions, endPositions: endPositions)
        let (loss, startScores, endScores) = (try #require(outputs[0]), try #require(outputs[1]), try #require(outputs[2]))
        #expect(loss.shape == [] && startScores.shape == [1, 8] && endScores.shape == [1, 8])
    }

    @Test func tensorFlowTwin() throws {
        let model = try DistilBertForSequenceClassification(config, seed: 0, semantics: .tensorflow)
        let inputs = try DistilBertSemantics.tensorflow.encode(["Hello, my dog is cute", "Hello"], with: tokenizer)
        let named = try model(inputIDs: inputs["input_ids"], attentionMask: inputs["attention_mask"]).logits
        #expect(try distance(try model([inputs["input_ids"], inputs["attention_mask"]]).logits, named) == 0)
        let dictionary = Dictionary(uniqueKeysWithValues: inputs.map { ($0.key, $0.value) })
        #expect(try distance(try model(dictionary).logits, named) == 0)
    }
}
