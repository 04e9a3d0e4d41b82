import Converter
import DistilBERT
import GraphExecutor
import ONNX
import Testing

@Suite struct GraphTests {
    private static let opsets = [13, 14, 15, 17, 18, 20, 23, 25]

    @Test(arguments: DistilBertTask.allCases, opsets) func givesWhatPyTorchGives(_ task: DistilBertTask, _ opset: Int) throws {
        let family = try Family(task)
        let model = try family.model { $0.opset = opset }
        for kind in SessionOptions.Kind.allCases {
            let session = try Session(model: model, options: SessionOptions(kind: kind))
            try family.expect(try session.runSynchronously(try family.plain), "sdpa", "\(kind)")
            try family.expect(
                try session.runSynchronously(try family.inputs(["input_ids": "input_ids", "attention_mask": "masked"])), "masked", "\(kind)")
        }
    }

    @Test(arguments: DistilBertTask.allCases, opsets) func answersHiddenStatesAndAttentions(_ task: DistilBertTask, _ opset: Int) throws {
        let family = try Family(task)
        let model = try family.model {
            $0.opset = opset
            ($0.outputsHiddenStates, $0.outputsAttentions) = (true, true)
        }
        let states = (0...family.config.nLayers).map { "hidden_states.\($0)" } + (0..<family.config.nLayers).map { "attentions.\($0)" }
        let session = try Session(model: model)
        #expect(session.outputs.map(\.name).suffix(states.count) == states[...])
        try family.expect(try session.runSynchronously(try family.plain), "eager")
        try family.expect(
            try session.runSynchronously(try family.inputs(["input_ids": "input_ids", "attention_mask": "masked"])), "eager-masked")
    }

    @Test(arguments: DistilBertTask.allCases) func takesEmbeddingsAndPositions(_ task: DistilBertTask) throws {
        let family = try Family(task)
        let embeds = try Session(model: try family.model { $0.takesInputsEmbeds = true })
        try family.expect(
            try embeds.runSynchronously(try family.inputs(["inputs_embeds": "inputs_embeds", "attention_mask": "attention_mask"])), "embeds")
        guard task != .multipleChoice else { return }
        let positions = try Session(model: try family.model { $0.takesPositionIDs = true })
        try family.expect(
            try positions.runSynchronously(try family.plain.merging(try family.inputs(["position_ids": "position_ids"])) { $1 }), "positions")
    }

    @Test(arguments: [ElementType.bool, .float, .double, .int32, .uint8]) func takesMasksOfAnyType(_ type: ElementType) throws {
        let family = try Family(.base)
        let session = try Session(model: try family.model { $0.attentionMask = type })
        let mask = try #require(family.values["attention_mask"]).array(of: Int64.self)
        let shape = [3, 7]
        let given =
            switch type {
            case .bool: try Tensor(mask.map { TensorBool($0 != 0) }, shape: shape)
            case .float: try Tensor(mask.map { Float($0) * 0.25 }, shape: shape)
            case .double: try Tensor(mask.map { -Double($0) }, shape: shape)
            case .int32: try Tensor(mask.map { Int32($0) * 7 }, shape: shape)
            default: try Tensor(mask.map { UInt8($0) }, shape: shape)
            }
        try family.expect(try session.runSynchronously(try family.plain.merging(["attention_mask": .tensor(given)]) { $1 }), "sdpa")
    }

    /// The graphs are of the forms that the fusions look for, at every opset.
    @Test(arguments: DistilBertTask.allCases, opsets) func hitsEveryFusion(_ task: DistilBertTask, _ opset: Int) throws {
        let family = try Family(task)
        let layers = family.config.nLayers
        let session = try Session(model: try family.model { $0.opset = opset })
        let counts = session.passReports.flatMap(\.patches).reduce(into: [String: Int]()) { $0[$1.kind, default: 0] += 1 }
        let refusals = session.passReports.flatMap { report in report.refusals.map { "\(report.pass): \($0.node): \($0.reason)" } }.joined(separator: "\n")
        let norms = 1 + 2 * layers + (task == .fillMask ? 1 : 0)
        let heads: [DistilBertTask: Int] = [.base: 0, .fillMask: 2, .textClassification: 2, .multipleChoice: 2, .questionAnswering: 1, .tokenClassification: 1]
        #expect(counts["attention"] == layers, "\(refusals)")
        #expect(counts["layernorm", default: 0] == (opset < 17 ? norms : 0), "\(refusals)")
        #expect(counts["linear"] == 6 * layers + (heads[task] ?? 0), "\(refusals)")
        let activation = ["gelu": "gelu", "gelu_new": "gelu_tanh", "silu": "silu"][family.config.activation.name]
        if let activation, opset < 20 || activation == "silu" { #expect(counts[activation] == layers + (task == .fillMask ? 1 : 0), "\(refusals)") }
    }

    @Test func weightsKeepTheirNamesAndTheTiedOneIsStoredOnce() throws {
        let family = try Family(.fillMask)
        let model = try family.model()
        let names = try family.config.expectedWeights(for: .fillMask).filter { $0.tiedTo == nil }.map(\.name)
        #expect(Set(names).isSubset(of: Set(model.graph.initializers.keys)))
        #expect(model.graph.initializers["vocab_projector.weight"] == nil)
        #expect(model.graph.initializers.filter { $0.value.count == family.config.vocabSize * family.config.dim }.count == 1)
        for name in names { #expect(model.graph.initializers[name]?.shape == family.weights[name]?.shape) }
    }

    @Test func axesAreNamed() throws {
        let choices = try Family(.multipleChoice).model().graph
        #expect(choices.inputs.map(\.type) == Array(repeating: .tensor(.int64, [.named("batch"), .named("choice"), .named("sequence")]), count: 2))
        #expect(choices.outputs.map(\.type) == [.tensor(.float, [.named("batch"), .named("choice")])])
        let span = try Family(.questionAnswering).model().graph
        #expect(span.outputs.map(\.name) == ["start_logits", "end_logits"])
        #expect(span.outputs.map(\.type) == Array(repeating: .tensor(.float, [.named("batch"), .named("sequence")]), count: 2))
    }

    @Test(arguments: [ElementType.float16, .bfloat16, .double]) func otherPrecisionsAreConsistent(_ type: ElementType) throws {
        let family = try Family(.tokenClassification)
        let weights = try family.weights.mapValues { tensor in
            let values = try tensor.array(of: Float.self)
            return switch type {
            case .float16: try Tensor(values.map(Float16.init), shape: tensor.shape)
            case .bfloat16: try Tensor(values.map(BFloat16.init), shape: tensor.shape)
            default: try Tensor(values.map(Double.init), shape: tensor.shape)
            }
        }
        let model = try DistilBertGraph(family.config, task: family.task).model(weights: weights)
        let result = try Session(model: model).runSynchronously(try family.plain)["logits"]?.tensor
        #expect(result?.elementType == type)
        guard type == .double, let result else { return }
        #expect(try distance(result, try #require(family.values["sdpa.logits"])) < 1e-12)
    }

    @Test func anActivationOfOnesOwn() throws {
        let family = try Family(.base)
        var config = family.config
        config.activation = Activation("twice") { builder, x in builder.apply("Mul", [builder.apply("Relu", [x]), builder.constant(2)]) }
        var relu = family.config
        relu.activation = .relu
        let doubled = try Session(model: try family.model(config: config)).runSynchronously(try family.plain)["last_hidden_state"]?.tensor
        // Twice the activation is twice the matrix after it.
        var weights = family.weights
        for layer in 0..<config.nLayers {
            let name = "transformer.layer.\(layer).ffn.lin2.weight"
            let tensor = try #require(weights[name])
            weights[name] = try Tensor(try tensor.array(of: Float.self).map { $0 * 2 }, shape: tensor.shape)
        }
        let expected = try Session(model: try DistilBertGraph(relu, task: .base).model(weights: weights)).runSynchronously(try family.plain)[
            "last_hidden_state"]
        #expect(try distance(try #require(doubled), try #require(expected?.tensor)) < 1e-5)
    }

    @Test func refusesWhatItCannotBuild() throws {
        let family = try Family(.base)
        func message(_ body: () throws -> Void) -> String { (#expect(throws: ONNXError.self) { try body() })?.description ?? "" }
        #expect(message { _ = try family.model { $0.opset = 12 } }.contains("13 to 25"))
        #expect(message { _ = try family.model { $0.labels = .classes } }.contains("no labels"))
        #expect(message { _ = try family.model { $0.attentionMask = .string } }.contains("attention_mask"))
        #expect(message { _ = try DistilBertGraph(family.config, task: .base).model(weights: [:]) }.contains("is missing"))
        var weights = family.weights
        weights["embeddings.LayerNorm.bias"] = try Tensor([0] as [Float], shape: [1])
        #expect(message { _ = try DistilBertGraph(family.config, task: .base).model(weights: weights) }.contains("[32] expected"))
        weights["embeddings.LayerNorm.bias"] = try Tensor([Double](repeating: 0, count: 32), shape: [32])
        #expect(message { _ = try DistilBertGraph(family.config, task: .base).model(weights: weights) }.contains("double"))
    }
}
