internal import Bytes
internal import GraphIR
internal import OpLibrary
internal import OrderedCollections

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Linear layers with constant weights, in the precision that the session asks for. All else stays in float.
struct ChoosePrecision {
    static let name = "choose precision"

    let precision: SessionOptions.Precision
    /// Names of nodes that stay in float, as the shell's patterns.
    let kept: [String]

    /// Throws `.usage` for a pattern that fits no layer.
    func run(_ editor: GraphEditor) throws {
        var unused = Set(kept)
        for (index, node) in editor.nodes.enumerated() {
            guard var node, node.domain == Fused.domain, node.opType == "Linear" else { continue }
            let fitting = kept.filter { unsafe fnmatch($0, node.name, 0) == 0 }
            unused.subtract(fitting)
            if let pattern = fitting.first {
                editor.refuse(node, "'\(quoted(pattern))' keeps it in fp32")
            } else if editor.constant(node.inputs[1]) == nil {
                editor.refuse(node, "its weights are not constant")
            } else {
                node.attributes["precision"] = .string(precision.rawValue)
                editor.replace(index, with: node, as: precision.rawValue)
            }
        }
        if let pattern = kept.first(where: unused.contains) {
            throw ONNXError(.usage, "no linear layer is named '\(quoted(pattern))'", remedy: "`onnx-run inspect --passes` lists them")
        }
    }

    /// What the user should know of this machine.
    static func note(_ precision: SessionOptions.Precision) -> String? {
        guard precision == .bf16, !PackedBrain.isFast else { return nil }
        return "this processor has no bfloat16 products (AVX512_BF16): bf16 takes fp32's time and gives the bits that it gives elsewhere"
    }
}
