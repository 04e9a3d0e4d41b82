/// Byte strings and their numbers, as a double array: a child of a node is one addition and one comparison away.
struct ByteTrie: Sendable {
    struct Node {
        /// Child `byte` of this node is at `base + byte`, if that node's parent is this one.
        var base: Int32 = 0
        var parent: Int32 = -1
        /// The number of the string that ends here, or -1.
        var value: Int32 = -1
    }

    static let root: Int32 = 0
    /// Long enough that every node's 256 places lie within.
    private(set) var nodes = [Node](repeating: Node(), count: 256)

    /// Of equal strings the last one's number counts.
    init(_ strings: [(bytes: [UInt8], value: Int32)]) {
        let order = strings.indices.sorted {
            strings[$0].bytes == strings[$1].bytes ? $0 < $1 : strings[$0].bytes.lexicographicallyPrecedes(strings[$1].bytes)
        }
        var pending: [(node: Int32, range: Range<Int>, depth: Int)] = [(Self.root, 0..<order.count, 0)]
        var edges: [(byte: UInt8, range: Range<Int>)] = []
        var firstFree = 1
        while case (let node, var range, let depth)? = pending.popLast() {
            while let first = range.first, strings[order[first]].bytes.count == depth {
                nodes[Int(node)].value = strings[order[first]].value
                range = range.dropFirst()
            }
            edges.removeAll(keepingCapacity: true)
            for index in range {
                let byte = strings[order[index]].bytes[depth]
                if edges.last?.byte == byte {
                    edges[edges.count - 1].range = edges[edges.count - 1].range.lowerBound..<index + 1
                } else {
                    edges.append((byte, index..<index + 1))
                }
            }
            guard let lowest = edges.first?.byte else { continue }
            let base = place(edges.map(\.byte), from: &firstFree, lowest: Int(lowest))
            nodes[Int(node)].base = Int32(truncatingIfNeeded: base)
            for edge in edges {
                let child = base + Int(edge.byte)
                nodes[child].parent = node
                pending.append((Int32(truncatingIfNeeded: child), edge.range, depth + 1))
            }
        }
    }

    /// A base under which every one of `bytes` has a free place.
    private mutating func place(_ bytes: [UInt8], from firstFree: inout Int, lowest: Int) -> Int {
        var position = max(firstFree, lowest + 1)
        var taken = 0
        while true {
            while position >= nodes.count { nodes += repeatElement(Node(), count: max(1024, nodes.count / 2)) }
            if nodes[position].parent >= 0 {
                taken += 1
                position += 1
                continue
            }
            let base = position - lowest
            if base + 256 > nodes.count { nodes += repeatElement(Node(), count: max(1024, nodes.count / 2)) }
            if bytes.allSatisfy({ nodes[base + Int($0)].parent < 0 }) {
                // A stretch that is nearly full is not searched again.
                if taken * 20 >= (position - firstFree + 1) * 19 { firstFree = position }
                return base
            }
            position += 1
        }
    }

    /// The child of `node` by `byte`, or -1.
    @inline(__always)
    func child(_ node: Int32, _ byte: UInt8) -> Int32 {
        let next = Int(nodes[Int(node)].base) + Int(byte)
        return nodes[next].parent == node ? Int32(truncatingIfNeeded: next) : -1
    }

    @inline(__always)
    func value(_ node: Int32) -> Int32 { nodes[Int(node)].value }

    /// The node at the end of `bytes`, or -1.
    func node(_ bytes: some Sequence<UInt8>) -> Int32 {
        var node = Self.root
        for byte in bytes {
            node = child(node, byte)
            if node < 0 { return -1 }
        }
        return node
    }

    /// The number of `bytes`, if it is one of the strings.
    func value(of bytes: some Sequence<UInt8>) -> Int32? {
        let node = node(bytes)
        return node >= 0 && value(node) >= 0 ? value(node) : nil
    }
}
