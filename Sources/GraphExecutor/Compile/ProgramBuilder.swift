internal import Bytes
internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Turns a graph and the graphs within it into programs.
struct ProgramBuilder {
    private let opsets: OrderedDictionary<String, Int>
    private let registry: Registry
    private let constantInputs: Bool
    private let limits: Limits

    /// The names of a graph, and those of the graphs around it.
    private final class Scope {
        let outer: Scope?
        let depth: Int
        var program = Program()
        var ids: [String: Program.ID] = [:]

        init(outer: Scope?) {
            self.outer = outer
            depth = (outer?.depth ?? 0) + 1
            program.isBody = outer != nil
        }

        func define(_ name: String) -> Program.ID {
            let id = program.names.count
            ids[name] = id
            program.names.append(name)
            program.types.append(nil)
            program.constants.append(nil)
            program.elements.append(nil)
            program.isRead.append(false)
            return id
        }

        /// The value's place here; one of a graph further out is captured.
        func find(_ name: String) -> Program.ID? {
            if let id = ids[name] { return id }
            guard let outerID = outer?.find(name) else { return nil }
            let id = define(name)
            program.captures.append(Program.Capture(outer: outerID, inner: id))
            return id
        }
    }

    /// Throws `.malformed` for a graph that is not well formed, `.unsupported` for operators that aren't there.
    static func build(_ model: Model, registry: Registry = .standard, limits: Limits) throws -> Program {
        // Before version 4 every initializer had to be listed as an input, so that being one says nothing.
        let builder = ProgramBuilder(opsets: model.opsetImports, registry: registry, constantInputs: model.irVersion < 4, limits: limits)
        return try builder.build(model.graph, in: nil).program
    }

    private func build(_ graph: Graph, in outer: Scope?) throws -> Scope {
        let scope = Scope(outer: outer)
        guard scope.depth <= limits.subgraphDepth else {
            throw ONNXError(.limit, "graphs nest deeper than \(limits.subgraphDepth)")
        }
        for input in graph.inputs {
            guard scope.ids[input.name] == nil else { throw ONNXError(.malformed, "input '\(input.name)' is defined twice") }
            scope.program.inputs.append((scope.define(input.name), input))
        }
        let inputCount = scope.program.names.count
        for (name, tensor) in graph.initializers {
            if let id = scope.ids[name], id < inputCount, let declared = graph.inputs[id].type, !declared.admits(Value.tensor(tensor).type) {
                throw ONNXError(.shape, "input '\(quoted(name))' is declared as \(declared), but its initializer is \(tensor)")
            }
            if let id = scope.ids[name], id < inputCount, !constantInputs {
                scope.program.defaults[id] = tensor
            } else {
                let id = scope.ids[name] ?? scope.define(name)
                scope.program.constants[id] = tensor
            }
        }
        if constantInputs {
            let constants = scope.program.constants
            scope.program.inputs.removeAll { constants[$0.id] != nil }
        }
        for node in graph.nodes {
            do { try add(node, to: scope) } catch let error as ONNXError { throw error.at(node.description) }
        }
        for output in graph.outputs {
            guard let id = scope.find(output.name) else { throw ONNXError(.malformed, "output '\(output.name)' is produced by no node") }
            scope.program.isRead[id] = true
            scope.program.outputs.append((id, output))
        }
        scope.program.markLastReads()
        return scope
    }

    private func add(_ node: Node, to scope: Scope) throws {
        let inputs: [Program.ID?] = try node.inputs.map { name in
            guard !name.isEmpty else { return nil }
            guard let id = scope.find(name) else {
                throw ONNXError(.malformed, "reads '\(name)', which no input, initializer or earlier node defines")
            }
            return id
        }
        let opset = try opset(of: node)
        let operation = try registry.bind(node, opset: opset)
        var bodies: [String: Program] = [:]
        for case (let name, .graph(let graph)) in node.attributes {
            do { bodies[name] = try build(graph, in: scope).program } catch let error as ONNXError { throw error.at(name) }
        }
        let captured = Set(bodies.values.flatMap { $0.captures.map(\.outer) }).sorted()
        let outputs: [Program.ID?] = try node.outputs.map { name in
            guard !name.isEmpty else { return nil }
            guard scope.ids[name] == nil else { throw ONNXError(.malformed, "'\(name)' is defined twice") }
            return scope.define(name)
        }
        for id in inputs.compactMap({ $0 }) + captured { scope.program.isRead[id] = true }
        scope.program.steps.append(
            Program.Step(
                label: node.description, opType: node.opType, domain: node.domain, opset: opset, operation: operation,
                attributes: node.attributes.filter { $0.value.kind != .graph }, inputs: inputs, outputs: outputs, bodies: bodies, captured: captured))
    }

    private func opset(of node: Node) throws -> Int {
        if let version = node.version { return version }
        guard let version = opsets[node.domain] ?? (node.domain == "ai.onnx" ? opsets[""] : node.domain.isEmpty ? opsets["ai.onnx"] : nil) else {
            throw ONNXError(
                .malformed,
                "domain '\(node.domain.isEmpty ? "ai.onnx" : node.domain)' is not among the model's opset imports (\(opsets.keys.joined(separator: ", ")))")
        }
        return max(version, Self.early[node.opType].flatMap { node.domain.isEmpty ? $0 : nil } ?? version)
    }

    /// Operators that ONNX Runtime's optimiser writes, and our own passes too, before the version that brought them.
    private static let early = ["LayerNormalization": 17]
}

extension Program {
    /// Notes the last reader of each value and, at each step, the values that no later step reads. Constants and outputs stay.
    mutating func markLastReads() {
        lastRead = Array(repeating: -1, count: valueCount)
        var end = lastRead
        for (index, step) in steps.enumerated() {
            for id in step.outputs.compactMap({ $0 }) { end[id] = index }
            for id in step.inputs.compactMap({ $0 }) + step.captured {
                lastRead[id] = index
                end[id] = index
            }
        }
        for (id, _) in outputs {
            lastRead[id] = .max
            end[id] = -1
        }
        for (id, index) in end.enumerated() where index >= 0 && constants[id] == nil { steps[index].dying.append(id) }
    }
}
