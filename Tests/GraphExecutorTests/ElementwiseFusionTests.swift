import GraphExecutor
import ONNX
import Testing

/// Element-wise operators in one pass: which ones meet, and that their bits are those of one after the other.
@Suite struct ElementwiseFusionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// How many operators each fused node stands for, in any order.
        let chains: [Int]
        let nodes: [Node]
        var inputs: [(name: String, shape: [Int])] = [("x", [2, 5, 37])]
        var outputs = ["y"]
        var constants: [(name: String, shape: [Int], values: [Float])] = []
        var type = ElementType.float
        var opset = 20
    }

    private static func node(_ type: String, _ inputs: [String], _ output: String, _ attributes: OrderedDictionary<String, Attribute> = [:]) -> Node {
        Node(type, inputs: inputs, outputs: [output], attributes: attributes)
    }

    private static func number(_ name: String, _ value: Float, rank: Int = 0) -> (name: String, shape: [Int], values: [Float]) {
        (name, Array(repeating: 1, count: rank), [value])
    }

    /// Inputs of this name are conditions.
    private static let mask = "mask"

    static let cases: [Case] = [
        Case(
            testDescription: "GELU by tanh with a factor of its own", chains: [8],
            nodes: [
                node("Pow", ["x", "three"], "cube"), node("Mul", ["cube", "c"], "t1"), node("Add", ["x", "t1"], "t2"), node("Mul", ["t2", "factor"], "t3"),
                node("Tanh", ["t3"], "t4"), node("Add", ["t4", "one"], "t5"), node("Mul", ["x", "t5"], "t6"), node("Mul", ["t6", "half"], "y"),
            ], constants: [number("three", 3), number("c", 0.044715), number("factor", 0.9), number("one", 1, rank: 1), number("half", 0.5)]),
        Case(
            testDescription: "SwiGLU", chains: [2],
            nodes: [node("Sigmoid", ["x"], "s"), node("Mul", ["x", "s"], "silu"), node("Mul", ["silu", "up"], "y")],
            inputs: [("x", [2, 5, 37]), ("up", [2, 5, 37])]),
        Case(
            testDescription: "rotary embedding", chains: [3],
            nodes: [node("Mul", ["x", "cosine"], "a"), node("Mul", ["turned", "sine"], "b"), node("Add", ["a", "b"], "y")],
            inputs: [("x", [2, 3, 5, 8]), ("turned", [2, 3, 5, 8]), ("cosine", [1, 1, 5, 8]), ("sine", [5, 8])]),
        Case(
            testDescription: "masked scores", chains: [3],
            nodes: [node("Mul", ["x", "scale"], "a"), node("Where", ["mask", "a", "least"], "b"), node("Add", ["b", "bias"], "y")],
            inputs: [("x", [2, 3, 5, 7]), (mask, [2, 1, 1, 7]), ("bias", [1, 3, 5, 7])],
            constants: [number("scale", 0.125), number("least", -.infinity)]),
        Case(
            testDescription: "a mask as a number", chains: [3],
            nodes: [
                node("Cast", ["mask"], "m", ["to": .int(1)]), node("Sub", ["one", "m"], "a"), node("Mul", ["a", "least"], "b"),
                node("Add", ["x", "b"], "y"),
            ], inputs: [("x", [2, 3, 5, 7]), (mask, [2, 1, 1, 7])], constants: [number("one", 1), number("least", -3.4e38)]),
        Case(
            testDescription: "rows, columns and numbers", chains: [6],
            nodes: [
                node("Mul", ["x", "row"], "a"), node("Add", ["a", "column"], "b"), node("Max", ["b", "row"], "c"), node("Min", ["c", "column"], "d"),
                node("Div", ["d", "number"], "e"), node("Sub", ["row", "e"], "y"),
            ], inputs: [("x", [3, 4, 67]), ("row", [67]), ("column", [4, 1]), ("number", [1, 1, 1])]),
        Case(
            testDescription: "limits", chains: [5],
            nodes: [
                node("Clip", ["x", "low", "high"], "a"), node("Clip", ["a", "low"], "b"), node("Clip", ["b", "", "high"], "c"),
                node("LeakyRelu", ["c"], "d"), node("LeakyRelu", ["d"], "y", ["alpha": .float(0.3)]),
            ], constants: [number("low", -0.7), number("high", 0.9, rank: 1)]),
        Case(
            testDescription: "limits as attributes", chains: [2],
            nodes: [node("Clip", ["x"], "a", ["min": .float(-0.5)]), node("Neg", ["a"], "y")], opset: 9),
        Case(
            testDescription: "functions", chains: [15],
            nodes: [
                node("Abs", ["x"], "a"), node("Sqrt", ["a"], "b"), node("Reciprocal", ["b"], "c"), node("Neg", ["c"], "d"), node("Exp", ["d"], "e"),
                node("Log", ["e"], "f"), node("Erf", ["f"], "g"), node("Pow", ["g", "two"], "h"), node("Pow", ["h", "half"], "i"), node("Relu", ["i"], "j"),
                node("Floor", ["j"], "k"), node("Ceil", ["k"], "l"), node("Round", ["l"], "m"), node("Sigmoid", ["m"], "n"), node("Sum", ["n", "x"], "y"),
            ], constants: [number("two", 2), number("half", 0.5)]),
        Case(
            testDescription: "a value that the chain reads twice", chains: [4],
            nodes: [node("Exp", ["x"], "a"), node("Neg", ["a"], "b"), node("Abs", ["a"], "c"), node("Add", ["b", "c"], "y")]),
        Case(
            testDescription: "a value that others read too", chains: [2],
            nodes: [node("Exp", ["x"], "a"), node("Neg", ["a"], "b"), node("Abs", ["b"], "y"), node("Softmax", ["a"], "z")], outputs: ["y", "z"]),
        Case(
            testDescription: "a value that is an output", chains: [2],
            nodes: [node("Exp", ["x"], "a"), node("Neg", ["a"], "b"), node("Abs", ["b"], "y")], outputs: ["y", "a"]),
        Case(
            testDescription: "smaller values stay apart", chains: [2, 2],
            nodes: [node("Exp", ["row"], "a"), node("Neg", ["a"], "b"), node("Mul", ["x", "b"], "c"), node("Tanh", ["c"], "y")],
            inputs: [("x", [4, 67]), ("row", [67])]),
        Case(
            testDescription: "no rows", chains: [2], nodes: [node("Exp", ["x"], "a"), node("Add", ["a", "row"], "y")],
            inputs: [("x", [0, 67]), ("row", [67])]),
        Case(
            testDescription: "one element", chains: [2], nodes: [node("Exp", ["x"], "a"), node("Add", ["a", "x"], "y")], inputs: [("x", [])]),
        Case(testDescription: "double", chains: [], nodes: [node("Exp", ["x"], "a"), node("Add", ["a", "x"], "y")], type: .double),
        Case(testDescription: "powers that vary", chains: [], nodes: [node("Exp", ["x"], "a"), node("Pow", ["a", "x"], "y")]),
        Case(
            testDescription: "a product's bias and activation", chains: [],
            nodes: [node("MatMul", ["x", "w"], "a"), node("Add", ["a", "b"], "c"), node("Relu", ["c"], "y")], inputs: [("x", [5, 3])],
            constants: [("w", [3, 2], [1, 2, 3, 4, 5, 6]), ("b", [2], [1, -30])]),
    ]

    private func model(_ item: Case) throws -> Model {
        var graph = Graph(name: "chain")
        graph.inputs = item.inputs.map { input in
            // The first axis is open where it isn't broadcast.
            let shape = input.shape.enumerated().map { $0 == 0 && $1 != 1 && input.shape.count > 2 ? Dimension.named("batch") : .known($1) }
            return ValueInfo(input.name, .tensor(input.name == Self.mask ? .bool : item.type, shape))
        }
        graph.nodes = item.nodes
        graph.outputs = item.outputs.map { ValueInfo($0) }
        for constant in item.constants { graph.initializers[constant.name] = try Tensor(constant.values, shape: constant.shape) }
        return Model(opsetImports: ["": item.opset], graph: graph)
    }

    private func values(_ item: Case) throws -> [String: Value] {
        var state: UInt64 = 7
        func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max) * 3
        }
        let special: [Float] = [.nan, .infinity, -.infinity, -0.0, 0]
        return try item.inputs.reduce(into: [:]) { values, input in
            let numbers = (0..<input.shape.reduce(1, *)).map { $0 < 5 && input.name == "x" ? special[$0] : next() }
            values[input.name] =
                input.name == Self.mask
                ? .tensor(try Tensor(numbers.map { TensorBool($0 > 0) }, shape: input.shape))
                : item.type == .double
                    ? .tensor(try Tensor(numbers.map(Double.init), shape: input.shape)) : .tensor(try Tensor(numbers, shape: input.shape))
        }
    }

    private func chains(_ session: Session) -> [Int] {
        session.passReports.filter { $0.pass == "fuse element-wise operators" }.flatMap(\.patches)
            .compactMap { $0.kind.split(separator: " ").last.flatMap { Int($0) } }
    }

    @Test(arguments: cases) func givesTheSameBits(_ item: Case) throws {
        let (model, inputs) = (try model(item), try values(item))
        let session = try Session(model: model)
        #expect(chains(session).sorted() == item.chains.sorted(), "\(session.passReports.flatMap(\.refusals))")
        let results = try session.runSynchronously(inputs)
        let expected = try Session(model: model, options: SessionOptions(kind: .reference)).runSynchronously(inputs)
        for name in item.outputs {
            let (found, wanted) = (try #require(results[name]?.tensor), try #require(expected[name]?.tensor))
            #expect(found.shape == wanted.shape)
            if item.type == .double || item.chains.isEmpty {
                #expect(try distance(results[name], expected[name]) < 1e-5)
                continue
            }
            let (x, y) = (try found.array(of: Float.self), try wanted.array(of: Float.self))
            #expect(zip(x, y).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN }, "\(name)")
        }
    }

    /// What a file may say in place of steps.
    @Test(arguments: [
        [], ["Mul 0"], ["Mul 0 1 0"], ["Mul 0 2"], ["Mul 0 -1"], ["Mul 0 x"], ["Mul  0 1"], ["Fly 0"], ["Where 0 1 1", "Add 0 2"], ["Exp 0", "Truth 2"],
        Array(repeating: "Exp 0", count: 300),
        (0..<9).map { _ in "Exp 0" } + (0..<8).map { "Add \($0 == 0 ? 2 : $0 + 10) \($0 + 3)" },
    ]) func refusesOtherSteps(_ steps: [String]) throws {
        var graph = Graph(name: "steps")
        graph.inputs = ["a", "b"].map { ValueInfo($0, .tensor(.float, [.known(3)])) }
        graph.nodes = [Node("Elementwise", domain: "swift.onnx", inputs: ["a", "b"], outputs: ["y"], attributes: ["steps": .strings(steps)])]
        graph.outputs = [ValueInfo("y")]
        let model = Model(opsetImports: ["": 20, "swift.onnx": 1], graph: graph)
        for kind in SessionOptions.Kind.allCases {
            #expect(throws: ONNXError.self) { try Session(model: model, options: SessionOptions(kind: kind)) }
        }
    }
}
