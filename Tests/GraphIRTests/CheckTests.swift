import Bytes
import GraphIR
import OrderedCollections
import Tensors
import Testing

@Suite struct CheckTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let graph: Graph
        let message: String
        var testDescription: String { name }
    }

    static func graph(_ nodes: [Node], inputs: [String] = ["x"], outputs: [String] = ["y"], initializers: [String] = []) throws -> Graph {
        var graph = Graph(name: "g")
        graph.nodes = nodes
        graph.inputs = inputs.map { ValueInfo($0) }
        graph.outputs = outputs.map { ValueInfo($0) }
        for name in initializers { graph.initializers[name] = try Tensor(scalar: Float(1)) }
        return graph
    }

    static func branching(_ body: Graph) throws -> Graph {
        try graph([Node("If", name: "choice", inputs: ["x"], outputs: ["y"], attributes: ["then_branch": .graph(body), "else_branch": .graph(body)])])
    }

    static func cases() throws -> [Case] {
        let relu = Node("Relu", inputs: ["x"], outputs: ["y"])
        return [
            Case(
                name: "undefined", graph: try graph([Node("Add", inputs: ["x", "ghost"], outputs: ["y"])]), message: "node Add → 'y': reads 'ghost', which no"),
            Case(name: "output not made", graph: try graph([relu], outputs: ["z"]), message: "the output 'z' is made by no node"),
            Case(name: "two makers", graph: try graph([relu, relu]), message: "makes 'y', which node Relu → 'y' makes already"),
            Case(name: "makes an input", graph: try graph([relu], inputs: ["x", "y"]), message: "makes 'y', which an input makes already"),
            Case(name: "makes an initializer", graph: try graph([relu], initializers: ["y"]), message: "makes 'y', which an initializer makes already"),
            Case(name: "two inputs", graph: try graph([relu], inputs: ["x", "x"]), message: "there are two inputs 'x'"),
            Case(name: "nameless input", graph: try graph([relu], inputs: ["x", ""]), message: "an input of the graph has no name"),
            Case(
                name: "out of order",
                graph: try graph([Node("Relu", name: "b", inputs: ["t"], outputs: ["y"]), Node("Abs", name: "a", inputs: ["x"], outputs: ["t"])]),
                message: "node Relu 'b': reads 't' before node Abs 'a' makes it (the nodes have a valid order"),
            Case(
                name: "cycle",
                graph: try graph([Node("Add", name: "b", inputs: ["x", "t"], outputs: ["y"]), Node("Abs", name: "a", inputs: ["y"], outputs: ["t"])]),
                message: "reads 't' in a cycle of nodes: Abs 'a' → Add 'b' → Abs 'a'"),
            Case(name: "itself", graph: try graph([Node("Add", name: "b", inputs: ["x", "y"], outputs: ["y"])]), message: "cycle of nodes: Add 'b' → Add 'b'"),
            Case(
                name: "undefined in a branch", graph: try branching(try graph([Node("Abs", inputs: ["ghost"], outputs: ["t"])], inputs: [], outputs: ["t"])),
                message: "node If 'choice': then_branch: node Abs → 't': reads 'ghost'"),
            Case(
                name: "branch shadows", graph: try branching(try graph([Node("Abs", inputs: ["x"], outputs: ["x"])], inputs: [], outputs: ["x"])),
                message: "makes 'x', which an input makes already"),
            Case(
                name: "foreign domain", graph: try graph([Node("Relu", domain: "there", inputs: ["x"], outputs: ["y"])]),
                message: "the domain there is not imported; ai.onnx is"),
            Case(
                name: "reference", graph: try graph([Node("Relu", inputs: ["x"], outputs: ["y"], attributes: ["a": .reference("b", .int)])]),
                message: "possible only within a function"),
        ]
    }

    @Test(arguments: try cases()) func finds(_ each: Case) throws {
        let errors = Model(opsetImports: ["": 17], graph: each.graph).check().filter { $0.severity == .error }
        let first = try #require(errors.first)
        #expect("\(first.error)".contains(each.message), "\(first.error)")
    }

    @Test func acceptsWhatExportersWrite() throws {
        // One value named twice in the outputs, an unused import, an input with a default, a branch that gives back an outer value.
        let branch = try Self.graph([], inputs: [], outputs: ["x"])
        var graph = try Self.branching(branch)
        graph.outputs.append(ValueInfo("y"))
        graph.inputs.append(ValueInfo("w"))
        graph.initializers["w"] = try Tensor(scalar: Float(1))
        let model = Model(opsetImports: ["": 17, "com.example": 1], graph: graph)
        #expect(model.check() == [])
        #expect(graph.nodes[0].captures == ["x"])
    }

    @Test func deepGraphsAreRefused() throws {
        var graph = try Self.graph([Node("Abs", inputs: ["x"], outputs: ["t"])], inputs: [], outputs: ["t"])
        for _ in 0..<40 { graph = try Self.graph([Node("If", inputs: ["x"], outputs: ["t"], attributes: ["then_branch": .graph(graph)])], outputs: ["t"]) }
        #expect(Model(opsetImports: ["": 17], graph: graph).check().contains { $0.error.code == .limit })
    }
}
