internal import Bytes
public import GraphIR
public import OrderedCollections
internal import Tensors

/// A graph in the making: nodes are added one after another, and each is referred to by the name of the value that it makes.
///
/// Nodes are named by where they stand (`/transformer/layer.0/ffn/MatMul`), values by the node that makes them.
public struct GraphBuilder {
    /// The version of ONNX's own operators that the nodes are written in.
    public let opset: Int
    /// The type that weights, and all that is computed of them, have.
    let elementType: ElementType
    /// What the names of constants begin with, and those of weights never.
    static let constantPrefix = "/constants/"
    private(set) var graph: Graph
    private var scopes: [String] = []
    private var counts: [String: Int] = [:]
    /// The first error of a constant that couldn't be made; thrown by `finish`.
    private var failure: (any Error)?

    init(name: String, opset: Int, elementType: ElementType) {
        self.opset = opset
        self.elementType = elementType
        graph = Graph(name: name)
    }

    /// Adds a node of one output and says the output's name. An optional input that is left out is an empty name.
    public mutating func apply(_ opType: String, _ inputs: [String], _ attributes: OrderedDictionary<String, Attribute> = [:]) -> String {
        apply(opType, inputs, attributes, outputs: 1)[0]
    }

    /// Adds a node of several outputs and says their names.
    public mutating func apply(_ opType: String, _ inputs: [String], _ attributes: OrderedDictionary<String, Attribute> = [:], outputs: Int) -> [String] {
        let path = "/" + (scopes + [opType]).joined(separator: "/")
        let count = counts[path, default: 0]
        counts[path] = count + 1
        let name = count == 0 ? path : "\(path)_\(count)"
        let names = (0..<outputs).map { "\(name)_output_\($0)" }
        graph.nodes.append(Node(opType, name: name, inputs: inputs, outputs: names, attributes: attributes))
        return names
    }

    /// A number of the type of the weights, without axes.
    public mutating func constant(_ value: Double) -> String {
        constant(Self.constantPrefix + "\(value)") { type in
            switch type {
            case .double: try Tensor(scalar: value)
            case .float16: try Tensor(scalar: Float16(value))
            case .bfloat16: try Tensor(scalar: BFloat16(Float(value)))
            default: try Tensor(scalar: Float(value))
            }
        }
    }

    /// Integers along one axis: axes, a shape or sizes.
    public mutating func integers(_ values: [Int]) -> String {
        constant(Self.constantPrefix + "[" + values.map(String.init).joined(separator: ",") + "]") { _ in
            try Tensor(values.map(Int64.init), shape: [values.count])
        }
    }

    /// An integer without axes.
    public mutating func integer(_ value: Int) -> String {
        constant(Self.constantPrefix + "integer/\(value)") { _ in try Tensor(scalar: Int64(value)) }
    }

    /// A truth value without axes.
    mutating func bool(_ value: Bool) -> String {
        constant(Self.constantPrefix + "\(value)") { _ in try Tensor(scalar: TensorBool(value)) }
    }

    private mutating func constant(_ name: String, _ make: (ElementType) throws -> Tensor) -> String {
        guard graph.initializers[name] == nil else { return name }
        do { graph.initializers[name] = try make(elementType) } catch { failure = failure ?? error }
        return name
    }

    /// Adds a weight under its name, as it is.
    mutating func weight(_ name: String, _ weights: OrderedDictionary<String, Tensor>) throws(ONNXError) -> String {
        guard graph.initializers[name] == nil else { return name }
        guard let tensor = weights[name] else { throw ONNXError(.usage, "the weight '\(name)' is missing", remedy: "load a checkpoint that has it") }
        guard tensor.elementType == elementType else {
            throw ONNXError(
                .usage, "the weight '\(name)' is of type \(tensor.elementType), but others are of \(elementType)", remedy: "convert them to one type")
        }
        graph.initializers[name] = tensor
        return name
    }

    /// Adds an input of the graph.
    mutating func input(_ name: String, _ type: ElementType, _ shape: [Dimension]) -> String {
        graph.inputs.append(ValueInfo(name, .tensor(type, shape)))
        return name
    }

    /// Makes `value` the output called `name`.
    mutating func output(_ name: String, _ value: String, _ shape: [Dimension], _ type: ElementType? = nil) {
        graph.nodes.append(Node("Identity", name: "/outputs/\(name)", inputs: [value], outputs: [name]))
        graph.outputs.append(ValueInfo(name, .tensor(type ?? elementType, shape)))
    }

    /// Names what `body` adds by where it stands.
    mutating func scoped<R>(_ name: String, _ body: (inout GraphBuilder) throws -> R) rethrows -> R {
        scopes.append(name)
        defer { scopes.removeLast() }
        return try body(&self)
    }

    /// The graph, outputs under their own names. Throws the error of the first constant that couldn't be made.
    func finish() throws -> Graph {
        if let failure { throw failure }
        return graph.renamingOutputs()
    }
}

extension Graph {
    /// The graph without the Identity nodes at its outputs, where the value that they copy is made by a node and is an output once.
    fileprivate func renamingOutputs() -> Graph {
        var graph = self
        let made = Set(nodes.flatMap(\.outputs))
        var names: [String: String] = [:]
        var copies: Set<String> = []
        for node in nodes where node.opType == "Identity" && node.name.hasPrefix("/outputs/") {
            guard made.contains(node.inputs[0]), names[node.inputs[0]] == nil else { continue }
            names[node.inputs[0]] = node.outputs[0]
            copies.insert(node.name)
        }
        graph.nodes = nodes.filter { !copies.contains($0.name) }.map { node in
            var node = node
            node.inputs = node.inputs.map { names[$0] ?? $0 }
            node.outputs = node.outputs.map { names[$0] ?? $0 }
            return node
        }
        return graph
    }
}
