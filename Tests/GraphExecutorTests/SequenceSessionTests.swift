import ONNX
import Testing

/// Values that hold tensors must not see those tensors' memory used again.
@Suite struct SequenceSessionTests {
    private func floats(_ name: String, _ shape: [Dimension]? = [.named("n")]) -> ValueInfo { ValueInfo(name, .tensor(.float, shape)) }

    private func model(_ nodes: [Node], inputs: [ValueInfo]? = nil, output: ValueInfo) -> Model {
        var graph = Graph(name: "test")
        graph.inputs = inputs ?? [floats("x")]
        graph.nodes = nodes
        graph.outputs = [output]
        return Model(opsetImports: ["": 17], graph: graph)
    }

    @Test(arguments: SessionOptions.Kind.allCases) func sequencesKeepTheirTensors(_ kind: SessionOptions.Kind) throws {
        let chain = [
            Node("Add", inputs: ["x", "x"], outputs: ["a"]),
            Node("SequenceConstruct", inputs: ["a", "x"], outputs: ["s"]),
            Node("Mul", inputs: ["x", "x"], outputs: ["b"]),
            Node("Add", inputs: ["b", "x"], outputs: ["c"]),
            Node("Mul", inputs: ["c", "b"], outputs: ["d"]),
            Node("Add", inputs: ["d", "c"], outputs: ["e"]),
            Node("ReduceSum", inputs: ["e"], outputs: ["f"], attributes: ["keepdims": .int(0)]),
            Node("Cast", inputs: ["f"], outputs: ["g"], attributes: ["to": .int(7)]),
            Node("Sub", inputs: ["g", "g"], outputs: ["zero"]),
            Node("SequenceAt", inputs: ["s", "zero"], outputs: ["y"]),
        ]
        let session = try Session(model: model(chain, output: floats("y")), options: SessionOptions(kind: kind))
        for round in 1...3 {
            let x = (1...64).map { Float($0 * round) }
            let outputs = try session.runSynchronously(["x": .tensor(try Tensor(x, shape: [64]))])
            #expect(try outputs["y"]?.tensor?.array(of: Float.self) == x.map { 2 * $0 })
        }
    }

    /// A body that gives its input on: the state of the scan is a part of the scanned tensor, which dies with the scan.
    @Test(arguments: SessionOptions.Kind.allCases) func scansKeepWhatTheirBodiesPassOn(_ kind: SessionOptions.Kind) throws {
        var body = Graph(name: "body")
        body.inputs = [floats("state", nil), floats("entry", nil)]
        body.nodes = [Node("Identity", inputs: ["entry"], outputs: ["next"]), Node("Identity", inputs: ["state"], outputs: ["out"])]
        body.outputs = [floats("next", nil), floats("out", nil)]
        let nodes = [
            Node("Add", inputs: ["x", "x"], outputs: ["a"]),
            Node("Mul", inputs: ["h", "h"], outputs: ["initial"]),
            Node("Scan", inputs: ["initial", "a"], outputs: ["final", "outs"], attributes: ["body": .graph(body), "num_scan_inputs": .int(1)]),
            Node("Mul", inputs: ["x", "x"], outputs: ["b"]),
            Node("Add", inputs: ["b", "x"], outputs: ["c"]),
            Node("ReduceSum", inputs: ["c"], outputs: ["d"], attributes: ["keepdims": .int(0)]),
            Node("Sub", inputs: ["d", "d"], outputs: ["zero"]),
            Node("Add", inputs: ["final", "zero"], outputs: ["y"]),
        ]
        let inputs = [floats("x", [.named("n"), .known(32)]), floats("h", [.known(32)])]
        let session = try Session(model: model(nodes, inputs: inputs, output: floats("y", nil)), options: SessionOptions(kind: kind))
        for rows in [3, 5, 5, 2] {
            let x = (0..<(rows * 32)).map { Float($0 + rows) }
            let outputs = try session.runSynchronously([
                "x": .tensor(try Tensor(x, shape: [rows, 32])), "h": .tensor(try Tensor([Float](repeating: 1, count: 32), shape: [32])),
            ])
            #expect(try outputs["y"]?.tensor?.array(of: Float.self) == x.suffix(32).map { 2 * $0 })
        }
    }
}
