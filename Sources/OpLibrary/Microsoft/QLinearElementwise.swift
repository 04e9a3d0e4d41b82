internal import Bytes
internal import GraphIR
package import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A tensor of bytes with one scale and one zero point, as floats.
enum Dequantized {
    /// Throws `.shape` when the scale or the zero point has more than one element.
    static func read(_ context: RunContext, _ tensor: Int, scale: Int, zero: Int) throws -> Tensor {
        let x = try context.input(tensor)
        let parameters = try Self.parameters(context, scale: scale, zero: zero)
        let result = try context.scratch(.float, x.shape)
        let target = try result.elements(Float.self)
        if x.elementType == .int8 {
            let source = try x.elements(Int8.self)
            for index in target.indices { target[index] = Float(Int(source[index]) - parameters.zero) * parameters.scale }
        } else {
            let source = try x.elements(UInt8.self)
            for index in target.indices { target[index] = Float(Int(source[index]) - parameters.zero) * parameters.scale }
        }
        return result.tensor
    }

    static func parameters(_ context: RunContext, scale: Int, zero: Int) throws -> (scale: Float, zero: Int) {
        let (scales, zeros) = (try context.input(scale).elements(Float.self), try context.optionalInput(zero)?.ints() ?? [0])
        guard scales.count == 1, zeros.count == 1 else {
            throw ONNXError(.shape, "a scale of \(scales.count) and a zero point of \(zeros.count) elements; one of each expected")
        }
        return (scales[0], zeros[0])
    }
}

/// The shared body of QLinearAdd and QLinearMul.
package protocol QLinearBinary: Operator {
    /// Writes the result as floats, and answers with which scale and zero point they are yet to be quantized.
    func combine(_ context: RunContext, to wide: MutableTensor) throws -> (scale: Float, zero: Int)
}

extension QLinearBinary {
    static func quantizedSchema(_ name: String) -> OperatorSchema {
        OperatorSchema(
            name, domain: Microsoft.domain, since: [1],
            inputs: [
                .one("A", "T"), .one("A_scale", "tensor(float)"), .optional("A_zero_point", "T"), .one("B", "T"), .one("B_scale", "tensor(float)"),
                .optional("B_zero_point", "T"), .one("C_scale", "tensor(float)"), .optional("C_zero_point", "T"),
            ],
            outputs: [.one("C", "T")], types: ["T": .tensors(.int8, .uint8), "tensor(float)": .tensors(.float)])
    }

    package func infer(_ types: Inference) throws {
        types.set(0, types.element(0), try Inference.broadcast([types.shape(0), types.shape(3)]))
    }

    package func run(_ context: RunContext) throws {
        let y = try context.output()
        let wide = try context.scratch(.float, y.shape)
        let result = try combine(context, to: wide)
        try Requantized.write(try wide.tensor.elements(), scale: result.scale, zeroPoint: result.zero, to: y)
    }
}

extension Microsoft {
    /// Sums of quantized tensors. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearAdd
    package struct QLinearAdd: QLinearBinary {
        package static let schema = quantizedSchema("QLinearAdd")
        package init(_ node: NodeReader) throws {}

        package func combine(_ context: RunContext, to wide: MutableTensor) throws -> (scale: Float, zero: Int) {
            if try context.input(0).elementType == .int8 { try add(Int8.self, context, to: wide) } else { try add(UInt8.self, context, to: wide) }
            return (1, 0)
        }

        /// In ONNX Runtime's order of roundings: b, then a, each in one rounding onto the zero points' share. Sums that lie at a half go the way they go there.
        private func add<T: TensorElement & BinaryInteger>(_: T.Type, _ context: RunContext, to wide: MutableTensor) throws {
            let (a, b) = (try Dequantized.parameters(context, scale: 1, zero: 2), try Dequantized.parameters(context, scale: 4, zero: 5))
            let c = try Dequantized.parameters(context, scale: 6, zero: 7)
            let (ratioA, ratioB) = (Double(a.scale / c.scale), Double(b.scale / c.scale))
            let zeroB = Float(ratioB * Double(b.zero))
            let fixed = Double(Float(c.zero) - Float(ratioA * Double(a.zero) + Double(zeroB)))
            let (x, y) = (try context.input(0), try context.input(3))
            try context.zip(x.elements(T.self), x.shape, y.elements(T.self), y.shape, to: wide.elements(Float.self), wide.shape) { left, right in
                Float(ratioA * Double(left) + Double(Float(ratioB * Double(right) + fixed)))
            }
        }
    }

    /// Products of quantized tensors. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearMul
    package struct QLinearMul: QLinearBinary {
        package static let schema = quantizedSchema("QLinearMul")
        package init(_ node: NodeReader) throws {}

        package func combine(_ context: RunContext, to wide: MutableTensor) throws -> (scale: Float, zero: Int) {
            let (a, b) = (try Dequantized.read(context, 0, scale: 1, zero: 2), try Dequantized.read(context, 3, scale: 4, zero: 5))
            try FloatOperation.multiply.zip(a, b, to: wide, context)
            return try Dequantized.parameters(context, scale: 6, zero: 7)
        }
    }

    /// The sigmoid of a quantized tensor. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearSigmoid
    package struct QLinearSigmoid: QLinearUnary {
        package static let schema = quantizedSchema("QLinearSigmoid")
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
    }

    /// LeakyRelu of a quantized tensor. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearLeakyRelu
    package struct QLinearLeakyRelu: QLinearUnary {
        package static let schema = quantizedSchema("QLinearLeakyRelu", attributes: [.defaulted("alpha", .float(0.01))])
        private let alpha: Float
        package init(_ node: NodeReader) throws { alpha = try node.float("alpha") }
        package func value(_ x: Float) -> Float { x < 0 ? alpha * x : x }
    }

    /// Softmax of a quantized tensor along one axis. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearSoftmax
    package struct QLinearSoftmax: Operator {
        package static let schema = OperatorSchema(
            "QLinearSoftmax", domain: domain, since: [1],
            inputs: [
                .one("X", "T"), .one("X_scale", "tensor(float)"), .optional("x_zero_point", "T"), .one("y_scale", "tensor(float)"), .one("y_zero_point", "T"),
            ],
            outputs: [.one("Y", "T")], attributes: [.defaulted("axis", .int(-1)), .required("opset", .int)],
            types: ["T": .tensors(.int8, .uint8), "tensor(float)": .tensors(.float)])

        private let axis: Int
        private let isFlattened: Bool

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            isFlattened = try node.int("opset") < 13
        }

        package func infer(_ types: Inference) throws {
            if let rank = types.shape(0)?.count { _ = try types.axis(axis, rank: rank) }
            types.set(0, types.element(0), types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let x = try Dequantized.read(context, 0, scale: 1, zero: 2)
            guard let axis = Shape.axis(axis, rank: x.rank) else { throw ONNXError(.shape, "axis \(axis) is out of range for \(x)") }
            let view = isFlattened ? AxisView(x.shape, flattenedFrom: axis) : AxisView(x.shape, axis: axis)
            guard view.inner == 1 else { throw ONNXError(.unsupported, "QLinearSoftmax along axis \(axis) of \(x); the last axis is supported") }
            let wide = try context.scratch(.float, x.shape)
            try FloatRowFunction.softmax.map(try x.elements(), to: try wide.elements(), view, context)
            let result = try Dequantized.parameters(context, scale: 3, zero: 4)
            try Requantized.write(try wide.tensor.elements(), scale: result.scale, zeroPoint: result.zero, to: try context.output())
        }
    }
}

/// The shared body of functions of one quantized tensor, each of whose 256 values is computed once.
package protocol QLinearUnary: Operator {
    func value(_ x: Float) -> Float
}

extension QLinearUnary {
    static func quantizedSchema(_ name: String, attributes: [AttributeSchema] = []) -> OperatorSchema {
        OperatorSchema(
            name, domain: Microsoft.domain, since: [1],
            inputs: [
                .one("X", "T"), .one("X_scale", "tensor(float)"), .optional("X_zero_point", "T"), .one("Y_scale", "tensor(float)"),
                .optional("Y_zero_point", "T"),
            ],
            outputs: [.one("Y", "T")], attributes: attributes, types: ["T": .tensors(.int8, .uint8), "tensor(float)": .tensors(.float)])
    }

    package func infer(_ types: Inference) throws { types.set(0, types.element(0), types.shape(0)) }

    package func run(_ context: RunContext) throws {
        let (from, to) = (try Dequantized.parameters(context, scale: 1, zero: 2), try Dequantized.parameters(context, scale: 3, zero: 4))
        let (x, y) = (try context.input(0), try context.output())
        let isSigned = x.elementType == .int8
        let values = (0...255).map { byte in
            value(Float((isSigned ? Int(Int8(truncatingIfNeeded: byte)) : byte) - from.zero) * from.scale)
        }
        let table = try MutableTensor(y.elementType, [256])
        try Requantized.write(try Tensor(values, shape: [256]).elements(), scale: to.scale, zeroPoint: to.zero, to: table)
        let (lookup, source, target) = (table.rawBytes(), try x.bytes(), y.rawBytes())
        for index in target.indices { target[index] = lookup[Int(source[index])] }
    }
}
