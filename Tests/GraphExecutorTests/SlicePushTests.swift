import GraphExecutor
import ONNX
import Testing

/// Rows that are taken before they are computed.
@Suite struct SlicePushTests {
    /// A graph of two layers over x [B,S,4], and what is taken of the result.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// How many nodes compute a part.
        let parts: Int
        /// From value "h" to value "y".
        let nodes: [Node]
        var outputs = ["y"]
        var constants: [String: [Int64]] = [:]
        var scalars: [String: Int64] = [:]
        /// What stands between the layers and "h".
        var last = Node("Relu", inputs: ["sum"], outputs: ["h"])
    }

    private static func gather(_ axis: Int64 = 1, from value: String = "h", index: String = "index", to result: String = "y") -> Node {
        Node("Gather", inputs: [value, index], outputs: [result], attributes: ["axis": .int(axis)])
    }

    private static func slice(_ starts: [Int64], _ ends: [Int64]) -> ([Node], [String: [Int64]]) {
        ([Node("Slice", inputs: ["h", "starts", "ends", "axes"], outputs: ["y"])], ["starts": starts, "ends": ends, "axes": [1]])
    }

    static let cases: [Case] = [
        Case(testDescription: "the first row", parts: 4, nodes: [gather()], scalars: ["index": 0]),
        Case(testDescription: "the last row", parts: 4, nodes: [gather()], scalars: ["index": -1]),
        Case(testDescription: "the second row, kept as an axis", parts: 4, nodes: [gather()], constants: ["index": [1]]),
        Case(testDescription: "a range", parts: 4, nodes: slice([1], [3]).0, constants: slice([1], [3]).1),
        Case(testDescription: "all but the first", parts: 4, nodes: slice([1], [.max]).0, constants: slice([1], [.max]).1),
        Case(testDescription: "everything", parts: 0, nodes: slice([0], [.max]).0, constants: slice([0], [.max]).1),
        Case(testDescription: "a sequence of the batch", parts: 4, nodes: [gather(0)], scalars: ["index": 0]),
        Case(testDescription: "a column, which the product mixes", parts: 3, nodes: [gather(2)], scalars: ["index": 0]),
        Case(testDescription: "several rows", parts: 0, nodes: [gather()], constants: ["index": [0, 1]]),
        Case(testDescription: "also an output", parts: 0, nodes: [gather()], outputs: ["y", "h"], scalars: ["index": 0]),
        Case(
            testDescription: "also read as a whole", parts: 0,
            nodes: [gather(), Node("Exp", inputs: ["h"], outputs: ["z"])], outputs: ["y", "z"], scalars: ["index": 0]),
        Case(
            testDescription: "two different rows", parts: 0, nodes: [gather(), gather(index: "other", to: "z")], outputs: ["y", "z"],
            scalars: ["index": 0, "other": 1]),
        Case(
            testDescription: "the same row twice", parts: 4, nodes: [gather(), gather(index: "other", to: "z")], outputs: ["y", "z"],
            constants: ["other": [0]], scalars: ["index": 0]),
        Case(
            testDescription: "an axis that is mixed", parts: 0, nodes: [gather()], scalars: ["index": 0],
            last: Node("Softmax", inputs: ["sum"], outputs: ["h"], attributes: ["axis": .int(1)])),
        Case(
            testDescription: "an axis that is kept", parts: 4, nodes: [gather()], scalars: ["index": 0],
            last: Node("Softmax", inputs: ["sum"], outputs: ["h"], attributes: ["axis": .int(-1)])),
    ]

    private func model(_ item: Case) throws -> Model {
        var graph = Graph(name: "rows")
        graph.inputs = [ValueInfo("x", .tensor(.float, [.named("batch"), .named("sequence"), .known(4)]))]
        graph.nodes =
            [
                Node("MatMul", inputs: ["x", "w"], outputs: ["product"]), Node("Exp", inputs: ["product"], outputs: ["raised"]),
                Node("Add", inputs: ["raised", "x"], outputs: ["sum"]), item.last,
            ] + item.nodes
        graph.outputs = item.outputs.map { ValueInfo($0) }
        graph.initializers["w"] = try Tensor((0..<16).map { Float($0 % 5) / 3 - 0.6 }, shape: [4, 4])
        for (name, values) in item.constants { graph.initializers[name] = try Tensor(values, shape: [values.count]) }
        for (name, value) in item.scalars { graph.initializers[name] = try Tensor([value], shape: []) }
        return Model(opsetImports: ["": 17], graph: graph)
    }

    private func parts(_ session: Session) -> Int { session.passReports.flatMap(\.patches).count { $0.kind == "computes a part" } }

    @Test(arguments: cases) func takesRowsBeforeTheyAreComputed(_ item: Case) throws {
        let model = try model(item)
        let session = try Session(model: model)
        #expect(parts(session) == item.parts)
        let x = Value.tensor(try Tensor((0..<24).map { Float($0 * 7 % 11) / 5 - 1 }, shape: [2, 3, 4]))
        let results = try session.runSynchronously(["x": x])
        let expected = try Session(model: model, options: SessionOptions(kind: .reference)).runSynchronously(["x": x])
        for name in item.outputs {
            #expect(results[name]?.tensor?.shape == expected[name]?.tensor?.shape)
            #expect(try distance(results[name], expected[name]) < 1e-6)
        }
    }

    @Test(arguments: SessionOptions.Kind.allCases) func refusesRowsThatAreNotThere(_ kind: SessionOptions.Kind) throws {
        let item = Case(testDescription: "", parts: 4, nodes: [Self.gather()], scalars: ["index": 5])
        let session = try Session(model: try model(item), options: SessionOptions(kind: kind))
        let x = Value.tensor(try Tensor([Float](repeating: 1, count: 24), shape: [2, 3, 4]))
        let error = #expect(throws: ONNXError.self) { try session.runSynchronously(["x": x]) }
        #expect(error?.code == .shape)
    }

    /// The classifiers that exporters write: the last layer computes one row of each sequence, and the same bits.
    @Test(arguments: try Fixtures.models.filter { ["sequence-classification", "multiple-choice"].contains($0.folder) && $0.precision == "float" })
    func computesOneRowOfTheLastLayer(_ fixture: Fixtures.Model) throws {
        let model = try Fixtures.model("distilbert-tiny/" + fixture.file)
        let session = try Session(model: model)
        // ONNX Runtime's own operators, and reshapes of flattened batches that can't be followed, stay as they are.
        let least = fixture.file.contains("optimized") ? 0 : 5
        #expect(parts(session) >= least)
        let hidden = try #require(
            model.graph.nodes.first { $0.opType == "Gather" && $0.inputs[0].contains("norm") }?.inputs[0] ?? model.graph.outputs.last?.name)
        let output = try #require(fixture.outputs.last)
        for name in fixture.inputs.keys.sorted() {
            let given = try Fixtures.values("distilbert-tiny/\(fixture.folder)/inputs-\(name).npz").filter { value in
                session.inputs.contains { $0.name == value.key }
            }
            guard given.count == session.inputs.count, let part = try? session.runSynchronously(given, fetch: [output]) else { continue }
            // With the last layer's rows an output, all of them are computed.
            let whole = try session.runSynchronously(given, fetch: [output, hidden])
            #expect(
                try part[output]?.tensor?.array(of: Float.self).map(\.bitPattern) == whole[output]?.tensor?.array(of: Float.self).map(\.bitPattern), "\(name)")
        }
    }
}
