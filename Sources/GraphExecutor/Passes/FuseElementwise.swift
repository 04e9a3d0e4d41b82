internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Trees of element-wise operators on floats of one shape, of which nobody else reads what is between them, in one pass over memory.
///
/// It comes last: other fusions do more with the same nodes.
enum FuseElementwise: Pass {
    static let name = "fuse element-wise operators"

    /// More gain little, and keep more values alive.
    private static let mostNodes = 32

    private enum Operand {
        case value(String)
        case number(Float)
    }

    static func run(_ editor: GraphEditor) {
        var taken: Set<Int> = []
        for index in editor.nodes.indices.reversed() where !taken.contains(index) {
            guard let node = editor.nodes[index], step(node, editor) != nil else { continue }
            let members = chain(endingAt: index, node, editor)
            guard members.count > 1 else { continue }
            taken.formUnion(members)
            fuse(members, node, editor)
        }
    }

    /// The node and those that only it and each other read, in order.
    private static func chain(endingAt last: Int, _ root: Node, _ editor: GraphEditor) -> [Int] {
        let shape = editor.shape(root.outputs[0])
        var members = [last]
        var reads: [String: Int] = [:]
        var open: Set<Int> = []
        /// Values that have the root's shape, whatever it is.
        var alike: Set<String> = []
        func addReads(_ node: Node) {
            let values = node.inputs.filter { !$0.isEmpty }
            for name in values {
                reads[name, default: 0] += 1
                if let producer = editor.producer(name) { open.insert(producer.index) }
            }
            let large = Set(values.filter { editor.constant($0)?.count != 1 })
            if large.count == 1 { alike.formUnion(large) }
        }
        addReads(root)
        // From the last to the first, so that whoever reads a value is decided on before the value's own node.
        while members.count < mostNodes, let index = open.max() {
            open.remove(index)
            guard let node = editor.nodes[index], let name = node.outputs.first, reads[name] == editor.useCount(name), !editor.isOutput(name),
                alike.contains(name) || shape != nil && editor.shape(name) == shape, step(node, editor) != nil
            else { continue }
            members.append(index)
            addReads(node)
        }
        return members.reversed()
    }

    private static func fuse(_ members: [Int], _ root: Node, _ editor: GraphEditor) {
        let parts = members.compactMap { index in editor.nodes[index].flatMap { node in step(node, editor).map { (node: node, step: $0) } } }
        let made = Dictionary(parts.enumerated().map { ($1.node.outputs[0], $0) }, uniquingKeysWith: { first, _ in first })
        var inputs: OrderedSet<String> = []
        var numbers: [UInt32: String] = [:]
        let operands = parts.map { part in
            part.step.operands.map { operand in
                switch operand {
                case .value(let name): name
                case .number(let value): numbers[value.bitPattern] ?? constant(value, for: part.node, &numbers, editor)
                }
            }
        }
        for name in operands.joined() where made[name] == nil { inputs.append(name) }
        let steps = zip(parts, operands).map { part, names in
            ElementProgram.Step(part.step.function, names.map { name in made[name].map { inputs.count + $0 } ?? inputs.firstIndex(of: name) ?? 0 })
        }
        do { _ = try ElementProgram(steps, inputCount: inputs.count) } catch { return editor.refuse(root, "\(error)") }
        let fused = Node(
            "Elementwise", domain: Fused.domain, name: root.name, inputs: Array(inputs), outputs: root.outputs,
            attributes: ["steps": .strings(steps.map(\.description))])
        editor.replace(members[members.count - 1], with: fused, removing: members, as: "chain of \(members.count)")
    }

    private static func constant(_ value: Float, for node: Node, _ numbers: inout [UInt32: String], _ editor: GraphEditor) -> String {
        let name = editor.newName("\(node.outputs[0])_number")
        if let tensor = try? Tensor([value], shape: []) { editor.addConstant(tensor, for: name) }
        numbers[value.bitPattern] = name
        return name
    }

    // MARK: what a node does

    private static let plain = Set(ElementFunction.allCases.filter { ![.clip, .leakyRelu, .gelu].contains($0) }.map(\.rawValue))

    /// What a node does to each element; nil where it is not element-wise, or not on floats.
    private static func step(_ node: Node, _ editor: GraphEditor) -> (function: ElementFunction, operands: [Operand])? {
        guard node.outputs.count == 1, editor.isFloat(node.outputs[0]), let found = function(node, editor) else { return nil }
        let isTyped = found.operands.enumerated().allSatisfy { place, operand in
            guard case .value(let name) = operand else { return true }
            return editor.type(name)?.elementType == (place == 0 && found.function.takesCondition ? .bool : .float)
        }
        return isTyped && found.operands.count == found.function.operandCount ? found : nil
    }

    private static func function(_ node: Node, _ editor: GraphEditor) -> (function: ElementFunction, operands: [Operand])? {
        let values = node.inputs.map(Operand.value)
        if node.domain == Fused.domain {
            guard node.opType == "Activation", case .string(let name)? = node.attributes["function"] else { return nil }
            let names: [String: ElementFunction] = [
                "gelu": .gelu, "gelu_tanh": .geluTanh, "silu": .silu, "relu": .relu, "tanh": .tanh, "sigmoid": .sigmoid,
            ]
            return names[name].map { ($0, values) }
        }
        guard node.domain.isEmpty, node.version ?? editor.opset >= 7 else { return nil }
        switch node.opType {
        case "Clip": return clip(node, editor)
        case "LeakyRelu":
            if case .float(let slope)? = node.attributes["alpha"] { return (.leakyRelu, values + [.number(slope)]) }
            return (.leakyRelu, values + [.number(0.01)])
        case "Pow":
            guard isLimit(node.inputs[1], of: node.inputs[0], editor), let exponent = editor.scalar(node.inputs[1]) else { return nil }
            switch exponent {
            case 2: return (.multiply, [values[0], values[0]])
            case 3: return (.cube, [values[0]])
            case 0.5: return (.root, [values[0]])
            default: return nil
            }
        case "Sum": return values.count == 2 ? (.add, values) : nil
        case "Cast": return (.truth, values)
        default: return plain.contains(node.opType) ? ElementFunction(rawValue: node.opType).map { ($0, values) } : nil
        }
    }

    private static func clip(_ node: Node, _ editor: GraphEditor) -> (function: ElementFunction, operands: [Operand])? {
        let x = Operand.value(node.inputs[0])
        if node.version ?? editor.opset < 11 {
            func limit(_ name: String) -> Float? { if case .float(let value)? = node.attributes[name] { value } else { nil } }
            return (.clip, [x, .number(limit("min") ?? -.greatestFiniteMagnitude), .number(limit("max") ?? .greatestFiniteMagnitude)])
        }
        let limits = node.inputs.dropFirst()
        guard limits.allSatisfy({ $0.isEmpty || isLimit($0, of: node.inputs[0], editor) }) else { return nil }
        let (low, high) = (limits.first.flatMap { $0.isEmpty ? nil : $0 }, limits.dropFirst().first.flatMap { $0.isEmpty ? nil : $0 })
        switch (low, high) {
        case (let low?, let high?): return (.clip, [x, .value(low), .value(high)])
        case (let low?, nil): return (.atLeast, [x, .value(low)])
        case (nil, let high?): return (.atMost, [x, .value(high)])
        case (nil, nil): return nil
        }
    }

    /// Whether the value has one element, and no more axes than `x` to which it is to broadcast.
    private static func isLimit(_ name: String, of x: String, _ editor: GraphEditor) -> Bool {
        guard let shape = editor.shape(name), shape.allSatisfy({ $0 == .known(1) }) else { return false }
        return shape.isEmpty || (editor.shape(x)?.count).map { shape.count <= $0 } ?? false
    }
}
