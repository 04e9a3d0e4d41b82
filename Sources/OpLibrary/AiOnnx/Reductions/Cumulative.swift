internal import Bytes
internal import GraphIR
internal import Tensors

/// The shared body of CumSum and CumProd: each element becomes what those up to it make together.
package protocol Cumulative: Operator {
    var order: CumulativeOrder { get }
    static func initial<T: Arithmetic>() -> T
    static func combine<T: Arithmetic>(_ a: T, _ b: T) -> T
}

/// The attributes of CumSum and CumProd.
package struct CumulativeOrder: Sendable {
    fileprivate let isExclusive: Bool
    fileprivate let isReversed: Bool

    package init(_ node: NodeReader) throws {
        isExclusive = try node.flag("exclusive")
        isReversed = try node.flag("reverse")
    }
}

extension Cumulative {
    package func infer(_ types: Inference) throws {
        if let rank = types.shape(0)?.count, let axis = try types.ints(1) {
            guard axis.count == 1 else { throw ONNXError(.shape, "'axis' has \(axis.count) elements, 1 expected") }
            _ = try types.axis(axis[0], rank: rank)
        }
        types.set(0, types.element(0), types.shape(0))
    }

    package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

    package func run(_ context: RunContext) throws {
        let (x, given) = (try context.input(0), try context.input(1).ints())
        guard given.count == 1, let axis = Shape.axis(given[0], rank: x.rank) else {
            throw ONNXError(.shape, "axis \(Shape.text(given)) is out of range for \(x)")
        }
        let view = AxisView(x.shape, axis: axis)
        switch x.elementType {
        case .float:
            try accumulate(context, view, Float.self, in: Double.self) {
                Double($0)
            } _: {
                Float($0)
            }
        case .double:
            try accumulate(context, view, Double.self, in: Double.self) {
                $0
            } _: {
                $0
            }
        default: try x.elementType.visitInteger(CumulativeIntegers(operation: self, context: context, view: view))
        }
    }

    @inline(__always)
    fileprivate func accumulate<T: TensorElement, A: Arithmetic>(
        _ context: RunContext, _ view: AxisView, _ type: T.Type, in accumulator: A.Type, _ widen: @Sendable (T) -> A, _ narrow: @Sendable (A) -> T
    ) throws {
        let (input, output, order) = (try context.input(0).elements(T.self), try context.output().elements(T.self), order)
        try context.parallel(view.rowCount, grain: view.grain) { rows in
            for row in rows {
                let start = view.start(row)
                var total: A = Self.initial()
                for step in 0..<view.extent {
                    let index = start &+ (order.isReversed ? view.extent &- 1 &- step : step) &* view.inner
                    let next = Self.combine(total, widen(input[index]))
                    output[index] = narrow(order.isExclusive ? total : next)
                    total = next
                }
            }
        }
    }
}

private struct CumulativeIntegers<Operation: Cumulative>: IntegerVisitor {
    let operation: Operation
    let context: RunContext
    let view: AxisView
    func visit<T: Arithmetic & FixedWidthInteger>(_ type: T.Type) throws {
        try operation.accumulate(context, view, T.self, in: T.self) {
            $0
        } _: {
            $0
        }
    }
}

extension OperatorSchema {
    fileprivate static func cumulative(_ name: String, since: [Int]) -> OperatorSchema {
        OperatorSchema(
            name, since: since, inputs: [.one("x", "T"), .one("axis", "T2")], outputs: [.one("y", "T")],
            attributes: [.defaulted("exclusive", .int(0)), .defaulted("reverse", .int(0))],
            types: ["T": .tensors(.reducible), "T2": .tensors(.indices)])
    }
}

extension AiOnnx {
    /// Running sums along an axis. https://onnx.ai/onnx/operators/onnx__CumSum.html
    package struct CumSum: Cumulative {
        package static let schema = OperatorSchema.cumulative("CumSum", since: [11, 14])
        package let order: CumulativeOrder
        package init(_ node: NodeReader) throws { order = try CumulativeOrder(node) }
        package static func initial<T: Arithmetic>() -> T { .zero }
        package static func combine<T: Arithmetic>(_ a: T, _ b: T) -> T { T.add(a, b) }
    }

    /// Running products along an axis. https://onnx.ai/onnx/operators/onnx__CumProd.html
    package struct CumProd: Cumulative {
        package static let schema = OperatorSchema.cumulative("CumProd", since: [26])
        package let order: CumulativeOrder
        package init(_ node: NodeReader) throws { order = try CumulativeOrder(node) }
        package static func initial<T: Arithmetic>() -> T { 1 }
        package static func combine<T: Arithmetic>(_ a: T, _ b: T) -> T { T.multiply(a, b) }
    }
}
