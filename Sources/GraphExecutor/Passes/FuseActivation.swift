internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// GELU by erf or tanh, and SiLU, in any order of their sums and products.
enum FuseActivation: Pass {
    static let name = "fuse activations"

    private struct Form {
        /// The operator in the middle.
        let function: String
        /// What is under it, by powers of x.
        let argument: [Double]
        /// The result is plain(x) + factor(x) * function.
        let plain: [Double]
        let factor: [Double]
        let result: String
    }

    private static let forms = [
        Form(function: "Erf", argument: [0, 0.5.squareRoot()], plain: [0, 0.5], factor: [0, 0.5], result: "gelu"),
        Form(function: "Tanh", argument: geluTanhArgument, plain: [0, 0.5], factor: [0, 0.5], result: "gelu_tanh"),
        Form(function: "Sigmoid", argument: [0, 1], plain: [], factor: [0, 1], result: "silu"),
    ]

    private static let geluTanhArgument = [0, (2 / Double.pi).squareRoot(), 0, (2 / Double.pi).squareRoot() * 0.044715]

    static func run(_ editor: GraphEditor) {
        for form in forms {
            for (index, node) in editor.nodes(of: form.function) where editor.isFloat(node.inputs[0]) { fuse(index, node, form, editor) }
        }
        for (index, node) in editor.nodes(of: "Gelu") where editor.isFloat(node.inputs[0]) {
            var approximation = "none"
            if case .string(let found)? = node.attributes["approximate"] { approximation = found }
            guard ["none", "tanh"].contains(approximation) else { continue }
            editor.replaceQuietly(index, with: activation(approximation == "tanh" ? "gelu_tanh" : "gelu", node.inputs[0], node))
        }
    }

    private static func activation(_ function: String, _ x: String, _ result: Node) -> Node {
        Node("Activation", domain: Fused.domain, name: result.name, inputs: [x], outputs: result.outputs, attributes: ["function": .string(function)])
    }

    private static func fuse(_ index: Int, _ middle: Node, _ form: Form, _ editor: GraphEditor) {
        guard
            var tree = candidates(middle.inputs[0], editor).lazy.map({ Tree(editor: editor, x: $0) }).first(where: { tree in
                var tree = tree
                return tree.value(middle.inputs[0])?.isNear(form.argument) ?? false
            })
        else { return editor.refuse(middle, "its argument is not that of \(form.result)") }
        _ = tree.value(middle.inputs[0])
        let x = tree.x
        // From the function upwards, as long as one node alone reads the value.
        tree.function = middle.outputs[0]
        var name = middle.outputs[0]
        while let reader = editor.onlyReader(name), reader.node.domain.isEmpty, ["Add", "Mul", "Div", "Sub"].contains(reader.node.opType) {
            name = reader.node.outputs[0]
            tree.inner.insert(reader.index)
            guard let value = tree.value(name) else { break }
            guard value.isNear(form.plain, factor: form.factor) else { continue }
            tree.inner.insert(index)
            guard tree.isClosed(except: reader.index) else { return editor.refuse(middle, "a part of it has another use") }
            editor.replace(reader.index, with: activation(form.result, x, reader.node), removing: tree.inner.sorted(), as: form.result)
            return
        }
        editor.refuse(middle, "no \(form.result) follows")
    }

    /// The values in a tree of sums and products, any of which may be x.
    private static func candidates(_ name: String, _ editor: GraphEditor) -> [String] {
        var found = [name]
        var next = 0
        while next < found.count, found.count < 32 {
            defer { next += 1 }
            guard let node = editor.producer(found[next])?.node, node.domain.isEmpty, ["Add", "Sub", "Mul", "Div", "Pow"].contains(node.opType) else {
                continue
            }
            for input in node.inputs where editor.scalar(input) == nil && !found.contains(input) { found.append(input) }
        }
        return found
    }

    /// Nodes that stand between x and a result.
    private struct Tree {
        let editor: GraphEditor
        let x: String
        var function: String?
        var inner: Set<Int> = []

        init(editor: GraphEditor, x: String) {
            self.editor = editor
            self.x = x
        }

        mutating func value(_ name: String, depth: Int = 0) -> Polynomial? {
            if name == x { return .x }
            if name == function { return .function }
            if let number = editor.scalar(name) { return .constant(number) }
            guard depth < 10, let (index, node) = editor.producer(name), node.domain.isEmpty, node.inputs.count == 2,
                ["Add", "Sub", "Mul", "Div", "Pow"].contains(node.opType), let a = value(node.inputs[0], depth: depth + 1),
                let b = value(node.inputs[1], depth: depth + 1)
            else { return nil }
            inner.insert(index)
            switch node.opType {
            case "Add": return a + b
            case "Sub": return a + b.scaled(by: -1)
            case "Mul": return a * b
            case "Div": return b.number.flatMap { $0 == 0 ? nil : a.scaled(by: 1 / $0) }
            default:
                guard let power = b.number, power == power.rounded(), (1...4).contains(power) else { return nil }
                return (1..<Int(power)).reduce(a) { result, _ in result.flatMap { $0 * a } }
            }
        }

        /// Whether what the inner nodes make is read by inner nodes alone.
        func isClosed(except last: Int) -> Bool {
            inner.allSatisfy { index in
                guard index != last, let name = editor.nodes[index]?.outputs[0] else { return true }
                let reads = inner.reduce(0) { count, other in count + (editor.nodes[other]?.inputs.count { $0 == name } ?? 0) }
                return !editor.isOutput(name) && editor.useCount(name) == reads
            }
        }
    }
}
