internal import Bytes
internal import GraphIR
internal import Tensors

/// What a bitwise operator does with a pair.
package protocol BitwiseFunction: Sendable {
    static func apply<T: FixedWidthInteger>(_ a: T, _ b: T) -> T
}

/// The shared body of the bitwise operators of two operands: shapes broadcast, types stay.
package protocol BitwiseOperator: Operator {
    associatedtype Function: BitwiseFunction
}

extension BitwiseOperator {
    package func infer(_ types: Inference) throws {
        types.set(0, types.element(0) ?? types.element(1), try Inference.broadcast([types.shape(0), types.shape(1)]))
    }

    package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0, 1]) }

    package func run(_ context: RunContext) throws {
        // Bits have no sign, so that each width needs one instance.
        switch try context.input(0).elementType.bitWidth {
        case 8: try combine(context, UInt8.self)
        case 16: try combine(context, UInt16.self)
        case 32: try combine(context, UInt32.self)
        default: try combine(context, UInt64.self)
        }
    }

    private func combine<T: FixedWidthInteger & BitwiseCopyable & Sendable>(_ context: RunContext, _ type: T.Type) throws {
        let (a, b, output) = (try context.input(0), try context.input(1), try context.output())
        try context.zip(try a.bits(T.self), a.shape, try b.bits(T.self), b.shape, to: try output.bits(T.self), output.shape) { Function.apply($0, $1) }
    }
}

extension AiOnnx {
    /// Bits set in both. https://onnx.ai/onnx/operators/onnx__BitwiseAnd.html
    package struct BitwiseAnd: BitwiseOperator {
        package static let schema = OperatorSchema.binary("BitwiseAnd", since: [18], types: .integers)
        package init(_ node: NodeReader) throws {}
        package enum Function: BitwiseFunction {
            package static func apply<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { a & b }
        }
    }

    /// Bits set in one or both. https://onnx.ai/onnx/operators/onnx__BitwiseOr.html
    package struct BitwiseOr: BitwiseOperator {
        package static let schema = OperatorSchema.binary("BitwiseOr", since: [18], types: .integers)
        package init(_ node: NodeReader) throws {}
        package enum Function: BitwiseFunction {
            package static func apply<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { a | b }
        }
    }

    /// Bits set in exactly one. https://onnx.ai/onnx/operators/onnx__BitwiseXor.html
    package struct BitwiseXor: BitwiseOperator {
        package static let schema = OperatorSchema.binary("BitwiseXor", since: [18], types: .integers)
        package init(_ node: NodeReader) throws {}
        package enum Function: BitwiseFunction {
            package static func apply<T: FixedWidthInteger>(_ a: T, _ b: T) -> T { a ^ b }
        }
    }

    /// Every bit flipped. https://onnx.ai/onnx/operators/onnx__BitwiseNot.html
    package struct BitwiseNot: Operator {
        package static let schema = OperatorSchema.unary("BitwiseNot", since: [18], types: .integers)
        package init(_ node: NodeReader) throws {}
        package func infer(_ types: Inference) throws { types.set(0, types.element(0), types.shape(0)) }
        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }
        package func run(_ context: RunContext) throws {
            // Bytes have no order here.
            let x = try context.input(0)
            try context.map(try x.bytes(), to: try context.output().rawBytes()) { ~$0 }
        }
    }

    /// Bits moved up or down; shifts beyond the width leave the sign. https://onnx.ai/onnx/operators/onnx__BitShift.html
    package struct BitShift: Operator {
        package static let schema = OperatorSchema(
            "BitShift", since: [11, 28], inputs: [.one("X", "T"), .one("Y", "T")], outputs: [.one("Z", "T")],
            attributes: [.required("direction", .string)], types: ["T": .tensors(.integers)])

        private enum Direction: String, CaseIterable {
            case left = "LEFT"
            case right = "RIGHT"
        }
        private let shiftsLeft: Bool

        package init(_ node: NodeReader) throws { shiftsLeft = try node.choice("direction", Direction.self) == .left }

        package func infer(_ types: Inference) throws {
            types.set(0, types.element(0) ?? types.element(1), try Inference.broadcast([types.shape(0), types.shape(1)]))
        }

        package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0, 1]) }

        package func run(_ context: RunContext) throws {
            try context.input(0).elementType.visitInteger(Shifter(context: context, shiftsLeft: shiftsLeft))
        }

        private struct Shifter: IntegerVisitor {
            let context: RunContext
            let shiftsLeft: Bool
            func visit<T: Arithmetic & FixedWidthInteger>(_ type: T.Type) throws {
                let (a, b, output, shiftsLeft) = (try context.input(0), try context.input(1), try context.output(), shiftsLeft)
                try context.zip(try a.elements(T.self), a.shape, try b.elements(T.self), b.shape, to: try output.elements(T.self), output.shape) {
                    // A negative amount counts as one beyond the width.
                    let amount = $1 < 0 || $1 >= T.bitWidth ? T.bitWidth : Int(truncatingIfNeeded: $1)
                    return shiftsLeft ? $0 << amount : $0 >> amount
                }
            }
        }
    }

    /// The same bits as another type of equal width. https://onnx.ai/onnx/operators/onnx__BitCast.html
    package struct BitCast: Operator {
        package static let schema = OperatorSchema(
            "BitCast", since: [26], inputs: [.one("input", "T1")], outputs: [.one("output", "T2")], attributes: [.required("to", .int)],
            types: ["T1": .tensors(castable), "T2": .tensors(castable)])
        package static let narrowTypes = NarrowTypes.asStored
        private static let castable = ElementTypes(ElementType.allCases.filter { $0 != .string })

        private let target: ElementType

        package init(_ node: NodeReader) throws {
            guard let type = try node.elementType("to"), type != .string else {
                throw ONNXError(.unsupported, "attribute 'to' is \(try node.int("to")), which is no type of fixed width")
            }
            target = type
        }

        package func infer(_ types: Inference) throws {
            if let source = types.element(0), source.bitWidth != target.bitWidth {
                throw ONNXError(.shape, "\(source) has \(source.bitWidth) bits, \(target) has \(target.bitWidth); equal widths expected")
            }
            types.set(0, target, types.shape(0))
        }

        package func layout(_ types: Inference) -> Layout { Layout(views: [0: 0]) }

        package func run(_ context: RunContext) throws { context.set(0, try context.input(0).reinterpreted(as: target)) }
    }
}
