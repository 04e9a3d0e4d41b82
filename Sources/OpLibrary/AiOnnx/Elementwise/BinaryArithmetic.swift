internal import GraphIR
internal import Tensors

/// What an element-wise operator of two broadcast operands does with a pair.
package protocol BinaryFunction: Sendable {
    static func apply<T: Arithmetic>(_ a: T, _ b: T) -> T
    /// The same function of floats.
    static var kernel: FloatOperation { get }
}

/// The shared body of the element-wise operators of two operands of one type: shapes broadcast, types stay.
package protocol BinaryArithmetic: Operator {
    associatedtype Function: BinaryFunction
    var alignment: OperandAlignment { get }
}

extension BinaryArithmetic {
    package func infer(_ types: Inference) throws {
        types.set(0, types.element(0) ?? types.element(1), try alignment.infer(types))
    }

    package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0, 1]) }

    package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
        alignment.isBroadcast ? types.broadcastSource(of: axis, input: input) : .mixed
    }

    package func run(_ context: RunContext) throws {
        let a = try context.input(0)
        let b = try alignment.align(try context.input(1), to: a)
        if a.elementType == .float { return try Function.kernel.zip(a, b, to: try context.output(), context) }
        try a.elementType.visit(BinaryLoop<Function>(context: context, a: a, b: b))
    }
}

private struct BinaryLoop<Function: BinaryFunction>: ElementVisitor {
    let context: RunContext
    let a: Tensor
    let b: Tensor

    func visit<T: Arithmetic>(_ type: T.Type) throws {
        let output = try context.output()
        try context.zip(try a.elements(T.self), a.shape, try b.elements(T.self), b.shape, to: try output.elements(T.self), output.shape) {
            Function.apply($0, $1)
        }
    }
}

extension OperatorSchema {
    /// The schema of an operator that takes A and B of one numeric type to C.
    package static func binary(_ name: String, since: [Int], types: ElementTypes = .numeric) -> OperatorSchema {
        OperatorSchema(
            name, since: since, inputs: [.one("A", "T"), .one("B", "T")], outputs: [.one("C", "T")],
            attributes: OperandAlignment.attributes + [.optional("consumed_inputs", .ints, until: 5)], types: ["T": .tensors(types)])
    }
}

extension AiOnnx {
    /// Sums, broadcast; integers wrap. https://onnx.ai/onnx/operators/onnx__Add.html
    package struct Add: BinaryArithmetic {
        package static let schema = OperatorSchema.binary("Add", since: [1, 6, 7, 13, 14])
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package enum Function: BinaryFunction {
            package static func apply<T: Arithmetic>(_ a: T, _ b: T) -> T { T.add(a, b) }
            package static let kernel = FloatOperation.add
        }
    }

    /// Differences, broadcast; integers wrap. https://onnx.ai/onnx/operators/onnx__Sub.html
    package struct Sub: BinaryArithmetic {
        package static let schema = OperatorSchema.binary("Sub", since: [1, 6, 7, 13, 14])
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package enum Function: BinaryFunction {
            package static func apply<T: Arithmetic>(_ a: T, _ b: T) -> T { T.subtract(a, b) }
            package static let kernel = FloatOperation.subtract
        }
    }

    /// Products, broadcast; integers wrap. https://onnx.ai/onnx/operators/onnx__Mul.html
    package struct Mul: BinaryArithmetic {
        package static let schema = OperatorSchema.binary("Mul", since: [1, 6, 7, 13, 14])
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package enum Function: BinaryFunction {
            package static func apply<T: Arithmetic>(_ a: T, _ b: T) -> T { T.multiply(a, b) }
            package static let kernel = FloatOperation.multiply
        }
    }

    /// Quotients, broadcast; integers truncate and give 0 for a division by 0. https://onnx.ai/onnx/operators/onnx__Div.html
    package struct Div: BinaryArithmetic {
        package static let schema = OperatorSchema.binary("Div", since: [1, 6, 7, 13, 14])
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package enum Function: BinaryFunction {
            package static func apply<T: Arithmetic>(_ a: T, _ b: T) -> T { T.divide(a, b) }
            package static let kernel = FloatOperation.divide
        }
    }
}
