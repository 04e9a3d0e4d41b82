import GraphExecutor
import ONNX
import Testing

@Suite struct FusionTests {
    /// What the indices of the fixtures call a kind of patch.
    private static let kinds = ["gelu": "gelu", "geluTanh": "gelu_tanh", "attention": "attention", "layernorm": "layernorm"]

    private func counts(_ session: Session) -> [String: Int] {
        session.passReports.flatMap(\.patches).reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
    }

    private func refusals(_ session: Session) -> String {
        session.passReports.flatMap { report in report.refusals.map { "\(report.pass): \($0.node): \($0.reason)" } }.joined(separator: "\n")
    }

    @Test(arguments: try Fixtures.models.filter { $0.precision == "float" }) func fusesWhatExportersWrite(_ fixture: Fixtures.Model) throws {
        let session = try Session(model: try Fixtures.model("distilbert-tiny/" + fixture.file))
        let found = counts(session)
        for (name, expected) in fixture.fusions {
            #expect(found[Self.kinds[name] ?? name, default: 0] == expected, "\(name)\n\(refusals(session))")
        }
    }

    /// ONNX's own Attention where it is no more than the form that passes know, and where it is.
    @Test(
        arguments: [
            ("plain", 1, [:]), ("a scale of its own", 1, ["scale": .float(0.2)]), ("causal", 0, ["is_causal": .int(1)]), ("capped", 0, ["softcap": .float(2)]),
            ("in another type", 0, ["softmax_precision": .int(11)]),
        ] as [(String, Int, OrderedDictionary<String, Attribute>)])
    func adoptsAttentionOperators(_ name: String, _ count: Int, _ attributes: OrderedDictionary<String, Attribute>) throws {
        for (maskType, hasOutput) in [(ElementType.bool, false), (.float, false), (.bool, true)] {
            var graph = Graph(name: "attention")
            let heads = ValueType.tensor(.float, [.named("batch"), .known(2), .named("sequence"), .known(4)])
            graph.inputs =
                ["q", "k", "v"].map { ValueInfo($0, heads) } + [
                    ValueInfo("mask", .tensor(maskType, [.named("batch"), .known(1), .known(1), .named("sequence")]))
                ]
            graph.nodes = [Node("Attention", inputs: ["q", "k", "v", "mask"], outputs: hasOutput ? ["y", "", "", "scores"] : ["y"], attributes: attributes)]
            graph.outputs = [ValueInfo("y")] + (hasOutput ? [ValueInfo("scores")] : [])
            let model = Model(opsetImports: ["": 23], graph: graph)
            let session = try Session(model: model)
            #expect(counts(session)["adopted", default: 0] == (hasOutput ? 0 : count), "\(refusals(session))")
            var values: [String: Value] = [:]
            for (seed, operand) in ["q", "k", "v"].enumerated() {
                values[operand] = .tensor(try Tensor((0..<48).map { Float(($0 * 7 + seed * 5) % 13) / 4 - 1.5 }, shape: [2, 2, 3, 4]))
            }
            // The second sequence has no token.
            let shown = [true, false, true, false, false, false]
            values["mask"] =
                maskType == .bool
                ? .tensor(try Tensor(shown.map { TensorBool($0) }, shape: [2, 1, 1, 3]))
                : .tensor(try Tensor(shown.map { $0 ? 0 : -Float.infinity }, shape: [2, 1, 1, 3]))
            let expected = try Session(model: model, options: SessionOptions(kind: .reference)).runSynchronously(values)
            #expect(try distance(try session.runSynchronously(values)["y"], expected["y"]) < 1e-5, "\(name)")
        }
    }

    @Test(arguments: try Fixtures.lookAlikes) func leavesLookAlikesAlone(_ fixture: Fixtures.LookAlike) throws {
        let model = try Fixtures.model("lookalikes/" + fixture.file)
        let optimized = try Session(model: model)
        let found = counts(optimized)
        for (name, expected) in fixture.fusions { #expect(found[Self.kinds[name] ?? name, default: 0] == expected, "\(fixture.because)") }

        let names = Set(optimized.inputs.map(\.name))
        let inputs = try Fixtures.values("lookalikes/" + fixture.file.replacing(".onnx", with: ".npz")).filter { names.contains($0.key) }
        let results = try optimized.runSynchronously(inputs)
        let expected = try Session(model: model, options: SessionOptions(kind: .reference)).runSynchronously(inputs)
        for name in fixture.outputs { #expect(try distance(results[name], expected[name]) < 1e-5) }
    }

    /// Before opset 7 a vector may be added to columns: that is no bias.
    @Test(arguments: SessionOptions.Kind.allCases) func leavesOldBroadcastingAlone(_ kind: SessionOptions.Kind) throws {
        var graph = Graph(name: "old")
        graph.inputs = [ValueInfo("x", .tensor(.float, [.known(2), .known(2)]))]
        graph.nodes = [
            Node("MatMul", inputs: ["x", "w"], outputs: ["product"]),
            Node("Add", inputs: ["product", "b"], outputs: ["y"], attributes: ["broadcast": .int(1), "axis": .int(0)]),
        ]
        graph.outputs = [ValueInfo("y")]
        graph.initializers["w"] = try Tensor([1, 0, 0, 1] as [Float], shape: [2, 2])
        graph.initializers["b"] = try Tensor([10, 20] as [Float], shape: [2])
        let session = try Session(model: Model(opsetImports: ["": 6], graph: graph), options: SessionOptions(kind: kind))
        let y = try session.runSynchronously(["x": .tensor(try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]))])["y"]
        #expect(try y?.tensor?.array(of: Float.self) == [11, 12, 23, 24])
    }

    @Test(arguments: try Fixtures.models.filter { $0.precision == "float" }, SessionOptions.Kind.allCases)
    func givesWhatPyTorchGives(_ fixture: Fixtures.Model, _ kind: SessionOptions.Kind) throws {
        let session = try Session(model: try Fixtures.model("distilbert-tiny/" + fixture.file), options: SessionOptions(kind: kind))
        for (name, input) in fixture.inputs.sorted(by: { $0.key < $1.key }) {
            guard let ortError = input.ortError, let torch = input.torch else { continue }
            let given = try Fixtures.values("distilbert-tiny/\(fixture.folder)/inputs-\(name).npz").filter { value in
                session.inputs.contains { $0.name == value.key }
            }
            let results = try session.runSynchronously(given)
            let expected = try Fixtures.values("distilbert-tiny/\(fixture.folder)/expected-\(name).npz")
            for (index, output) in fixture.outputs.enumerated() {
                // Hidden states were not kept; the last is the first output.
                guard let value = expected["torch.\(torch).\(index)"], index == 0 || fixture.file.contains("hidden") == false else { continue }
                #expect(try distance(results[output], value) <= max(1e-5, 1.5 * ortError), "\(name) \(output)")
            }
        }
    }
}
