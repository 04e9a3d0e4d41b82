internal import Bytes
internal import GraphIR
package import Tensors

/// How the second operand of a node meets the first. From opset 7 on NumPy's rule says it. Before, the second is as large as the first, or where
/// attribute `broadcast` allows it has one element or runs along the first's axes from attribute `axis` on, which are the last ones by default.
package struct OperandAlignment: Sendable {
    private enum Rule {
        case broadcast
        case equal
        /// Along the first operand's axes from this one on; nil for its last ones.
        case along(axis: Int?)
    }

    private let rule: Rule

    /// The rule that the node's version and attributes say.
    package init(_ node: NodeReader) throws {
        if node.opset >= 7 {
            rule = .broadcast
        } else {
            rule = try node.flag("broadcast") ? .along(axis: node.optionalInt("axis")) : .equal
        }
    }

    /// The rule of an operator whose second operand runs along the first's axes from `axis` on before opset 7.
    package init(_ node: NodeReader, axisBeforeBroadcasting axis: Int) {
        rule = node.opset >= 7 ? .broadcast : .along(axis: axis)
    }

    /// The attributes of a schema.
    package static let attributes: [AttributeSchema] = [.optional("axis", .int, until: 6), .defaulted("broadcast", .int(0), until: 6)]

    /// Whether NumPy's rule holds.
    package var isBroadcast: Bool { if case .broadcast = rule { true } else { false } }

    /// The shape of the result. Throws `.shape` when the operands don't fit each other.
    package func infer(_ types: Inference) throws -> [Dimension]? {
        if case .broadcast = rule { return try Inference.broadcast([types.shape(0), types.shape(1)]) }
        if let a = types.type(0)?.knownShape, let b = types.type(1)?.knownShape { _ = try align(b, to: a) }
        return types.shape(0)
    }

    /// `b` in the shape that NumPy's rule broadcasts to where it belongs in `a`. Throws `.shape` when it doesn't fit.
    package func align(_ b: Tensor, to a: Tensor) throws -> Tensor {
        if case .broadcast = rule { return b }
        return try b.reshaped(try align(b.shape, to: a.shape))
    }

    private func align(_ b: [Int], to a: [Int]) throws -> [Int] {
        guard case .along(let axis) = rule else {
            guard a == b else {
                throw ONNXError(
                    .shape, "the operands have shapes \(Shape.text(a)) and \(Shape.text(b)), which before opset 7 must be equal",
                    remedy: "attribute 'broadcast' of 1 lets the second repeat")
            }
            return b
        }
        if b.allSatisfy({ $0 == 1 }) { return [] }
        let start = axis ?? a.count - b.count
        guard start >= 0, start <= a.count - b.count, zip(a[start...], b).allSatisfy({ $1 == $0 || $1 == 1 }) else {
            throw ONNXError(.shape, "the second operand's shape \(Shape.text(b)) isn't the first's \(Shape.text(a)) from axis \(start) on")
        }
        return b + [Int](repeating: 1, count: a.count - b.count - start)
    }
}
