internal import Tensors

/// What a comparison says of a pair.
package protocol ComparisonFunction: Sendable {
    static func apply<T: Comparable>(_ a: T, _ b: T) -> Bool
}

/// The shared body of the comparisons: shapes broadcast, the result is bool.
package protocol ComparisonOperator: Operator {
    associatedtype Function: ComparisonFunction
    var alignment: OperandAlignment { get }
}

extension ComparisonOperator {
    package func infer(_ types: Inference) throws {
        types.set(0, .bool, try alignment.infer(types))
    }

    package func run(_ context: RunContext) throws {
        let a = try context.input(0)
        let b = try alignment.align(try context.input(1), to: a)
        if a.elementType == .string { return try compareStrings(context, a, b) }
        if a.elementType == .bool {
            let output = try context.output()
            return try context.zip(
                try a.elements(TensorBool.self), a.shape, try b.elements(TensorBool.self), b.shape, to: try output.elements(TensorBool.self), output.shape
            ) { TensorBool(Function.apply($0.value ? 1 : 0, $1.value ? 1 : 0)) }
        }
        try a.elementType.visit(ComparisonLoop<Function>(context: context, a: a, b: b))
    }

    private func compareStrings(_ context: RunContext, _ a: Tensor, _ b: Tensor) throws {
        let output = try context.output()
        let (x, y, z) = (try a.stringArray(), try b.stringArray(), try output.elements(TensorBool.self))
        let walk = BroadcastWalk([a.shape, b.shape], to: output.shape)
        for run in 0..<walk.runCount {
            let (startX, startY) = (walk.start(0, run: run), walk.start(1, run: run))
            for index in 0..<walk.runLength {
                z[run * walk.runLength + index] = TensorBool(Function.apply(x[startX + index * walk.steps[0]], y[startY + index * walk.steps[1]]))
            }
        }
    }
}

private struct ComparisonLoop<Function: ComparisonFunction>: ElementVisitor {
    let context: RunContext
    let a: Tensor
    let b: Tensor

    func visit<T: Arithmetic>(_ type: T.Type) throws {
        let output = try context.output()
        try context.zip(try a.elements(T.self), a.shape, try b.elements(T.self), b.shape, to: try output.elements(TensorBool.self), output.shape) {
            TensorBool(Function.apply($0, $1))
        }
    }
}

extension OperatorSchema {
    private static func comparison(_ name: String, since: [Int], types: ElementTypes) -> OperatorSchema {
        OperatorSchema(
            name, since: since, inputs: [.one("A", "T"), .one("B", "T")], outputs: [.one("C", "T1")],
            attributes: OperandAlignment.attributes, types: ["T": .tensors(types), "T1": .tensors(.bool)])
    }

    fileprivate static let equal = comparison("Equal", since: [1, 7, 11, 13, 19], types: [.numeric, .bool, .string])
    fileprivate static let less = comparison("Less", since: [1, 7, 9, 13], types: .numeric)
    fileprivate static let greater = comparison("Greater", since: [1, 7, 9, 13], types: .numeric)
    fileprivate static let lessOrEqual = comparison("LessOrEqual", since: [12, 16], types: .numeric)
    fileprivate static let greaterOrEqual = comparison("GreaterOrEqual", since: [12, 16], types: .numeric)
}

extension AiOnnx {
    /// Whether elements are equal. https://onnx.ai/onnx/operators/onnx__Equal.html
    package struct Equal: ComparisonOperator {
        package static let schema = OperatorSchema.equal
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package enum Function: ComparisonFunction {
            package static func apply<T: Comparable>(_ a: T, _ b: T) -> Bool { a == b }
        }
    }

    /// Whether A is below B. https://onnx.ai/onnx/operators/onnx__Less.html
    package struct Less: ComparisonOperator {
        package static let schema = OperatorSchema.less
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package enum Function: ComparisonFunction {
            package static func apply<T: Comparable>(_ a: T, _ b: T) -> Bool { a < b }
        }
    }

    /// Whether A is above B. https://onnx.ai/onnx/operators/onnx__Greater.html
    package struct Greater: ComparisonOperator {
        package static let schema = OperatorSchema.greater
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package enum Function: ComparisonFunction {
            package static func apply<T: Comparable>(_ a: T, _ b: T) -> Bool { a > b }
        }
    }

    /// Whether A is at most B. https://onnx.ai/onnx/operators/onnx__LessOrEqual.html
    package struct LessOrEqual: ComparisonOperator {
        package static let schema = OperatorSchema.lessOrEqual
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package enum Function: ComparisonFunction {
            package static func apply<T: Comparable>(_ a: T, _ b: T) -> Bool { a <= b }
        }
    }

    /// Whether A is at least B. https://onnx.ai/onnx/operators/onnx__GreaterOrEqual.html
    package struct GreaterOrEqual: ComparisonOperator {
        package static let schema = OperatorSchema.greaterOrEqual
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package enum Function: ComparisonFunction {
            package static func apply<T: Comparable>(_ a: T, _ b: T) -> Bool { a >= b }
        }
    }
}
