internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Computes once what several nodes compute from the same values; small equal constants become one.
enum ShareEqualNodes: Pass {
    static let name = "share equal nodes"

    /// Larger constants are hardly ever equal and dear to compare.
    private static let comparedByteCount = 64

    static func run(_ editor: GraphEditor) {
        shareConstants(editor)
        var first: [String: Node] = [:]
        for index in editor.nodes.indices {
            guard let node = editor.nodes[index], let key = key(node) else { continue }
            guard let other = first[key] else {
                first[key] = node
                continue
            }
            let pairs = zip(node.outputs, other.outputs).filter { !$0.0.isEmpty }
            guard !pairs.contains(where: { $0.1.isEmpty || editor.isOutput($0.0) }) else { continue }
            if pairs.allSatisfy({ editor.redirect($0.0, to: $0.1) }) {
                editor.remove(index)
                editor.patched("shared", node)
            }
        }
    }

    private static func shareConstants(_ editor: GraphEditor) {
        var first: [String: String] = [:]
        for (name, tensor) in editor.initializers where !editor.isInput(name) && tensor.byteCount <= comparedByteCount {
            guard let key = key(tensor) else { continue }
            guard let other = first[key] else {
                first[key] = name
                continue
            }
            _ = editor.redirect(name, to: other)
        }
    }

    private static func key(_ tensor: Tensor) -> String? {
        guard tensor.byteCount <= comparedByteCount, let bytes = try? tensor.bytes() else { return nil }
        return "\(tensor)" + bytes.map { String($0, radix: 16) }.joined(separator: ",")
    }

    /// What two nodes have in common that compute the same; nil for those that may not be shared.
    private static func key(_ node: Node) -> String? {
        guard let type = Registry.standard.lookUp(domain: node.domain, name: node.opType), type.schema.isDeterministic else { return nil }
        var parts = [node.domain, node.opType, node.overload, node.version.map(String.init) ?? "", "\(node.outputs.map(\.isEmpty))"] + node.inputs
        for (name, attribute) in node.attributes.sorted(by: { $0.key < $1.key }) {
            switch attribute {
            case .float(let value): parts.append("\(name)=f\(value.bitPattern)")
            case .floats(let values): parts.append("\(name)=f\(values.map(\.bitPattern))")
            case .int(let value): parts.append("\(name)=i\(value)")
            case .ints(let values): parts.append("\(name)=i\(values)")
            case .string(let value): parts.append("\(name)=s\(value)")
            case .tensor(let tensor):
                guard let key = key(tensor) else { return nil }
                parts.append("\(name)=t\(key)")
            default: return nil
            }
        }
        return parts.map { "\($0.utf8.count):\($0)" }.joined()
    }
}
