import GraphExecutor
import ONNX
import Testing

/// Passes within the bodies of If, Loop and Scan.
@Suite struct BodyPassTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let graph: @Sendable () throws -> Graph
        /// Patches by kind, of nodes within bodies.
        let patches: [String: Int]
        var opset = 20
    }

    private static func node(_ type: String, _ inputs: [String], _ outputs: [String], _ attributes: OrderedDictionary<String, Attribute> = [:]) -> Node {
        Node(type, inputs: inputs, outputs: outputs, attributes: attributes)
    }

    private static func info(_ name: String, _ shape: [Dimension]?, _ type: ElementType = .float) -> ValueInfo { ValueInfo(name, .tensor(type, shape)) }

    private static func body(_ inputs: [ValueInfo] = [], _ nodes: [Node], _ outputs: [String]) -> Graph {
        var graph = Graph(name: "body")
        (graph.inputs, graph.nodes, graph.outputs) = (inputs, nodes, outputs.map { ValueInfo($0) })
        return graph
    }

    private static let rows: [Dimension] = [.named("batch"), .known(4)]

    /// x [batch, 4], a weight, a bias, and a condition.
    private static func outer(_ nodes: [Node], _ outputs: [String] = ["y"]) throws -> Graph {
        var graph = body([info("x", rows), info("flag", [], .bool)], nodes, outputs)
        graph.initializers["w"] = try Tensor((0..<16).map { Float($0 % 5) / 4 - 0.5 }, shape: [4, 4])
        graph.initializers["b"] = try Tensor([0.5, -0.25, 1, 0] as [Float], shape: [4])
        graph.initializers["two"] = try Tensor([2] as [Float], shape: [])
        graph.initializers["count"] = try Tensor([3] as [Int64], shape: [])
        return graph
    }

    private static func choice(_ then: Graph, _ other: Graph, to output: String = "y") -> Node {
        node("If", ["flag"], [output], ["then_branch": .graph(then), "else_branch": .graph(other)])
    }

    /// A linear layer over values of the outer graph.
    private static let linear = body(
        [], [node("MatMul", ["x", "w"], ["p"]), node("Add", ["p", "b"], ["s"]), node("Relu", ["s"], ["r"])], ["r"])
    private static let chain = body([], [node("Exp", ["x"], ["e"]), node("Mul", ["e", "two"], ["m"]), node("Tanh", ["m"], ["t"])], ["t"])
    private static let negation = body([], [node("Neg", ["x"], ["n"])], ["n"])

    private static func loop(_ nodes: [Node], _ state: String, type: ValueInfo? = nil) -> Node {
        let inputs = [info("i", [], .int64), info("on", [], .bool), type ?? info("state", rows)]
        return node("Loop", ["count", "", "x"], ["y"], ["body": .graph(body(inputs, nodes + [node("Identity", ["on"], ["still"])], ["still", state]))])
    }

    static let cases: [Case] = [
        Case(
            testDescription: "a linear layer and a chain in branches", graph: { try outer([choice(linear, chain)]) }, patches: ["linear": 1, "chain of 3": 1]),
        Case(
            testDescription: "a branch in a branch",
            graph: { try outer([choice(body([], [choice(linear, negation, to: "inner")], ["inner"]), chain)]) }, patches: ["linear": 1, "chain of 3": 1]),
        Case(
            testDescription: "a value that a nested branch reads",
            graph: {
                try outer([
                    choice(
                        body(
                            [],
                            [
                                node("Exp", ["x"], ["e"]), node("Neg", ["e"], ["minus"]), node("Floor", ["minus"], ["whole"]),
                                choice(body([], [node("Abs", ["e"], ["a"])], ["a"]), negation, to: "c"),
                                node("Add", ["whole", "c"], ["z"]),
                            ], ["z"]),
                        negation)
                ])
            }, patches: ["chain of 3": 1]),
        Case(
            testDescription: "an outer value that only a branch reads",
            graph: { try outer([node("Exp", ["x"], ["o"]), choice(body([], [node("Neg", ["o"], ["n"]), node("Abs", ["n"], ["a"])], ["a"]), negation)]) },
            patches: ["chain of 2": 1]),
        Case(
            testDescription: "constants of a branch",
            graph: {
                try outer([
                    choice(
                        body(
                            [],
                            [
                                node("Constant", [], ["c"], ["value_float": .float(3)]), node("Mul", ["c", "two"], ["six"]),
                                node("Identity", ["six"], ["same"]),
                                node("Mul", ["x", "same"], ["z"]),
                            ], ["z"]), negation)
                ])
            }, patches: ["folded": 3]),
        Case(
            testDescription: "equal nodes of a branch",
            graph: { try outer([choice(body([], [node("Exp", ["x"], ["e"]), node("Exp", ["x"], ["f"]), node("Sub", ["e", "f"], ["z"])], ["z"]), negation)]) },
            patches: ["shared": 1, "chain of 2": 1]),
        Case(
            testDescription: "a weight that is transposed in a branch",
            graph: {
                try outer([choice(body([], [node("Transpose", ["w"], ["t"], ["perm": .ints([1, 0])]), node("MatMul", ["x", "t"], ["p"])], ["p"]), negation)])
            }, patches: ["linear": 1, "dropped": 1]),
        Case(
            testDescription: "a step of a loop",
            graph: {
                try outer([loop([node("MatMul", ["state", "w"], ["p"]), node("Add", ["p", "b"], ["s"]), node("Tanh", ["s"], ["t"])], "t")])
            }, patches: ["linear": 1, "dropped": 0]),
        Case(
            testDescription: "a chain of a loop over a state without a type",
            graph: {
                try outer([
                    loop([node("Mul", ["state", "two"], ["m"]), node("Exp", ["m"], ["e"]), node("Sigmoid", ["e"], ["t"])], "t", type: info("state", nil))
                ])
            }, patches: ["chain of 3": 1]),
        Case(
            testDescription: "a loop whose state grows",
            graph: {
                try outer([
                    loop(
                        [
                            node("Concat", ["state", "x"], ["both"], ["axis": .int(0)]), node("Exp", ["both"], ["e"]), node("Tanh", ["e"], ["t"]),
                            node("Shape", ["both"], ["shape"]), node("Cast", ["shape"], ["sizes"], ["to": .int(1)]),
                            node("ReduceSum", ["sizes"], ["sum"], ["keepdims": .int(0)]),
                            node("Div", ["t", "sum"], ["z"]),
                        ], "z", type: info("state", nil))
                ])
            }, patches: ["chain of 3": 1]),
        Case(
            testDescription: "a scan",
            graph: {
                let inputs = [info("state", [.known(4)]), info("row", [.known(4)])]
                let step = body(
                    inputs,
                    [node("Add", ["state", "row"], ["a"]), node("Tanh", ["a"], ["t"]), node("Mul", ["t", "b"], ["z"]), node("Identity", ["z"], ["out"])],
                    ["z", "out"])
                var graph = try outer([node("Scan", ["zero", "x"], ["last", "y"], ["body": .graph(step), "num_scan_inputs": .int(1)])], ["last", "y"])
                graph.initializers["zero"] = try Tensor([0, 0, 0, 0] as [Float], shape: [4])
                return graph
            }, patches: ["chain of 3": 1]),
        // The branch's own names come first in the order of new ones: an outer value of such a name must stay what it is.
        Case(
            testDescription: "a new name that the outer graph has",
            graph: {
                try outer([
                    node("Neg", ["x"], ["a_number"]),
                    choice(body([], [node("LeakyRelu", ["x"], ["a"]), node("Add", ["a", "a_number"], ["z"])], ["z"]), negation),
                ])
            }, patches: ["chain of 2": 1]),
    ]

    @Test(arguments: cases) func fusesWithinBodies(_ item: Case) throws {
        let model = Model(opsetImports: ["": item.opset], graph: try item.graph())
        let session = try Session(model: model)
        let patches = session.passReports.flatMap(\.patches).filter { $0.node.contains(" in ") }
        let found = patches.reduce(into: [String: Int]()) { $0[$1.kind, default: 0] += 1 }
        for (kind, count) in item.patches { #expect(found[kind, default: 0] == count, "\(kind): \(patches)") }

        let reference = try Session(model: model, options: SessionOptions(kind: .reference))
        for rows in [1, 3] {
            for flag in [true, false] {
                let x = (0..<rows * 4).map { Float($0 * 7 % 11) / 5 - 1 }
                let inputs: [String: Value] = ["x": .tensor(try Tensor(x, shape: [rows, 4])), "flag": .tensor(try Tensor(scalar: TensorBool(flag)))]
                let results = try session.runSynchronously(inputs)
                for (name, expected) in try reference.runSynchronously(inputs) {
                    #expect(results[name]?.tensor?.shape == expected.tensor?.shape)
                    #expect(try distance(results[name], expected) < 1e-6, "\(name) of \(rows) rows, \(flag)")
                }
            }
        }
    }
}
