internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// Elements that are dequantized, moved and quantized as they were: the integers move.
///
/// Integers of up to 16 bits come back from the float that stands for them, whose error is far below half a step.
enum MoveQuantized: Pass {
    static let name = "move quantized elements"

    /// Operators that only move elements of their first input.
    private static let movers: Set<String> = ["Flatten", "Gather", "Reshape", "Squeeze", "Transpose", "Unsqueeze"]
    private static let types: Set<ElementType> = [.int8, .uint8, .int16, .uint16]
    /// Scales that no element over- or underflows by.
    private static let scales: ClosedRange<Float> = 1e-30...1e30

    static func run(_ editor: GraphEditor) {
        for (index, node) in editor.nodes(of: "QuantizeLinear") {
            guard let mover = editor.producer(node.inputs[0])?.node, mover.domain.isEmpty, movers.contains(mover.opType),
                let source = editor.producer(mover.inputs[0])?.node, source.opType == "DequantizeLinear", source.domain.isEmpty
            else { continue }
            guard source.inputs.dropFirst() == node.inputs.dropFirst(), isOneScale(source, editor), isOneScale(node, editor),
                let type = editor.type(source.inputs[0])?.elementType, types.contains(type), editor.type(node.outputs[0])?.elementType == type
            else {
                editor.refuse(node, "what it quantizes was dequantized by another scale, or by more than one")
                continue
            }
            let moved = Node(
                mover.opType, name: mover.name, inputs: [source.inputs[0]] + mover.inputs.dropFirst(), outputs: node.outputs, attributes: mover.attributes)
            editor.replace(index, with: moved, as: "moved")
        }
    }

    private static func isOneScale(_ node: Node, _ editor: GraphEditor) -> Bool {
        guard editor.isFloat(node.inputs[1]), let scale = editor.constant(node.inputs[1]), scale.rank <= 1, let value = editor.scalar(node.inputs[1]),
            scales.contains(abs(Float(value))), editor.type(node.inputs[0])?.elementType == .float || editor.isFloat(node.outputs[0])
        else { return false }
        let isZeroConstant = node.inputs.count < 3 || node.inputs[2].isEmpty || editor.constant(node.inputs[2])?.count == 1
        return isZeroConstant && !["block_size", "precision", "output_dtype"].contains { node.integer($0) ?? 0 != 0 }
    }
}
