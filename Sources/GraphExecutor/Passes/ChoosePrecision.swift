internal import Bytes
internal import GraphIR
internal import OpLibrary
internal import OrderedCollections

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Linear layers with constant weights in the precision that the session asks for, and attention in bf16. All else stays in float.
///
/// Attention has no int8 form: its operands are new in each run, and softmax's weights need more than 8 bits. Where a processor has no bfloat16 products the
/// same bits come slower, in int8 sessions too: a session's results shouldn't depend on the machine.
struct ChoosePrecision {
    static let name = "choose precision"

    let precision: SessionOptions.Precision
    /// Names of nodes that stay in float, as the shell's patterns.
    let kept: [String]

    /// Throws `.usage` for a pattern that fits no node that could be chosen.
    func run(_ editor: GraphEditor) throws {
        var unused = Set(kept)
        for (index, node) in editor.nodes.enumerated() {
            guard var node, let choice = choice(for: node) else { continue }
            let fitting = kept.filter { unsafe fnmatch($0, node.name, 0) == 0 }
            unused.subtract(fitting)
            if let pattern = fitting.first {
                editor.refuse(node, "'\(quoted(pattern))' keeps it in fp32")
            } else if node.opType == "Linear", editor.constant(node.inputs[1]) == nil {
                editor.refuse(node, "its weights are not constant")
            } else {
                node.attributes["precision"] = .string(choice.rawValue)
                editor.replace(index, with: node, as: choice.rawValue)
            }
        }
        if let pattern = kept.first(where: unused.contains) {
            throw ONNXError(.usage, "no linear layer or attention is named '\(quoted(pattern))'", remedy: "`onnx-run inspect --passes` lists them")
        }
    }

    private func choice(for node: Node) -> SessionOptions.Precision? {
        guard node.domain == Fused.domain else { return nil }
        return switch node.opType {
        case "Linear": precision
        case "Attention", "PackedAttention": .bf16
        default: nil
        }
    }

    /// What the user should know of this machine.
    static func note(_ precision: SessionOptions.Precision) -> String? {
        guard precision != .fp32, !PackedBrain.isFast else { return nil }
        let what = precision == .bf16 ? "bf16" : "attention in bf16"
        return "this processor has no bfloat16 products (AVX512_BF16): \(what) takes fp32's time or more and gives the bits that it gives elsewhere"
    }
}
