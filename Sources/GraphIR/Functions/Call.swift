internal import Bytes
internal import OrderedCollections

/// One call of a function: what the names of its body stand for. A graph within the body has one of its own, which sees that of the body.
final class Call {
    let function: Function
    /// Begins the names of what the call makes.
    let prefix: String
    private let outer: Call?
    private let node: Node
    private var names: [String: String] = [:]
    /// Names that the caller gave to outputs.
    private var wanted: [String: String] = [:]
    /// Outputs that no node of the body makes under their own name: inputs, and those that are listed before.
    private var passed: [(formal: String, actual: String)] = []
    private let attributes: OrderedDictionary<String, Attribute>

    /// Throws `.malformed` where `node` gives what the function doesn't take.
    init(of function: Function, by node: Node, within caller: Call?) throws(ONNXError) {
        self.function = function
        self.node = node
        outer = nil
        let label = node.name.isEmpty ? (caller.map { $0.prefix + "/" } ?? "") + node.opType : node.name
        // Names must not grow with the depth of calls.
        prefix = label.utf8.count <= 256 ? label : node.opType
        attributes = node.attributes.merging(function.attributeDefaults) { given, _ in given }
        try checkFit()
        for (index, formal) in function.inputs.enumerated() { names[formal] = index < node.inputs.count ? node.inputs[index] : "" }
        for (formal, actual) in zip(function.outputs, node.outputs) where !actual.isEmpty {
            if names[formal] != nil || wanted[formal] != nil {
                passed.append((formal, actual))
            } else {
                wanted[formal] = actual
            }
        }
    }

    /// The names of a graph within the body.
    init(subgraphOf call: Call) {
        function = call.function
        prefix = call.prefix
        outer = call
        node = call.node
        attributes = call.attributes
    }

    private func checkFit() throws(ONNXError) {
        func refuse(_ message: String) -> ONNXError {
            ONNXError(.malformed, "the function \(FunctionKey(function)) \(message)", place: ["node \(node)"])
        }
        guard node.inputs.count <= function.inputs.count else { throw refuse("takes \(function.inputs.count) inputs, the node gives \(node.inputs.count)") }
        guard node.outputs.count <= function.outputs.count else {
            throw refuse("has \(function.outputs.count) outputs, the node wants \(node.outputs.count)")
        }
        for name in node.attributes.keys where !function.attributeNames.contains(name) && function.attributeDefaults[name] == nil {
            let known = function.attributeNames + function.attributeDefaults.keys
            throw refuse("has no attribute '\(quoted(name))' (\(known.isEmpty ? "it has none" : known.map { quoted($0) }.joined(separator: ", ")))")
        }
    }

    /// What the body's `name` stands for.
    func actual(_ name: String) throws(ONNXError) -> String {
        if name.isEmpty { return "" }
        if let actual = definedName(name) { return actual }
        guard let outer else {
            throw ONNXError(
                .malformed, "'\(quoted(name))' is made by no earlier node of the function and is none of its inputs: a body sees nothing of its caller")
        }
        return try outer.actual(name)
    }

    /// What `name` stands for, if this very graph defines it.
    func definedName(_ name: String) -> String? { names[name] }

    /// The name that the body's new value `name` gets.
    func define(_ name: String, _ inliner: Inliner) -> String {
        let actual = wanted[name] ?? inliner.unique(prefix + "/" + name)
        names[name] = actual
        return actual
    }

    /// The version that the body's operators of a domain are written in.
    func version(of node: Node) throws(ONNXError) -> Int {
        if let version = node.version ?? function.opsetImports[node.domain] { return version }
        let domain = node.domain.isEmpty ? "ai.onnx" : quoted(node.domain)
        throw ONNXError(.malformed, "the function doesn't import the domain \(domain)", remedy: "add it to the function's opset_import")
    }

    /// The value of the function's attribute in this call; nil where neither the call nor a default gives one.
    func attribute(_ name: String, _ kind: AttributeKind) throws(ONNXError) -> Attribute? {
        guard let value = attributes[name] else { return nil }
        guard value.kind == kind.dense else {
            throw ONNXError(.malformed, "refers to the attribute '\(quoted(name))' of type \(value.kind) as \(kind)")
        }
        return value
    }

    /// Copies of inputs, and second copies of outputs, that the caller wants under names of their own. Every output has been made now.
    func passedThrough() throws(ONNXError) -> [Node] {
        for formal in wanted.keys.sorted() where names[formal] == nil {
            throw ONNXError(
                .malformed, "no node of the body makes the output '\(quoted(formal))'", place: ["node \(node)", "function '\(quoted(function.name))'"])
        }
        return passed.map { formal, actual in
            var copy = Node("Identity", name: prefix + "/" + formal, inputs: [names[formal] ?? ""], outputs: [actual])
            copy.version = function.opsetImports[""]
            return copy
        }
    }
}

extension AttributeKind {
    /// The kind that a value has after reading: sparse tensors are dense then.
    var dense: AttributeKind {
        switch self {
        case .sparseTensor: .tensor
        case .sparseTensors: .tensors
        default: self
        }
    }
}
