internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// What a body sees of the graphs around it.
struct OuterScope {
    /// Values that are the same in every run.
    var constants: [String: Tensor] = [:]
    /// Names that a new value may not have.
    var names: Set<String> = []
    /// Where the body stands, after the description of a node: ` in then_branch of If '/If'`.
    var place = ""
}

/// Passes within the bodies of If, Loop and Scan, whose types hold for every call.
struct BodyPasses {
    private let model: Model
    private let opset: Int
    private let passes: [any Pass.Type]
    private(set) var reports: [PassReport]

    init(_ model: Model, opset: Int, passes: [any Pass.Type]) {
        self.model = model
        self.opset = opset
        self.passes = passes
        reports = passes.map { PassReport(pass: $0.name) }
    }

    /// The graph with its bodies changed, and theirs. `program` is what it was when its types were found.
    mutating func run(_ graph: Graph, _ program: Program, in scope: OuterScope = OuterScope()) throws -> Graph {
        var (graph, inner) = (graph, scope)
        inner.names.formUnion(graph.valueNames)
        let inputs = Set(graph.inputs.map(\.name))
        for name in graph.definitions { inner.constants[name] = inputs.contains(name) ? nil : graph.initializers[name] }
        let steps = Dictionary(program.steps.map { ($0.outputs.compactMap { $0 }.first, $0) }, uniquingKeysWith: { first, _ in first })
        let ids = Dictionary(zip(program.names, program.names.indices), uniquingKeysWith: { first, _ in first })
        for (index, node) in graph.nodes.enumerated() where node.domain.isEmpty && ["If", "Loop", "Scan"].contains(node.opType) {
            guard let id = node.outputs.first(where: { !$0.isEmpty }).flatMap({ ids[$0] }), let step = steps[id] else { continue }
            for case (let attribute, .graph(let body)) in node.attributes {
                // A branch without types is one that can't work with these shapes.
                guard let found = step.bodies[attribute], found.inferredFor != nil else { continue }
                inner.place = " in \(attribute) of \(node)\(scope.place)"
                graph.nodes[index].attributes[attribute] = .graph(try edit(body, found, in: inner))
            }
        }
        return graph
    }

    private mutating func edit(_ body: Graph, _ program: Program, in scope: OuterScope) throws -> Graph {
        var part = model
        part.graph = body
        for (index, pass) in passes.enumerated() {
            let editor = GraphEditor(part, program, pass: pass.name, opset: opset, scope: scope)
            try pass.run(editor)
            part.graph = editor.result
            reports[index].patches += editor.report.patches
            reports[index].refusals += editor.report.refusals
        }
        return try run(part.graph, program, in: scope)
    }
}
