internal import Bytes
internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// A graph while passes change it: who makes and who reads each value, and what is known of it.
///
/// Subgraphs are read, not changed: what they capture counts as a use. A body has an editor of its own.
final class GraphEditor {
    private(set) var nodes: [Node?]
    /// Nodes that go before the one at an index.
    private var inserted: [Int: [Node]] = [:]
    private(set) var initializers: OrderedDictionary<String, Tensor>
    private let graph: Graph
    private let scope: OuterScope
    /// The version of ONNX's own operators.
    let opset: Int
    let padding: SessionOptions.Padding
    private let outputs: Set<String>
    private let inputs: Set<String>
    private var producers: [String: Int] = [:]
    private var uses: [String: Int] = [:]
    /// The nodes that read each value, subgraphs aside.
    private var readerIndices: [String: Set<Int>] = [:]
    private var types: [String: ValueType] = [:]
    private var elements: [String: [ShapeElement]] = [:]
    private var names: [String] = []
    private var taken: Set<String> = []
    private let opsets: OrderedDictionary<String, Int>
    private var isSorted = true
    /// Whether the pass that is running has changed anything.
    private(set) var isChanged = false
    /// What the pass that is running has done and refused.
    private(set) var report: PassReport

    /// `program` is the model's graph's own, with its types.
    init(
        _ model: Model, _ program: Program, pass: String, opset: Int, padding: SessionOptions.Padding = .compute, scope: OuterScope = OuterScope()
    ) {
        let graph = model.graph
        self.scope = scope
        self.opset = opset
        self.padding = padding
        opsets = model.opsetImports
        self.graph = graph
        nodes = graph.nodes
        initializers = graph.initializers
        inputs = Set(graph.inputs.map(\.name))
        outputs = Set(graph.outputs.map(\.name))
        report = PassReport(pass: pass)
        names = program.names
        for (id, name) in program.names.enumerated() {
            types[name] = program.types[id]
            elements[name] = program.elements[id]
        }
        for (index, node) in graph.nodes.enumerated() { link(node, index) }
    }

    /// The graph as it is now.
    var result: Graph {
        var result = graph
        let list = nodes.enumerated().flatMap { index, node in (inserted[index] ?? []) + (node.map { [$0] } ?? []) }
        result.nodes = isSorted ? list : Self.sorted(list)
        result.initializers = initializers
        return result
    }

    /// The nodes in their order, but each after those that it reads.
    private static func sorted(_ nodes: [Node]) -> [Node] {
        var makers: [String: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for name in node.outputs where !name.isEmpty { makers[name] = index }
        }
        var result: [Node] = []
        var isPlaced = [Bool](repeating: false, count: nodes.count)
        for start in nodes.indices {
            var open = [start]
            // A node is placed when what it reads is; a cycle, which there is none of, would end at the count.
            while let index = open.last, open.count <= nodes.count {
                let missing = isPlaced[index] ? [] : (nodes[index].inputs + captures(nodes[index])).compactMap { makers[$0] }.filter { !isPlaced[$0] }
                if let next = missing.first {
                    open.append(next)
                    continue
                }
                open.removeLast()
                if !isPlaced[index] { result.append(nodes[index]) }
                isPlaced[index] = true
            }
        }
        return result
    }

    // MARK: what is there

    func producer(_ name: String) -> (index: Int, node: Node)? {
        guard let index = producers[name], let node = nodes[index] else { return nil }
        return (index, node)
    }

    func type(_ name: String) -> ValueType? { types[name] ?? constant(name).map { Value.tensor($0).type } }
    func shape(_ name: String) -> [Dimension]? { type(name)?.shape }
    func isFloat(_ name: String) -> Bool { type(name)?.elementType == .float }
    func isInput(_ name: String) -> Bool { inputs.contains(name) }
    func isOutput(_ name: String) -> Bool { outputs.contains(name) }
    func useCount(_ name: String) -> Int { uses[name] ?? 0 }

    /// A value that is the same in every run.
    func constant(_ name: String) -> Tensor? {
        if inputs.contains(name) || producers[name] != nil { return nil }
        return initializers[name] ?? scope.constants[name]
    }

    /// The one element of a constant.
    func scalar(_ name: String) -> Double? {
        guard let tensor = constant(name), tensor.count == 1 else { return nil }
        switch tensor.elementType {
        case .float: return (try? tensor.elements(Float.self)).map { Double($0[0]) }
        case .double: return (try? tensor.elements(Double.self)).map { $0[0] }
        case .int64, .int32: return (try? tensor.ints()).flatMap(\.first).map(Double.init)
        default: return nil
        }
    }

    func integers(_ name: String) -> [Int]? { constant(name).flatMap { try? $0.ints() } }

    /// What is known of the elements of a value that holds sizes, each an extent of the named value.
    func sizes(_ name: String) -> [(extentOf: String?, axis: Int, size: Int?)]? {
        if let constant = integers(name) { return constant.map { (nil, 0, $0) } }
        return elements[name]?.map { element in
            switch element {
            case .known(let size): (nil, 0, size)
            case .extent(let id, let axis): (names[id], axis, nil)
            case .unknown: (nil, 0, nil)
            }
        }
    }

    /// Nodes of one operator of ONNX's own domain, in order.
    func nodes(of type: String) -> [(index: Int, node: Node)] {
        nodes.enumerated().compactMap { index, node in
            guard let node, node.opType == type, node.domain.isEmpty else { return nil }
            return (index, node)
        }
    }

    /// The node that reads `name`, if it is the only use.
    func onlyReader(_ name: String) -> (index: Int, node: Node)? {
        guard isInner(name) else { return nil }
        guard let index = readerIndices[name]?.first, let node = nodes[index] else { return nil }
        return (index, node)
    }

    /// The nodes that read `name`, subgraphs aside.
    func readers(_ name: String) -> [(index: Int, node: Node)] {
        (readerIndices[name] ?? []).sorted().compactMap { index in nodes[index].map { (index, $0) } }
    }

    /// Whether exactly one node reads the value, once, and nobody outside sees it.
    func isInner(_ name: String) -> Bool { useCount(name) == 1 && !isOutput(name) }

    /// How index i of axis `axis` of the node's first output depends on each input; a left-out input doesn't matter.
    func sources(of axis: Int, _ node: Node) -> [AxisSource] {
        let mixed = node.inputs.map { _ in AxisSource.mixed }
        guard let opset = node.version ?? opsets[node.domain] ?? (node.domain.isEmpty ? opsets["ai.onnx"] : nil),
            let operation = try? Registry.standard.bind(node, opset: opset)
        else { return mixed }
        let types = Inference(
            inputs: node.inputs.map { $0.isEmpty ? nil : type($0) }, constants: node.inputs.map { constant($0) }, outputCount: node.outputs.count)
        return node.inputs.indices.map { node.inputs[$0].isEmpty ? .whole : operation.source(of: axis, input: $0, types) }
    }

    /// A name that nothing has yet.
    func newName(_ base: String) -> String {
        if taken.isEmpty { taken = Set(names).union(initializers.keys).union(scope.names) }
        let name = taken.contains(base) ? (2...).lazy.map { "\(base)_\($0)" }.first { !taken.contains($0) } ?? base : base
        taken.insert(name)
        return name
    }

    /// A constant of these integers, the same one for the same integers.
    func constantName(_ values: [Int64], like base: String, isScalar: Bool = false) -> String {
        let name = "\(base)\(isScalar ? "" : "s")_" + values.map(String.init).joined(separator: "_")
        if let found = constant(name), found.rank == (isScalar ? 0 : 1), (try? found.ints()) == values.map({ Int($0) }) { return name }
        let new = newName(name)
        if let tensor = try? Tensor(values, shape: isScalar ? [] : [values.count]) { addConstant(tensor, for: new) }
        return new
    }

    // MARK: changes

    /// Puts `node` in the place of the node at `index` and takes `others` away.
    func replace(_ index: Int, with node: Node, removing others: [Int] = [], as kind: String) {
        replaceQuietly(index, with: node, removing: others)
        patched(kind, node)
    }

    /// As `replace`, for what only serves another patch.
    func replaceQuietly(_ index: Int, with node: Node, removing others: [Int] = []) {
        for other in Set(others + [index]) { remove(other) }
        nodes[index] = node
        link(node, index)
    }

    /// Puts a node before the one at `index`.
    func insert(_ node: Node, before index: Int) {
        inserted[index, default: []].append(node)
        for name in node.inputs where !name.isEmpty { uses[name, default: 0] += 1 }
    }

    /// Whether an inserted node makes the value.
    func isInserted(_ name: String) -> Bool { inserted.values.contains { $0.contains { $0.outputs.contains(name) } } }

    /// Lets the graph have its nodes in an order in which each comes after those that it reads.
    func sortNodes() { isSorted = false }

    func remove(_ index: Int) {
        guard let node = nodes[index] else { return }
        isChanged = true
        nodes[index] = nil
        for name in node.inputs + GraphEditor.captures(node) where !name.isEmpty { uses[name, default: 0] -= 1 }
        for name in node.inputs { readerIndices[name]?.remove(index) }
        for name in node.outputs where producers[name] == index { producers[name] = nil }
    }

    /// Lets every node that reads `old` read `new`. False where a subgraph or the graph's outputs name it.
    func redirect(_ old: String, to new: String) -> Bool {
        guard !isOutput(old) else { return false }
        let readers = readerIndices[old] ?? []
        let direct = readers.reduce(0) { count, index in count + (nodes[index]?.inputs.count { $0 == old } ?? 0) }
        guard direct == useCount(old) else { return false }
        for index in readers {
            guard var node = nodes[index] else { continue }
            node.inputs = node.inputs.map { $0 == old ? new : $0 }
            nodes[index] = node
        }
        isChanged = true
        uses[old] = 0
        uses[new, default: 0] += direct
        readerIndices[old] = nil
        readerIndices[new, default: []].formUnion(readers)
        return true
    }

    /// A new constant.
    func addConstant(_ tensor: Tensor, for name: String) {
        initializers[name] = tensor
        types[name] = Value.tensor(tensor).type
    }

    func removeConstants(where isRemoved: (String) -> Bool) { initializers.removeAll { isRemoved($0.key) } }

    func patched(_ kind: String, _ node: Node) { report.patches.append(PassReport.Patch(kind: kind, node: node.description + scope.place)) }

    func refuse(_ node: Node, _ reason: String) { report.refusals.append(PassReport.Refusal(node: node.description + scope.place, reason: reason)) }

    private func link(_ node: Node, _ index: Int) {
        for name in node.inputs + GraphEditor.captures(node) where !name.isEmpty { uses[name, default: 0] += 1 }
        for name in node.inputs where !name.isEmpty { readerIndices[name, default: []].insert(index) }
        for name in node.outputs where !name.isEmpty { producers[name] = index }
    }

    /// The names that a node's subgraphs read of the graph around them.
    static func captures(_ node: Node) -> [String] {
        var found: [String] = []
        for attribute in node.attributes.values {
            guard case .graph(let graph) = attribute else { continue }
            let own = Set(graph.inputs.map(\.name) + graph.initializers.keys + graph.nodes.flatMap(\.outputs))
            let read = graph.nodes.flatMap { $0.inputs + captures($0) } + graph.outputs.map(\.name)
            found += read.filter { !own.contains($0) && !$0.isEmpty }
        }
        return found
    }
}

extension Node {
    /// An attribute that is an integer.
    func integer(_ name: String) -> Int64? { if case .int(let value)? = attributes[name] { value } else { nil } }
}

/// What a pass did to a graph.
package struct PassReport: Sendable {
    /// A place that a pass has changed.
    package struct Patch: Sendable {
        /// What was done, or what was found: `gelu`, `attention`.
        package let kind: String
        package let node: String
    }
    /// A place where a pass found the beginning of its pattern and not the rest.
    package struct Refusal: Sendable {
        package let node: String
        package let reason: String
    }
    package let pass: String
    package internal(set) var patches: [Patch] = []
    package internal(set) var refusals: [Refusal] = []

    init(pass: String) { self.pass = pass }
}
