internal import Bytes
internal import OrderedCollections

/// What a call finds a function by.
struct FunctionKey: Hashable, CustomStringConvertible {
    let domain: String
    let name: String
    let overload: String

    init(_ function: Function) {
        (domain, name, overload) = (function.domain, function.name, function.overload)
    }

    init(_ node: Node) {
        (domain, name, overload) = (node.domain, node.opType, node.overload)
    }

    /// The key of the function without an overload's name.
    var base: FunctionKey { FunctionKey(domain, name, "") }

    private init(_ domain: String, _ name: String, _ overload: String) {
        (self.domain, self.name, self.overload) = (domain, name, overload)
    }

    var description: String {
        (domain.isEmpty ? "" : quoted(domain) + ".") + quoted(name) + (overload.isEmpty ? "" : ":" + quoted(overload))
    }
}

/// The functions of a model by key, and what they call.
struct FunctionTable {
    private(set) var functions: [FunctionKey: Function] = [:]
    private let overloads: [FunctionKey: [String]]

    init(_ list: [Function]) throws(ONNXError) {
        var overloads: [FunctionKey: [String]] = [:]
        for function in list {
            let key = FunctionKey(function)
            guard functions.updateValue(function, forKey: key) == nil else {
                throw ONNXError(.malformed, "the function \(key) is defined twice")
            }
            overloads[key.base, default: []].append(function.overload)
        }
        self.overloads = overloads
    }

    /// The function that `node` calls; nil for an operator.
    func function(for node: Node) throws(ONNXError) -> Function? {
        if let function = functions[FunctionKey(node)] { return function }
        guard let overloads = overloads[FunctionKey(node).base] else { return nil }
        let known = overloads.map { $0.isEmpty ? "one without a name" : "'\(quoted($0))'" }.joined(separator: ", ")
        throw ONNXError(
            .unsupported, "the function \(quoted(node.opType)) has no overload '\(quoted(node.overload))'; it has \(known)", place: ["node \(node)"])
    }

    /// What inlining would make of a function or graph.
    private struct Size {
        var nodes = 0
        var depth = 0
    }

    /// Refuses functions that call themselves, and graphs that would grow beyond the limits, before anything is expanded.
    func checkExpansion(of graph: Graph, limits: Limits) throws(ONNXError) {
        var sizes: [FunctionKey: Size] = [:]
        for key in try calleesFirst() {
            guard let function = functions[key] else { continue }
            sizes[key] = size(of: function.nodes, sizes)
        }
        let whole = size(of: graph.nodes, sizes)
        guard whole.nodes <= limits.nodes else {
            let count = whole.nodes == Int.max ? "more nodes than can be counted" : "\(whole.nodes) nodes"
            throw ONNXError(.limit, "with its functions inlined the graph would have \(count), more than \(limits.nodes)", remedy: "raise Limits.nodes")
        }
        guard whole.depth < limits.subgraphDepth else {
            throw ONNXError(
                .limit, "with its functions inlined the graph would nest more than \(limits.subgraphDepth) deep", remedy: "raise Limits.subgraphDepth")
        }
    }

    private func size(of nodes: [Node], _ sizes: [FunctionKey: Size]) -> Size {
        var sum = Size()
        for node in nodes {
            var own = sizes[FunctionKey(node)] ?? Size(nodes: 1)
            for graph in node.subgraphs {
                let inner = size(of: graph.nodes, sizes)
                own.nodes = Self.sum(own.nodes, inner.nodes)
                own.depth = max(own.depth, inner.depth + 1)
            }
            // A function may be empty, and calling it is still work.
            sum.nodes = Self.sum(sum.nodes, max(own.nodes, 1))
            sum.depth = max(sum.depth, own.depth)
        }
        return sum
    }

    private static func sum(_ a: Int, _ b: Int) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? Int.max : sum
    }

    /// Every function after those that it calls. Throws for a cycle, naming it.
    private func calleesFirst() throws(ONNXError) -> [FunctionKey] {
        enum Mark { case open, done }
        var marks: [FunctionKey: Mark] = [:]
        var order: [FunctionKey] = []
        for start in functions.keys where marks[start] == nil {
            var path: [(key: FunctionKey, callees: ArraySlice<FunctionKey>)] = [(start, callees(start)[...])]
            marks[start] = .open
            while !path.isEmpty {
                guard let next = path[path.count - 1].callees.popFirst() else {
                    let (key, _) = path.removeLast()
                    marks[key] = .done
                    order.append(key)
                    continue
                }
                switch marks[next] {
                case .done: continue
                case nil:
                    marks[next] = .open
                    path.append((next, callees(next)[...]))
                case .open:
                    let cycle = path.drop { $0.key != next }.map(\.key.description) + [next.description]
                    let shown = cycle.count <= 20 ? cycle : cycle.prefix(18) + ["…", next.description]
                    throw ONNXError(.malformed, "functions call themselves: \(shown.joined(separator: " → "))")
                }
            }
        }
        return order
    }

    private func callees(_ key: FunctionKey) -> [FunctionKey] {
        var found: OrderedSet<FunctionKey> = []
        var graph = Graph()
        graph.nodes = functions[key]?.nodes ?? []
        graph.forEachNode { node in
            let callee = FunctionKey(node)
            if functions[callee] != nil { found.append(callee) }
        }
        return Array(found)
    }
}
