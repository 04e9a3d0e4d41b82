internal import Bytes
internal import GraphIR
internal import Tensors

/// The shared body of ArgMax and ArgMin: where on one axis the extreme element is.
package protocol ArgExtreme: Operator {
    var position: ArgPosition { get }
    static func isBetter<T: Arithmetic>(_ a: T, than b: T) -> Bool
}

/// The attributes of ArgMax and ArgMin.
package struct ArgPosition: Sendable {
    fileprivate let axis: Int
    fileprivate let keepsDimension: Bool
    fileprivate let selectsLast: Bool

    package init(_ node: NodeReader) throws {
        axis = try node.int("axis")
        keepsDimension = try node.flag("keepdims")
        selectsLast = node.optionalInt("select_last_index") ?? 0 != 0
    }
}

extension ArgExtreme {
    package func infer(_ types: Inference) throws {
        guard var shape = types.shape(0) else { return types.set(0, .int64, nil) }
        if shape.isEmpty { return types.set(0, .int64, [Dimension]()) }
        let axis = try types.axis(position.axis, rank: shape.count)
        guard shape[axis] != .known(0) else { throw ONNXError(.shape, "axis \(position.axis) has extent 0 and no extreme element") }
        if position.keepsDimension { shape[axis] = .known(1) } else { shape.remove(at: axis) }
        types.set(0, .int64, shape)
    }

    package func run(_ context: RunContext) throws {
        let x = try context.input(0)
        guard let axis = Shape.axis(position.axis, rank: Swift.max(x.rank, 1)) else {
            throw ONNXError(.shape, "axis \(position.axis) is out of range for \(x)")
        }
        let view = AxisView(x.rank == 0 ? [1] : x.shape, axis: axis)
        try x.elementType.visit(ArgLoop<Self>(context: context, x: x, view: view, selectsLast: position.selectsLast))
    }
}

private struct ArgLoop<Extreme: ArgExtreme>: ElementVisitor {
    let context: RunContext
    let x: Tensor
    let view: AxisView
    let selectsLast: Bool

    func visit<T: Arithmetic>(_ type: T.Type) throws {
        let (input, output, view, selectsLast) = (try x.elements(T.self), try context.output().elements(Int64.self), view, selectsLast)
        try context.parallel(view.rowCount, grain: view.grain) { rows in
            for row in rows {
                let start = view.start(row)
                var (place, best) = (0, input[start])
                for index in 1..<Swift.max(view.extent, 1) {
                    let value = input[start &+ index &* view.inner]
                    // The first NaN wins, as it does in NumPy.
                    let wins = !best.isNotANumber && (value.isNotANumber || Extreme.isBetter(value, than: best) || selectsLast && value == best)
                    if wins || selectsLast && value.isNotANumber { (place, best) = (index, value) }
                }
                output[row] = Int64(place)
            }
        }
    }
}

extension OperatorSchema {
    fileprivate static func arg(_ name: String) -> OperatorSchema {
        OperatorSchema(
            name, since: [1, 11, 12, 13], inputs: [.one("data", "T")], outputs: [.one("reduced", "tensor(int64)")],
            attributes: [.defaulted("axis", .int(0)), .defaulted("keepdims", .int(1)), .defaulted("select_last_index", .int(0), since: 12)],
            types: ["T": .tensors(.numeric), "tensor(int64)": .tensors(.int64)])
    }
}

extension AiOnnx {
    /// Where the greatest element is. https://onnx.ai/onnx/operators/onnx__ArgMax.html
    package struct ArgMax: ArgExtreme {
        package static let schema = OperatorSchema.arg("ArgMax")
        package let position: ArgPosition
        package init(_ node: NodeReader) throws { position = try ArgPosition(node) }
        package static func isBetter<T: Arithmetic>(_ a: T, than b: T) -> Bool { a > b }
    }

    /// Where the least element is. https://onnx.ai/onnx/operators/onnx__ArgMin.html
    package struct ArgMin: ArgExtreme {
        package static let schema = OperatorSchema.arg("ArgMin")
        package let position: ArgPosition
        package init(_ node: NodeReader) throws { position = try ArgPosition(node) }
        package static func isBetter<T: Arithmetic>(_ a: T, than b: T) -> Bool { a < b }
    }
}
