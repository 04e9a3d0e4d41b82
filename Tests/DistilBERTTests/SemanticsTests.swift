import DistilBERT
import Foundation
import ONNX
import Testing
import Tokenizers

/// A test a row of the documentation's table, every column in it.
@Suite struct SemanticsTests {
    private static let all: [DistilBertSemantics] = [.newest, .v2, .tensorflow]
    private let family: Family

    init() throws { family = try Family(.base) }

    private func value(_ name: String, of other: Family? = nil) throws -> Tensor { try #require((other ?? family).values[name], "\(name)") }

    private func model(_ semantics: DistilBertSemantics) throws -> DistilBertModel {
        try DistilBertModel(network: try DistilBertNetwork(family.config, task: .base, weights: family.weights, semantics: semantics))
    }

    private func network(_ other: Family, _ semantics: DistilBertSemantics, _ config: DistilBertConfig? = nil) throws -> DistilBertNetwork {
        try DistilBertNetwork(config ?? other.config, task: other.task, weights: other.weights, semantics: semantics)
    }

    /// The elements of the rows of `tensor`.
    private func rows(_ tensor: Tensor) throws -> [[Double]] {
        let all = try numbers(tensor)
        let count = all.count / tensor.shape[0]
        return (0..<tensor.shape[0]).map { Array(all[$0 * count..<($0 + 1) * count]) }
    }

    @Test func maskFill() throws {
        let ids = try value("input_ids")
        let half = try Tensor([Float](repeating: 1, count: 18) + [0.5, 0.5, 0.5], shape: [3, 7])
        let zero = try Tensor([Int64](repeating: 1, count: 18) + [0, 0, 0], shape: [3, 7])
        for semantics in [DistilBertSemantics.newest, .v2] {
            let model = try model(semantics)
            #expect(try distance(try model(inputIDs: ids, attentionMask: half).lastHiddenState, try model(inputIDs: ids).lastHiddenState) < 1e-6)
        }
        let twin = try model(.tensorflow)
        let masked = try twin(inputIDs: ids, attentionMask: zero).lastHiddenState
        #expect(try distance(try twin(inputIDs: ids, attentionMask: half).lastHiddenState, masked) < 1e-6)
        #expect(try distance(try twin(inputIDs: ids).lastHiddenState, masked) > 1e-3)
        for semantics in Self.all {
            #expect(
                try distance(
                    try model(semantics)(inputIDs: ids, attentionMask: try value("attention_mask")).lastHiddenState, try value("sdpa.last_hidden_state")) < 2e-5
            )
        }
    }

    @Test func fullyMaskedRow() throws {
        let (ids, mask) = (try value("input_ids"), try value("masked"))
        let newest = try model(.newest)
        #expect(try distance(try newest(inputIDs: ids, attentionMask: mask).lastHiddenState, try value("masked.last_hidden_state")) < 2e-5)
        let eager = try newest(inputIDs: ids, attentionMask: mask, outputAttentions: true)
        #expect(try distance(try #require(eager.attentions?.first), try value("eager-masked.attentions.0")) < 2e-5)
        let second = try rows(try model(.v2)(inputIDs: ids, attentionMask: mask).lastHiddenState)
        #expect(second[1].allSatisfy(\.isNaN) && (second[0] + second[2]).allSatisfy(\.isFinite))
        let twin = try model(.tensorflow)(inputIDs: ids, attentionMask: mask, outputAttentions: true)
        #expect(try rows(try #require(twin.attentions?.first))[1].allSatisfy { abs($0 - 1.0 / 7) < 1e-6 })
        #expect(try distance(twin.lastHiddenState, try value("eager-masked.last_hidden_state")) < 2e-5)
    }

    @Test func inputsEmbeds() throws {
        let (embeds, mask) = (try value("inputs_embeds"), try value("attention_mask"))
        for semantics in [DistilBertSemantics.newest, .tensorflow] {
            let output = try model(semantics)(attentionMask: mask, inputsEmbeds: embeds)
            #expect(try distance(output.lastHiddenState, try value("embeds.last_hidden_state")) < 2e-5)
        }
        let straight = try model(.v2)(attentionMask: mask, inputsEmbeds: embeds, outputHiddenStates: true)
        #expect(try distance(try #require(straight.hiddenStates?.first), embeds) == 0)
        // What is the first hidden state of ids goes in where embeddings go straight to the first block.
        let ids = try model(.v2)(inputIDs: try value("input_ids"), attentionMask: mask, outputHiddenStates: true)
        let again = try model(.v2)(attentionMask: mask, inputsEmbeds: try #require(ids.hiddenStates?.first))
        #expect(try distance(again.lastHiddenState, ids.lastHiddenState) < 1e-6)
    }

    @Test func headMask() throws {
        let ids = try value("input_ids")
        let mask = try Tensor([1, 0.5, 0, 1] as [Float], shape: [4])
        for semantics in [DistilBertSemantics.newest, .v2] {
            let plain = try model(semantics)(inputIDs: ids, outputAttentions: true).attentions?.first
            let masked = try model(semantics)(inputIDs: ids, headMask: mask, outputAttentions: true).attentions?.first
            let (before, after) = (try numbers(try #require(plain)), try numbers(try #require(masked)))
            for (index, factor) in [1, 0.5, 0, 1].enumerated() {
                for place in index * 49..<(index + 1) * 49 { #expect(abs(before[place] * factor - after[place]) < 1e-6) }
            }
        }
        let error = #expect(throws: ONNXError.self) { try model(.tensorflow)(inputIDs: ids, headMask: mask) }
        #expect(error?.message.contains("head_mask is not taken") == true)
    }

    @Test func positionIDs() throws {
        let (ids, mask, positions) = (try value("input_ids"), try value("attention_mask"), try value("position_ids"))
        let newest = try model(.newest)
        #expect(
            try distance(try newest(inputIDs: ids, attentionMask: mask, positionIDs: positions).lastHiddenState, try value("positions.last_hidden_state"))
                < 2e-5)
        let one = try Tensor([0, 1, 2, 3, 4, 5, 6] as [Int32], shape: [1, 7])
        #expect(try distance(try newest(inputIDs: ids, positionIDs: one).lastHiddenState, try newest(ids).lastHiddenState) == 0)
        for semantics in [DistilBertSemantics.v2, .tensorflow] {
            #expect(throws: ONNXError.self) { try model(semantics)(inputIDs: ids, positionIDs: positions) }
        }
    }

    @Test func maskedLMActivation() throws {
        let words = try Family(.fillMask)
        for (semantics, isConfigured) in [(DistilBertSemantics.newest, true), (.v2, false), (.tensorflow, true)] {
            let forms = try network(words, semantics).model().graph.nodes.filter { $0.opType == "Gelu" }.map { $0.attributes["approximate"] != nil }
            #expect(forms == [true, true, isConfigured])
        }
        let (ids, mask) = (try value("input_ids", of: words), try value("attention_mask", of: words))
        let twin = try DistilBertForMaskedLM(network: try network(words, .tensorflow))
        #expect(try distance(try twin(inputIDs: ids, attentionMask: mask).logits, try value("sdpa.logits", of: words)) < 2e-5)
    }

    @Test func lossOfTokens() throws {
        let tags = try Family(.tokenClassification)
        let (ids, mask, labels) = (try value("input_ids", of: tags), try value("attention_mask", of: tags), try value("labels", of: tags))
        func loss(_ semantics: DistilBertSemantics, _ labels: Tensor) throws -> Tensor {
            let model = try DistilBertForTokenClassification(network: try network(tags, semantics))
            return try #require(try model(inputIDs: ids, attentionMask: mask, labels: labels).loss)
        }
        let expected = try value("loss.classes", of: tags)
        #expect(try distance(try loss(.newest, labels), expected) < 1e-5)
        #expect(try distance(try loss(.tensorflow, labels), try expected.reshaped([1])) < 1e-5)
        let attended = zip(try labels.array(of: Int64.self), try mask.array(of: Int64.self)).map { $1 == 1 ? $0 : -100 }
        let second = try loss(.v2, labels)
        #expect(try distance(second, try loss(.newest, try Tensor(attended, shape: labels.shape))) < 1e-6)
        #expect(try distance(second, expected) > 1e-4)
        // Any negative label counts for nothing in the twins' token classification.
        let negative = try Tensor(try labels.array(of: Int64.self).map { $0 == -100 ? -1 : $0 }, shape: labels.shape)
        #expect(try distance(try loss(.tensorflow, negative), try expected.reshaped([1])) < 1e-5)
        #expect(throws: ONNXError.self) { try loss(.newest, negative) }
    }

    @Test func lossOfWords() throws {
        let words = try Family(.fillMask)
        let (ids, mask, labels) = (try value("input_ids", of: words), try value("attention_mask", of: words), try value("labels", of: words))
        for semantics in [DistilBertSemantics.newest, .tensorflow] {
            let loss = try #require(try DistilBertForMaskedLM(network: try network(words, semantics))(inputIDs: ids, attentionMask: mask, labels: labels).loss)
            #expect(loss.shape == (semantics == .newest ? [] : [1]))
            #expect(try distance(try loss.reshaped([]), try value("loss.classes", of: words)) < 1e-5)
        }
        // Its head is another, but the loss is the mean of that head's own.
        let second = try DistilBertForMaskedLM(network: try network(words, .v2))(inputIDs: ids, attentionMask: mask, labels: labels)
        #expect(try abs(numbers(try #require(second.loss))[0] - crossEntropy(second.logits, labels).mean) < 1e-5)
    }

    @Test func lossOfTexts() throws {
        let texts = try Family(.textClassification)
        let (ids, mask, labels) = (try value("input_ids", of: texts), try value("attention_mask", of: texts), try value("labels", of: texts))
        for semantics in Self.all {
            let output = try DistilBertForSequenceClassification(network: try network(texts, semantics))(inputIDs: ids, attentionMask: mask, labels: labels)
            let loss = try #require(output.loss)
            #expect(loss.shape == (semantics == .tensorflow ? [3] : []))
            let each = try numbers(loss)
            #expect(abs(each.reduce(0, +) / Double(each.count) - (try numbers(try value("loss.classes", of: texts)))[0]) < 1e-5)
        }
        var config = family.config
        config.numLabels = 1
        for semantics in Self.all {
            let model = try DistilBertForSequenceClassification(config, seed: 2, semantics: semantics)
            let output = try model(inputIDs: ids, labels: try Tensor([0.5, -1, 2] as [Float], shape: [3]))
            let squares = zip(try numbers(output.logits), [0.5, -1, 2]).map { pow($0 - $1, 2) }
            let expected = semantics == .tensorflow ? squares : [squares.reduce(0, +) / 3]
            #expect(zip(try numbers(try #require(output.loss)), expected).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test func lossOfSpansAndChoices() throws {
        let spans = try Family(.questionAnswering)
        let (ids, mask) = (try value("input_ids", of: spans), try value("attention_mask", of: spans))
        func loss(_ semantics: DistilBertSemantics, _ start: [Int64], _ end: [Int64]) throws -> Tensor {
            let model = try DistilBertForQuestionAnswering(network: try network(spans, semantics))
            let output = try model(
                inputIDs: ids, attentionMask: mask, startPositions: try Tensor(start, shape: [3]), endPositions: try Tensor(end, shape: [3]))
            return try #require(output.loss)
        }
        for semantics in [DistilBertSemantics.newest, .v2] {
            #expect(try distance(try loss(semantics, [1, 0, 9], [4, 3, -1]), try value("loss.classes", of: spans)) < 1e-5)
        }
        let each = try loss(.tensorflow, [1, 0, 6], [4, 3, 0])
        #expect(each.shape == [3])
        #expect(abs(try numbers(each).reduce(0, +) / 3 - (try numbers(try loss(.newest, [1, 0, 6], [4, 3, 0])))[0]) < 1e-5)
        #expect(throws: ONNXError.self) { try loss(.tensorflow, [1, 0, 9], [4, 3, 0]) }

        let choices = try Family(.multipleChoice)
        for semantics in Self.all {
            let output = try DistilBertForMultipleChoice(network: try network(choices, semantics))(
                inputIDs: try value("input_ids", of: choices), attentionMask: try value("attention_mask", of: choices),
                labels: try value("labels", of: choices))
            let each = try numbers(try #require(output.loss))
            #expect(each.count == (semantics == .tensorflow ? 3 : 1))
            #expect(abs(each.reduce(0, +) / Double(each.count) - (try numbers(try value("loss.classes", of: choices)))[0]) < 1e-5)
        }
    }

    @Test func multiLabel() throws {
        let texts = try Family(.textClassification)
        let (ids, mask, labels) = (try value("input_ids", of: texts), try value("attention_mask", of: texts), try value("several", of: texts))
        let newest = try DistilBertForSequenceClassification(network: try network(texts, .newest))
        #expect(try distance(try #require(try newest(inputIDs: ids, attentionMask: mask, labels: labels).loss), try value("loss.several", of: texts)) < 1e-5)
        var config = texts.config
        config.problemType = .multiLabelClassification
        for semantics in [DistilBertSemantics.v2, .tensorflow] {
            let model = try DistilBertForSequenceClassification(network: try network(texts, semantics, config))
            #expect(throws: ONNXError.self) { try model(inputIDs: ids, attentionMask: mask, labels: labels) }
            let each = try numbers(try #require(try model(inputIDs: ids, attentionMask: mask, labels: try value("labels", of: texts)).loss))
            #expect(abs(each.reduce(0, +) / Double(each.count) - (try numbers(try value("loss.classes", of: texts)))[0]) < 1e-5)
        }
    }

    @Test func stripAccents() throws {
        var cased = DistilBertTokenizer.Options()
        cased.doLowerCase = false
        for (semantics, isStripped) in [(DistilBertSemantics.newest, false), (.v2, true), (.tensorflow, false)] {
            let tokenizer = try Texts.tokenizer(semantics.tokenizerOptions(cased))
            #expect(try tokenizer.encode("résumé").ids == tokenizer.encode(isStripped ? "resume" : "résumé").ids)
            #expect((try tokenizer.encode("résumé").ids == tokenizer.encode("resume").ids) == isStripped)
            let lower = try Texts.tokenizer(semantics.tokenizerOptions())
            #expect(try lower.encode("Résumé").ids == lower.encode("resume").ids)
        }
        cased.stripAccents = false
        #expect(DistilBertSemantics.v2.tokenizerOptions(cased).stripAccents == false)
    }

    @Test func truncation() throws {
        let tokenizer = try Texts.tokenizer()
        for (semantics, cuts) in [(DistilBertSemantics.newest, false), (.v2, true), (.tensorflow, false)] {
            #expect(try semantics.encode(["hello my dog is cute"], with: tokenizer, maxLength: 5)["input_ids"]?.shape == [1, cuts ? 5 : 7])
            #expect(try semantics.encode(["hello my dog is cute"], with: tokenizer, maxLength: 5, truncates: true)["input_ids"]?.shape == [1, 5])
            #expect(try semantics.encode(["hello my dog is cute"], with: tokenizer)["input_ids"]?.shape == [1, 7])
        }
    }

    @Test func tokenTypeIDs() throws {
        let tokenizer = try Texts.tokenizer()
        for (semantics, isReturned) in [(DistilBertSemantics.newest, false), (.v2, true), (.tensorflow, false)] {
            let inputs = try semantics.encode([DistilBertTokenizer.Input("my dog", pair: "is cute"), "hello"], with: tokenizer)
            #expect(inputs.keys.elements == ["input_ids", "attention_mask"] + (isReturned ? ["token_type_ids"] : []))
            #expect(try inputs["attention_mask"]?.array(of: Int64.self) == [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0])
            if isReturned { #expect(try inputs["token_type_ids"]?.array(of: Int64.self).prefix(7) == [0, 0, 0, 0, 1, 1, 1]) }
        }
    }

    @Test func initialisation() throws {
        var config = family.config
        config.padTokenID = 3
        for (semantics, isZero) in [(DistilBertSemantics.newest, true), (.v2, false), (.tensorflow, false)] {
            let model = try DistilBertModel(config, seed: 9, semantics: semantics)
            let words = try rows(try #require(model.network.weights["embeddings.word_embeddings.weight"]))
            #expect(words[3].allSatisfy { $0 == 0 } == isZero && !words[0].contains(0))
        }
        config.sinusoidalPosEmbds = true
        #expect(throws: ONNXError.self) { try DistilBertModel(config, seed: 9, semantics: .tensorflow) }
        for semantics in [DistilBertSemantics.newest, .v2] {
            let positions = try #require(try DistilBertModel(config, seed: 9, semantics: semantics).network.weights["embeddings.position_embeddings.weight"])
            let values = try rows(positions)
            for (row, column) in [(0, 0), (0, 1), (5, 6), (23, 31), (11, 1)] {
                let angle = Double(row) / pow(10_000, Double(2 * (column / 2)) / 32)
                #expect(values[row][column] == Double(Float(column % 2 == 0 ? sin(angle) : cos(angle))))
            }
        }
    }

    /// Cross-entropies of logits `[…, classes]`, but for labels of -100, and their mean.
    private func crossEntropy(_ logits: Tensor, _ labels: Tensor) throws -> (each: [Double], mean: Double) {
        let (scores, classes) = (try numbers(logits), logits.shape[logits.rank - 1])
        let each = try labels.array(of: Int64.self).enumerated().compactMap { place, label -> Double? in
            guard label != -100 else { return nil }
            let row = scores[place * classes..<(place + 1) * classes]
            return log(row.reduce(0) { $0 + exp($1) }) - row[row.startIndex + Int(label)]
        }
        return (each, each.reduce(0, +) / Double(each.count))
    }
}

/// A tokenizer over the vocabulary of bert-base-uncased.
enum Texts {
    static let vocabulary = Family.folder.deletingLastPathComponent().appending(path: "tokenizers/vocab.txt").path

    static func tokenizer(_ options: DistilBertTokenizer.Options = DistilBertTokenizer.Options()) throws -> DistilBertTokenizer {
        try DistilBertTokenizer(vocabulary: vocabulary, options: options)
    }
}
