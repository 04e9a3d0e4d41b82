internal import Bytes

/// The B-tree (version 1) that indexes a group's symbols or a dataset's chunks.
enum HDF5Tree {
    enum Kind: UInt8 {
        case group = 0
        case chunks = 1
    }

    /// What the leaves point at, in order, each with the key before it, which has `keyWidth` bytes.
    static func leaves(
        at root: Int, _ kind: Kind, keyWidth: Int, in file: HDF5File, _ budget: inout HDF5Budget
    ) throws(ONNXError) -> [(key: ByteRegion, child: Int)] {
        var leaves: [(key: ByteRegion, child: Int)] = []
        var visited: Set<Int> = []
        var pending: [(address: Int, level: UInt8?)] = [(root, nil)]
        while let node = pending.popLast() {
            try budget.visit(1, file)
            var cursor = try file.cursor(at: node.address, signature: "TREE")
            guard visited.insert(node.address).inserted else { throw cursor.error(.malformed, "a B-tree that holds one of its nodes twice") }
            let found = try cursor.uint8()
            guard found == kind.rawValue else { throw cursor.error(.malformed, "a B-tree of type \(found) where one of \(kind) is expected") }
            let level = try cursor.uint8()
            guard level == node.level ?? level else { throw cursor.error(.malformed, "a B-tree node of level \(level) below one that is not the next") }
            let count = Int(try cursor.uint16())
            try cursor.skip(2 * file.addressWidth)
            try budget.visit(count, file)
            var children: [(address: Int, level: UInt8?)] = []
            for _ in 0..<count {
                let key = try cursor.take(keyWidth)
                guard let child = try cursor.address(file.addressWidth) else { throw cursor.error(.malformed, "a B-tree node without an address") }
                if level == 0 { leaves.append((key, child)) } else { children.append((child, level - 1)) }
            }
            pending += children.reversed()
        }
        return leaves
    }
}
