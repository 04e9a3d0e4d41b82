internal import Bytes
internal import Tensors

/// The shared body of the element-wise operators of any number of broadcast operands: taken together from left to right.
package protocol VariadicFold: Operator {
    static func apply<T: Arithmetic>(_ a: T, _ b: T) -> T
    /// The last step, once everything is taken together.
    static func finish<T: Arithmetic>(_ x: T, count: Int) -> T
}

extension VariadicFold {
    package static func finish<T: Arithmetic>(_ x: T, count: Int) -> T { x }

    package func infer(_ types: Inference) throws {
        let element = (0..<types.inputCount).lazy.compactMap(types.element).first
        types.set(0, element, try Inference.broadcast((0..<types.inputCount).map(types.shape)))
    }

    package func run(_ context: RunContext) throws {
        try context.input(0).elementType.visit(FoldLoop<Self>(context: context))
    }
}

private struct FoldLoop<Fold: VariadicFold>: ElementVisitor {
    let context: RunContext

    func visit<T: Arithmetic>(_ type: T.Type) throws {
        let (first, count, output) = (try context.input(0), context.inputCount, try context.output())
        let result = try output.elements(T.self)
        guard count > 1 else {
            return try context.map(try first.elements(T.self), to: result) { Fold.finish($0, count: 1) }
        }
        var left = try first.elements(T.self)
        var shape = first.shape
        for index in 1..<count {
            let next = try context.input(index)
            guard let together = Shape.broadcast(shape, next.shape) else {
                throw ONNXError(.shape, "shapes \(Shape.text(shape)) and \(Shape.text(next.shape)) don't broadcast")
            }
            let isLast = index == count - 1
            // A partial result may be smaller than the output.
            let target = together == output.shape ? result : try context.scratch(T.self, count: try Shape.count(together))
            try context.zip(left, shape, try next.elements(T.self), next.shape, to: target, together) {
                isLast ? Fold.finish(Fold.apply($0, $1), count: count) : Fold.apply($0, $1)
            }
            (left, shape) = (target.elements, together)
        }
    }
}

extension OperatorSchema {
    fileprivate static func variadic(_ name: String, _ output: String, since: [Int], types: ElementTypes) -> OperatorSchema {
        OperatorSchema(name, since: since, inputs: [.variadic("data_0", "T")], outputs: [.one(output, "T")], types: ["T": .tensors(types)])
    }
}

extension AiOnnx {
    /// The greatest of the operands; NaN where one is. https://onnx.ai/onnx/operators/onnx__Max.html
    package struct Max: VariadicFold {
        package static let schema = OperatorSchema.variadic("Max", "max", since: [6, 8, 12, 13], types: .numeric)
        package init(_ node: NodeReader) throws {}
        package static func apply<T: Arithmetic>(_ a: T, _ b: T) -> T { T.greater(a, b) }
    }

    /// The least of the operands; NaN where one is. https://onnx.ai/onnx/operators/onnx__Min.html
    package struct Min: VariadicFold {
        package static let schema = OperatorSchema.variadic("Min", "min", since: [6, 8, 12, 13], types: .numeric)
        package init(_ node: NodeReader) throws {}
        package static func apply<T: Arithmetic>(_ a: T, _ b: T) -> T { T.lesser(a, b) }
    }

    /// The sum of the operands. https://onnx.ai/onnx/operators/onnx__Sum.html
    package struct Sum: VariadicFold {
        package static let schema = OperatorSchema.variadic("Sum", "sum", since: [6, 8, 13], types: .floats)
        package init(_ node: NodeReader) throws {}
        package static func apply<T: Arithmetic>(_ a: T, _ b: T) -> T { T.add(a, b) }
    }

    /// The mean of the operands. https://onnx.ai/onnx/operators/onnx__Mean.html
    package struct Mean: VariadicFold {
        package static let schema = OperatorSchema.variadic("Mean", "mean", since: [6, 8, 13], types: .floats)
        package init(_ node: NodeReader) throws {}
        package static func apply<T: Arithmetic>(_ a: T, _ b: T) -> T { T.add(a, b) }
        package static func finish<T: Arithmetic>(_ x: T, count: Int) -> T { T.divide(x, T(saturating: Double(count))) }
    }
}
