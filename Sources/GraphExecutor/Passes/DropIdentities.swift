internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// Takes away nodes whose output is their input: Identity, Dropout outside of training, casts to the same type.
enum DropIdentities: Pass {
    static let name = "drop identities"

    static func run(_ editor: GraphEditor) {
        for index in editor.nodes.indices {
            guard let node = editor.nodes[index], node.domain.isEmpty, let input = node.inputs.first, let output = node.outputs.first, !input.isEmpty,
                isIdentity(node, editor)
            else { continue }
            guard editor.redirect(output, to: input) else {
                editor.refuse(node, "its output is an output of the graph or read in a subgraph")
                continue
            }
            editor.remove(index)
            editor.patched("dropped", node)
        }
    }

    private static func isIdentity(_ node: Node, _ editor: GraphEditor) -> Bool {
        switch node.opType {
        case "Identity": return true
        case "Cast":
            guard case .int(let type)? = node.attributes["to"], let found = editor.type(node.inputs[0])?.elementType else { return false }
            return Int64(found.rawValue) == type
        case "CastLike":
            return editor.type(node.inputs[0])?.elementType != nil && editor.type(node.inputs[0])?.elementType == editor.type(node.inputs[1])?.elementType
        case "Dropout":
            let isRatioOnly = node.inputs.count < 3 || node.inputs[2].isEmpty
            let isMaskUnread = node.outputs.dropFirst().allSatisfy { $0.isEmpty || editor.useCount($0) == 0 && !editor.isOutput($0) }
            if editor.opset < 7 {
                guard case .int(let isTest)? = node.attributes["is_test"], isTest != 0 else { return false }
            }
            return isMaskUnread && (isRatioOnly || (try? editor.constant(node.inputs[2])?.bytes().first) == 0)
        case "Transpose":
            guard case .ints(let order)? = node.attributes["perm"] else { return false }
            return order == Array(0..<Int64(order.count))
        default: return false
        }
    }
}
