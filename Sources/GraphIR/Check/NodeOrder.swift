internal import OrderedCollections

/// Which nodes of a graph need which others, whatever order they stand in.
final class NodeOrder {
    private let graph: Graph
    private lazy var makers: [String: Int] = {
        var makers: [String: Int] = [:]
        for (index, node) in graph.nodes.enumerated() {
            for name in node.outputs where !name.isEmpty { makers[name] = index }
        }
        return makers
    }()
    /// The nodes that lie on a cycle or behind one.
    private lazy var stuck: Set<Int> = findStuck()

    init(_ graph: Graph) {
        self.graph = graph
    }

    func maker(of name: String) -> Node? {
        makers[name].map { graph.nodes[$0] }
    }

    /// The nodes of a cycle that node `index` waits for, the first one repeated at the end; nil where there is none.
    func cycle(through index: Int) -> [String]? {
        guard stuck.contains(index) else { return nil }
        var path = [index]
        var places = [index: 0]
        // Every stuck node needs another stuck one, so that the walk must come back to a node of the path.
        while let next = needs(path[path.count - 1]).first(where: stuck.contains) {
            if let start = places[next] {
                // What made each value comes before what reads it.
                let cycle = path[start...].reversed() as [Int]
                return (cycle + [cycle[0]]).map { "\(graph.nodes[$0])" }
            }
            places[next] = path.count
            path.append(next)
        }
        return nil
    }

    private func needs(_ index: Int) -> [Int] {
        graph.nodes[index].reads.compactMap { makers[$0] }
    }

    private func findStuck() -> Set<Int> {
        var readers: [Int: [Int]] = [:]
        var open: [Int] = []
        for index in graph.nodes.indices {
            let needed = Set(needs(index))
            open.append(needed.count)
            for maker in needed { readers[maker, default: []].append(index) }
        }
        var ready = graph.nodes.indices.filter { open[$0] == 0 }
        var stuck = Set(graph.nodes.indices)
        while let index = ready.popLast() {
            stuck.remove(index)
            for reader in readers[index] ?? [] {
                open[reader] -= 1
                if open[reader] == 0 { ready.append(reader) }
            }
        }
        return stuck
    }
}
