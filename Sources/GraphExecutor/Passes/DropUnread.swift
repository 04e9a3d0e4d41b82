internal import GraphIR
internal import OrderedCollections

/// Takes away nodes whose outputs nobody reads, and constants that no node reads any more.
enum DropUnread: Pass {
    static let name = "drop unread"

    static func run(_ editor: GraphEditor) {
        for index in editor.nodes.indices.reversed() {
            guard let node = editor.nodes[index], node.outputs.allSatisfy({ $0.isEmpty || editor.useCount($0) == 0 && !editor.isOutput($0) }) else { continue }
            editor.remove(index)
            editor.patched("dropped", node)
        }
        editor.removeConstants { editor.useCount($0) == 0 && !editor.isOutput($0) && !editor.isInput($0) }
    }
}
