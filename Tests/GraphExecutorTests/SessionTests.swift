import ONNX
import Testing

/// A graph of float inputs and outputs.
private func model(_ inputs: [ValueInfo], _ nodes: [Node], outputs: [ValueInfo], initializers: [String: Tensor] = [:]) -> Model {
    var graph = Graph(name: "test")
    graph.inputs = inputs
    graph.nodes = nodes
    graph.outputs = outputs
    for (name, tensor) in initializers.sorted(by: { $0.key < $1.key }) { graph.initializers[name] = tensor }
    return Model(opsetImports: ["": 17], graph: graph)
}

private func floats(_ name: String, _ shape: [Dimension]?) -> ValueInfo { ValueInfo(name, .tensor(.float, shape)) }

private func tensor(_ values: [Float], _ shape: [Int]) throws -> Value { .tensor(try Tensor(values, shape: shape)) }

@Suite struct SessionTests {
    static let kinds = SessionOptions.Kind.allCases

    @Test(arguments: kinds) func runsInOrderAndFetchesAnyValue(_ kind: SessionOptions.Kind) async throws {
        let session = try Session(
            model: model(
                [floats("a", [.named("n")]), floats("b", [.named("n")])],
                [
                    Node("Add", inputs: ["a", "b"], outputs: ["sum"]),
                    Node("Mul", inputs: ["sum", "two"], outputs: ["twice"]),
                ],
                outputs: [floats("twice", nil), floats("sum", nil)], initializers: ["two": try Tensor(scalar: Float(2))]),
            options: SessionOptions(kind: kind))
        let inputs = ["a": try tensor([1, 2], [2]), "b": try tensor([10, 20], [2])]
        let outputs = try session.runSynchronously(inputs)
        #expect(Array(outputs.keys) == ["twice", "sum"])
        #expect(try outputs["twice"]?.tensor?.array(of: Float.self) == [22, 44])
        let sum = try await session.run(inputs, fetch: ["sum"])
        #expect(Array(sum.keys) == ["sum"])
        #expect(try sum["sum"]?.tensor?.array(of: Float.self) == [11, 22])
        #expect(throws: ONNXError.self) { try session.runSynchronously(inputs, fetch: ["nowhere"]) }
    }

    @Test(arguments: kinds, [true, false]) func runsBranchesThatCapture(_ kind: SessionOptions.Kind, _ condition: Bool) throws {
        func branch(_ op: String) -> Attribute {
            var graph = Graph(name: op)
            graph.nodes = [Node(op, inputs: ["x", "y"], outputs: ["\(op)_out"])]
            graph.outputs = [ValueInfo("\(op)_out")]
            return .graph(graph)
        }
        let session = try Session(
            model: model(
                [floats("x", [.unknown]), ValueInfo("c", .tensor(.bool, []))],
                [
                    Node("Add", inputs: ["x", "x"], outputs: ["y"]),
                    Node("If", inputs: ["c"], outputs: ["z"], attributes: ["then_branch": branch("Add"), "else_branch": branch("Sub")]),
                ], outputs: [floats("z", [.unknown])]),
            options: SessionOptions(kind: kind))
        let outputs = try session.runSynchronously(["x": try tensor([1, 5], [2]), "c": .tensor(try Tensor(scalar: TensorBool(condition)))])
        #expect(try outputs["z"]?.tensor?.array(of: Float.self) == (condition ? [3, 15] : [-1, -5]))
    }

    @Test(arguments: kinds) func runsShapesThatDependOnData(_ kind: SessionOptions.Kind) throws {
        let session = try Session(
            model: model([floats("x", [.unknown])], [Node("NonZero", inputs: ["x"], outputs: ["y"])], outputs: [ValueInfo("y", .tensor(.int64, nil))]),
            options: SessionOptions(kind: kind))
        for values: [Float] in [[0, 1, 0, 2], [], [3]] {
            let outputs = try session.runSynchronously(["x": try tensor(values, [values.count])])
            #expect(try outputs["y"]?.tensor?.array(of: Int64.self) == values.indices.filter { values[$0] != 0 }.map(Int64.init))
        }
    }

    @Test(arguments: kinds) func takesDefaultsOfInputs(_ kind: SessionOptions.Kind) throws {
        let session = try Session(
            model: model(
                [floats("x", [.known(1)]), floats("w", [.known(1)])], [Node("Mul", inputs: ["x", "w"], outputs: ["y"])], outputs: [floats("y", nil)],
                initializers: ["w": try Tensor([Float(3)], shape: [1])]),
            options: SessionOptions(kind: kind))
        #expect(try session.runSynchronously(["x": tensor([2], [1])])["y"]?.tensor?.array() == [Float(6)])
        #expect(try session.runSynchronously(["x": tensor([2], [1]), "w": tensor([5], [1])])["y"]?.tensor?.array() == [Float(10)])
    }

    struct BadInput: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let inputs: [String: Value]
        let code: ONNXError.Code
        let message: String

        init(_ name: String, _ inputs: [String: Value], _ code: ONNXError.Code, _ message: String) {
            testDescription = name
            self.inputs = inputs
            self.code = code
            self.message = message
        }
    }

    static var badInputs: [BadInput] {
        get throws {
            let good = try tensor([1, 2, 3, 4, 5, 6], [2, 3])
            return [
                BadInput("missing", ["a": good], .usage, "input 'b' is missing; tensor(float)[batch,3] expected"),
                BadInput("unknown", ["a": good, "b": good, "c": good], .usage, "no input 'c'"),
                BadInput(
                    "type", ["a": .tensor(try Tensor([Int64(1)], shape: [1])), "b": good], .shape, "input 'a' is int64[1], tensor(float)[batch,3] expected"),
                BadInput("rank", ["a": try tensor([1, 2, 3], [3]), "b": good], .shape, "float[3] of rank 1"),
                BadInput("dimension", ["a": try tensor([1, 2], [1, 2]), "b": good], .shape, "with 2 at axis 1"),
                BadInput("named dimension", ["a": good, "b": try tensor([1, 2, 3], [1, 3])], .shape, "but input 'a' has 2 there"),
                BadInput("kind", ["a": .sequence([], of: .tensor(.float, nil)), "b": good], .shape, "seq(tensor(float))"),
            ]
        }
    }

    @Test(arguments: try badInputs) func refusesInputsThatDoNotFit(_ bad: BadInput) throws {
        let shape: [Dimension] = [.named("batch"), .known(3)]
        let session = try Session(
            model: model([floats("a", shape), floats("b", shape)], [Node("Add", inputs: ["a", "b"], outputs: ["y"])], outputs: [floats("y", nil)]))
        let error = try #require(throws: ONNXError.self) { try session.runSynchronously(bad.inputs) }
        #expect(error.code == bad.code)
        #expect(error.message.contains(bad.message), "\(error)")
    }

    @Test func refusesGraphsThatCannotWork() throws {
        let x = floats("x", [.known(2)])
        func failure(_ nodes: [Node], _ outputs: [ValueInfo] = [floats("y", nil)]) throws -> ONNXError {
            let graph = model([x], nodes, outputs: outputs)
            return try #require(throws: ONNXError.self) { try Session(model: graph) }
        }
        #expect(try failure([Node("Add", name: "n", inputs: ["x", "later"], outputs: ["y"])]).place == ["node Add 'n'"])
        #expect(try failure([]).code == .malformed)
        #expect(try failure([Node("Frobnicate", inputs: ["x"], outputs: ["y"])]).code == .unsupported)
        #expect(try failure([Node("Add", domain: "other", inputs: ["x", "x"], outputs: ["y"])]).message.contains("not imported"))
        #expect(
            try failure([Node("Add", inputs: ["x", "x"], outputs: ["y"]), Node("Sub", inputs: ["x", "x"], outputs: ["y"])]).message.contains("one maker"))
        #expect(try failure([Node("Add", inputs: ["x", "x"], outputs: ["y"])], [floats("y", [.known(3)])]).message.contains("declared as tensor(float)[3]"))
    }

    @Test(arguments: kinds) func namesTheNodeThatFails(_ kind: SessionOptions.Kind) throws {
        let session = try Session(
            model: model(
                [floats("x", [.unknown]), ValueInfo("i", .tensor(.int64, [.unknown]))], [Node("Gather", name: "pick", inputs: ["x", "i"], outputs: ["y"])],
                outputs: [floats("y", nil)]),
            options: SessionOptions(kind: kind))
        let error = try #require(throws: ONNXError.self) {
            try session.runSynchronously(["x": tensor([1, 2], [2]), "i": .tensor(Tensor([Int64(2)], shape: [1]))])
        }
        #expect(error.place == ["Gather 'pick'", "inputs: float[2], int64[1]"])
        #expect(error.message.contains("index 2"))
    }

    @Test(arguments: kinds) func keepsWithinItsMemory(_ kind: SessionOptions.Kind) throws {
        var options = SessionOptions(kind: kind)
        options.maxMemory = 10_000
        let nodes = (0..<20).map { Node("Add", inputs: ["v\($0)", "v\($0)"], outputs: ["v\($0 + 1)"]) }
        let session = try Session(model: model([floats("v0", [.unknown])], nodes, outputs: [floats("v20", nil)]), options: options)
        for _ in 0..<5 { #expect(try session.runSynchronously(["v0": tensor(Array(repeating: 1, count: 100), [100])])["v20"]?.tensor?.count == 100) }
        let error = try #require(throws: ONNXError.self) { try session.runSynchronously(["v0": tensor(Array(repeating: 1, count: 10_000), [10_000])]) }
        #expect(error.code == .limit)
        #expect(try session.runSynchronously(["v0": tensor([1], [1])])["v20"]?.tensor?.array() == [Float(1 << 20)])
    }

    @Test(arguments: kinds) func endsAtItsDeadline(_ kind: SessionOptions.Kind) throws {
        let nodes = (0..<2000).map { Node("Add", inputs: ["v\($0)", "v\($0)"], outputs: ["v\($0 + 1)"]) }
        let session = try Session(model: model([floats("v0", [.unknown])], nodes, outputs: [floats("v2000", nil)]), options: SessionOptions(kind: kind))
        let input = try tensor(Array(repeating: 1, count: 1000), [1000])
        let error = try #require(throws: ONNXError.self) { try session.runSynchronously(["v0": input], options: RunOptions(timeout: .microseconds(1))) }
        #expect(error.code == .cancelled)
    }

    @Test(arguments: kinds) func endsWhenItsTaskIsCancelled(_ kind: SessionOptions.Kind) async throws {
        let nodes = (0..<2000).map { Node("Add", inputs: ["v\($0)", "v\($0)"], outputs: ["v\($0 + 1)"]) }
        let session = try Session(model: model([floats("v0", [.unknown])], nodes, outputs: [floats("v2000", nil)]), options: SessionOptions(kind: kind))
        let input = try tensor(Array(repeating: 1, count: 10_000), [10_000])
        let task = Task { try await session.run(["v0": input]) }
        task.cancel()
        let error = await #expect(throws: ONNXError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }
}
