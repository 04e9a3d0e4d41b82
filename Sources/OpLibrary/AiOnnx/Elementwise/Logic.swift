internal import Tensors

/// The shared body of And, Or and Xor: shapes broadcast.
package protocol LogicOperator: Operator {
    var alignment: OperandAlignment { get }
    static func apply(_ a: Bool, _ b: Bool) -> Bool
}

extension LogicOperator {
    package func infer(_ types: Inference) throws {
        types.set(0, .bool, try alignment.infer(types))
    }

    package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0, 1]) }

    package func run(_ context: RunContext) throws {
        let (a, output) = (try context.input(0), try context.output())
        let b = try alignment.align(try context.input(1), to: a)
        try context.zip(
            try a.elements(TensorBool.self), a.shape, try b.elements(TensorBool.self), b.shape, to: try output.elements(TensorBool.self), output.shape
        ) { TensorBool(Self.apply($0.value, $1.value)) }
    }
}

extension OperatorSchema {
    fileprivate static func logic(_ name: String) -> OperatorSchema {
        OperatorSchema(
            name, since: [1, 7], inputs: [.one("A", "T"), .one("B", "T")], outputs: [.one("C", "T1")],
            attributes: OperandAlignment.attributes, types: ["T": .tensors(.bool), "T1": .tensors(.bool)])
    }
}

extension AiOnnx {
    /// Whether both are true. https://onnx.ai/onnx/operators/onnx__And.html
    package struct And: LogicOperator {
        package static let schema = OperatorSchema.logic("And")
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package static func apply(_ a: Bool, _ b: Bool) -> Bool { a && b }
    }

    /// Whether one or both are true. https://onnx.ai/onnx/operators/onnx__Or.html
    package struct Or: LogicOperator {
        package static let schema = OperatorSchema.logic("Or")
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package static func apply(_ a: Bool, _ b: Bool) -> Bool { a || b }
    }

    /// Whether exactly one is true. https://onnx.ai/onnx/operators/onnx__Xor.html
    package struct Xor: LogicOperator {
        package static let schema = OperatorSchema.logic("Xor")
        package let alignment: OperandAlignment
        package init(_ node: NodeReader) throws { alignment = try OperandAlignment(node) }
        package static func apply(_ a: Bool, _ b: Bool) -> Bool { a != b }
    }

    /// The opposite. https://onnx.ai/onnx/operators/onnx__Not.html
    package struct Not: Operator {
        package static let schema = OperatorSchema(
            "Not", since: [1], inputs: [.one("X", "T")], outputs: [.one("Y", "T")], types: ["T": .tensors(.bool)])
        package init(_ node: NodeReader) throws {}
        package func infer(_ types: Inference) throws { types.set(0, .bool, types.shape(0)) }
        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }
        package func run(_ context: RunContext) throws {
            try context.map(try context.input(0).elements(TensorBool.self), to: try context.output().elements(TensorBool.self)) { TensorBool(!$0.value) }
        }
    }
}
