internal import Bytes
internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Computes once what is the same in every run.
enum FoldConstants {
    /// Unless `foldsBytes`, dequantized constants that passes can use as bytes are left alone.
    static func run(_ model: inout Model, limits: Limits, foldsBytes: Bool = false) throws -> PassReport {
        var report = PassReport(pass: "fold constants")
        var program = try ProgramBuilder.build(model, limits: limits)
        let folding = Folding(
            limit: limits.foldedConstantBytes, leaving: transposedWeights(model.graph).union(foldsBytes ? [] : FuseDequantizedProduct.keptBytes(model.graph)))
        try program.inferTypes(folding: folding)
        report.refusals = folding.refusals
        replace(in: &model.graph, by: program, &report)
        return report
    }

    /// Puts constants in the place of the nodes that make them, in the graph and its bodies.
    private static func replace(in graph: inout Graph, by program: Program, at place: String = "", _ report: inout PassReport) {
        let outputs = Set(graph.outputs.map(\.name))
        var kept: [Node] = []
        for (var node, step) in zip(graph.nodes, program.steps) {
            for case (let name, .graph(var body)) in node.attributes {
                guard let found = step.bodies[name], found.inferredFor != nil else { continue }
                replace(in: &body, by: found, at: " in \(name) of \(node)\(place)", &report)
                node.attributes[name] = .graph(body)
            }
            let wanted = zip(node.outputs, step.outputs).filter { !$0.0.isEmpty && ($0.1.map { program.isRead[$0] } ?? false) }
            let values = wanted.compactMap { $0.1.flatMap { program.constants[$0] } }
            guard values.count == wanted.count, !wanted.contains(where: { outputs.contains($0.0) }) else {
                kept.append(node)
                continue
            }
            for (output, value) in zip(wanted, values) { graph.initializers[output.0] = value }
            report.patches.append(PassReport.Patch(kind: "folded", node: node.description + place))
        }
        graph.nodes = kept
    }

    /// Transposes of weights that nothing but products read: a linear layer packs the weight as it lies, where it is mapped.
    private static func transposedWeights(_ graph: Graph, outer: [String: Tensor] = [:]) -> Set<String> {
        let constants = outer.merging(graph.initializers.map { ($0.key, $0.value) }, uniquingKeysWith: { _, own in own })
        func isMatrix(_ tensor: Tensor?) -> Bool { tensor?.rank == 2 && tensor?.elementType == .float }
        let transposed = graph.nodes.filter { $0.opType == "Transpose" && $0.domain.isEmpty && isMatrix($0.inputs.first.flatMap { constants[$0] }) }
        var left = Set(transposed.flatMap(\.outputs)).subtracting(graph.outputs.map(\.name))
        for node in graph.nodes where !left.isEmpty {
            let isProduct = node.opType == "MatMul" && node.domain.isEmpty
            for (index, name) in node.inputs.enumerated() where !(isProduct && index == 1) { left.remove(name) }
            for name in node.captures { left.remove(name) }
        }
        return graph.nodes.flatMap(\.subgraphs).reduce(into: left) { $0.formUnion(transposedWeights($1, outer: constants)) }
    }
}

/// How much folding may still create, and what it left alone.
final class Folding {
    private var left: Int
    private let names: Set<String>
    private(set) var refusals: [PassReport.Refusal] = []

    init(limit: Int, leaving names: Set<String>) {
        left = limit
        self.names = names
    }

    /// Whether the value of that name is to be computed in each run.
    func leaves(_ name: String) -> Bool { names.contains(name) }

    /// The outputs of `step`, where all inputs are known and the outputs are not too large.
    func fold(_ step: Program.Step, inputs: [Tensor?], inference: Inference, wanted: [Bool]) -> [Tensor?]? {
        guard step.isPure, !step.inputs.isEmpty, zip(step.inputs, inputs).allSatisfy({ $0 == nil || $1 != nil }) else { return nil }
        var bytes = 0
        for (type, isWanted) in zip(inference.outputs, wanted) where isWanted {
            guard let shape = type?.knownShape, let element = type?.elementType, let count = try? Shape.count(shape),
                let size = try? Shape.byteCount(count, element)
            else { return nil }
            bytes &+= size
        }
        guard bytes <= left else {
            refusals.append(PassReport.Refusal(node: step.label, reason: "\(bytes) bytes of constants are more than the \(left) that may still be made"))
            return nil
        }
        let context = RunContext(inputs: inputs.map { $0.map(Value.tensor) }, outputTypes: inference.outputs, wanted: wanted, host: PlanTimeHost(nil))
        do { try step.operation.apply(context) } catch {
            refusals.append(PassReport.Refusal(node: step.label, reason: "\(error)"))
            return nil
        }
        left -= bytes
        return context.results.map { $0?.tensor }
    }
}
