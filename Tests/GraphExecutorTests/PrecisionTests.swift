import GraphExecutor
import ONNX
import Testing

/// Linear layers and attention in less than fp32.
@Suite struct PrecisionTests {
    private let model: ONNX.Model

    init() throws { model = try Fixtures.model("distilbert-tiny/base/ts17.onnx") }

    private func session(_ precision: SessionOptions.Precision, keep: [String] = [], threads: Int? = nil) throws -> Session {
        var options = SessionOptions(threads: threads)
        options.precision = precision
        options.keepFP32 = keep
        return try Session(model: model, options: options)
    }

    private func hidden(_ session: Session, _ rows: [[Int64]]) throws -> [Float] {
        let length = rows[0].count
        let inputs: [String: Value] = [
            "input_ids": .tensor(try Tensor(rows.flatMap { $0 }, shape: [rows.count, length])),
            "attention_mask": .tensor(try Tensor(rows.flatMap { $0.map { $0 == 0 ? Int64(0) : 1 } }, shape: [rows.count, length])),
        ]
        return try #require(try session.runSynchronously(inputs)["last_hidden_state"]?.tensor).array(of: Float.self)
    }

    /// 1 less the cosine.
    private func angle(_ a: [Float], _ b: [Float]) -> Double {
        func dot(_ x: [Float], _ y: [Float]) -> Double { zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
        return 1 - dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }

    private func report(_ session: Session) throws -> PassReport { try #require(session.passReports.first { $0.pass == "choose precision" }) }

    private static let rows: [[Int64]] = [[5, 9, 17, 3, 21, 8, 2], [7, 30, 4, 11, 12, 13, 14]]

    @Test(arguments: [(SessionOptions.Precision.bf16, 1e-4), (.int8, 2e-3)])
    func isNearFloat(precision: SessionOptions.Precision, tolerance: Double) throws {
        let found = try hidden(try session(precision), Self.rows)
        let exact = try hidden(try session(.fp32), Self.rows)
        #expect(found != exact)
        #expect(angle(found, exact) < tolerance)
    }

    @Test(arguments: [SessionOptions.Precision.bf16, .int8])
    func bitsDependOnTheSequenceAlone(precision: SessionOptions.Precision) throws {
        let together = try hidden(try session(precision, threads: 1), Self.rows)
        for threads in [2, 3, 4] { #expect(try hidden(try session(precision, threads: threads), Self.rows) == together) }
        let alone = try hidden(try session(precision), [Self.rows[0]])
        #expect(alone == Array(together.prefix(alone.count)))
        let padded = try hidden(try session(precision), [Self.rows[0] + Array(repeating: 0, count: 9)])
        #expect(alone == Array(padded.prefix(alone.count)))
    }

    @Test(arguments: [SessionOptions.Precision.bf16, .int8]) func everyLayerIsMarked(precision: SessionOptions.Precision) throws {
        let linear = try session(.fp32).passReports.flatMap(\.patches).count { $0.kind == "linear" }
        let report = try report(try session(precision))
        let (attentions, layers) = (report.patches.filter { $0.node.contains("Attention") }, report.patches.filter { !$0.node.contains("Attention") })
        #expect(attentions.map(\.kind) == ["bf16", "bf16"])
        #expect(Set(layers.map(\.kind)) == [precision.rawValue])
        #expect(!layers.isEmpty && layers.count + report.refusals.count <= linear)
    }

    @Test func layersAreKept() throws {
        let all = try session(.int8)
        let kept = try session(.int8, keep: ["*layer.0*", "*layer.1*"])
        #expect(try report(kept).refusals.count { $0.reason.contains("keeps it in fp32") } == report(all).patches.count)
        #expect(try hidden(kept, Self.rows) == hidden(try session(.fp32), Self.rows))
    }

    @Test func patternThatFitsNothingIsAnError() {
        #expect { try session(.bf16, keep: ["no such layer"]) } throws: { "\($0)".contains("no linear layer or attention is named 'no such layer'") }
    }

    /// A right operand that is no constant stays in fp32, and so does what no fusion has found to be a layer.
    @Test func onlyConstantWeightsAreMarked() throws {
        var graph = Graph(name: "products")
        graph.inputs = ["x", "w"].map { ValueInfo($0, .tensor(.float, [.known(2), .known(2)])) }
        graph.nodes = [Node("MatMul", inputs: ["x", "w"], outputs: ["y"])]
        graph.outputs = [ValueInfo("y")]
        var options = SessionOptions()
        options.precision = .int8
        let session = try Session(model: Model(opsetImports: ["": 17], graph: graph), options: options)
        #expect(try report(session).patches.isEmpty)
        let inputs: [String: Value] = [
            "x": .tensor(try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])), "w": .tensor(try Tensor([0.1, 0, 0, 0.7] as [Float], shape: [2, 2])),
        ]
        #expect(try session.runSynchronously(inputs)["y"]?.tensor?.array(of: Float.self) == [0.1, 1.4, 0.3 as Float, 2.8].map { $0 })
    }
}
