#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// The sine. https://onnx.ai/onnx/operators/onnx__Sin.html
    package struct Sin: RealMap {
        package static let schema = OperatorSchema.unary("Sin", "input", "output", since: [7, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { sin(x) }
    }

    /// The cosine. https://onnx.ai/onnx/operators/onnx__Cos.html
    package struct Cos: RealMap {
        package static let schema = OperatorSchema.unary("Cos", "input", "output", since: [7, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { cos(x) }
    }

    /// The tangent. https://onnx.ai/onnx/operators/onnx__Tan.html
    package struct Tan: RealMap {
        package static let schema = OperatorSchema.unary("Tan", "input", "output", since: [7, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { tan(x) }
    }

    /// The inverse sine. https://onnx.ai/onnx/operators/onnx__Asin.html
    package struct Asin: RealMap {
        package static let schema = OperatorSchema.unary("Asin", "input", "output", since: [7, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { asin(x) }
    }

    /// The inverse cosine. https://onnx.ai/onnx/operators/onnx__Acos.html
    package struct Acos: RealMap {
        package static let schema = OperatorSchema.unary("Acos", "input", "output", since: [7, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { acos(x) }
    }

    /// The inverse tangent. https://onnx.ai/onnx/operators/onnx__Atan.html
    package struct Atan: RealMap {
        package static let schema = OperatorSchema.unary("Atan", "input", "output", since: [7, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { atan(x) }
    }

    /// The hyperbolic sine. https://onnx.ai/onnx/operators/onnx__Sinh.html
    package struct Sinh: RealMap {
        package static let schema = OperatorSchema.unary("Sinh", "input", "output", since: [9, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { sinh(x) }
    }

    /// The hyperbolic cosine. https://onnx.ai/onnx/operators/onnx__Cosh.html
    package struct Cosh: RealMap {
        package static let schema = OperatorSchema.unary("Cosh", "input", "output", since: [9, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { cosh(x) }
    }

    /// The hyperbolic tangent. https://onnx.ai/onnx/operators/onnx__Tanh.html
    package struct Tanh: RealMap {
        package static let schema = OperatorSchema.unary("Tanh", "input", "output", since: [6, 13])
        package init(_ node: NodeReader) throws {}
        package var kernel: FloatFunction? { .tanh }
        package func value(_ x: Double) -> Double { tanh(x) }
    }

    /// The inverse hyperbolic sine. https://onnx.ai/onnx/operators/onnx__Asinh.html
    package struct Asinh: RealMap {
        package static let schema = OperatorSchema.unary("Asinh", "input", "output", since: [9, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { asinh(x) }
    }

    /// The inverse hyperbolic cosine. https://onnx.ai/onnx/operators/onnx__Acosh.html
    package struct Acosh: RealMap {
        package static let schema = OperatorSchema.unary("Acosh", "input", "output", since: [9, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { acosh(x) }
    }

    /// The inverse hyperbolic tangent. https://onnx.ai/onnx/operators/onnx__Atanh.html
    package struct Atanh: RealMap {
        package static let schema = OperatorSchema.unary("Atanh", "input", "output", since: [9, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { atanh(x) }
    }
}
