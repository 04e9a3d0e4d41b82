#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// e to the power of x. https://onnx.ai/onnx/operators/onnx__Exp.html
    package struct Exp: RealMap {
        package static let schema = OperatorSchema.unary("Exp", "input", "output", since: [6, 13])
        package init(_ node: NodeReader) throws {}
        package var kernel: FloatFunction? { .exp }
        package func value(_ x: Double) -> Double { exp(x) }
    }

    /// The natural logarithm. https://onnx.ai/onnx/operators/onnx__Log.html
    package struct Log: RealMap {
        package static let schema = OperatorSchema.unary("Log", "input", "output", since: [6, 13])
        package init(_ node: NodeReader) throws {}
        package var kernel: FloatFunction? { .log }
        package func value(_ x: Double) -> Double { log(x) }
    }

    /// The square root; NaN below 0. https://onnx.ai/onnx/operators/onnx__Sqrt.html
    package struct Sqrt: RealMap {
        package static let schema = OperatorSchema.unary("Sqrt", since: [6, 13])
        package init(_ node: NodeReader) throws {}
        package var kernel: FloatFunction? { .squareRoot }
        package func value(_ x: Double) -> Double { x.squareRoot() }
    }

    /// 1 / x. https://onnx.ai/onnx/operators/onnx__Reciprocal.html
    package struct Reciprocal: RealMap {
        package static let schema = OperatorSchema.unary("Reciprocal", since: [6, 13])
        package init(_ node: NodeReader) throws {}
        package var kernel: FloatFunction? { .reciprocal }
        package func value(_ x: Double) -> Double { 1 / x }
    }

    /// The error function. https://onnx.ai/onnx/operators/onnx__Erf.html
    package struct Erf: RealMap {
        package static let schema = OperatorSchema.unary("Erf", "input", "output", since: [9, 13], types: .numeric)
        package init(_ node: NodeReader) throws {}
        package var kernel: FloatFunction? { .erf }
        package func value(_ x: Double) -> Double { erf(x) }
    }

    /// The next integer above. https://onnx.ai/onnx/operators/onnx__Ceil.html
    package struct Ceil: RealMap {
        package static let schema = OperatorSchema.unary("Ceil", since: [6, 13])
        package init(_ node: NodeReader) throws {}
        package var kernel: FloatFunction? { .ceiling }
        package func value(_ x: Double) -> Double { x.rounded(.up) }
    }

    /// The next integer below. https://onnx.ai/onnx/operators/onnx__Floor.html
    package struct Floor: RealMap {
        package static let schema = OperatorSchema.unary("Floor", since: [6, 13])
        package init(_ node: NodeReader) throws {}
        package var kernel: FloatFunction? { .floor }
        package func value(_ x: Double) -> Double { x.rounded(.down) }
    }

    /// The nearest integer, halves to even. https://onnx.ai/onnx/operators/onnx__Round.html
    package struct Round: RealMap {
        package static let schema = OperatorSchema.unary("Round", since: [11, 22])
        package init(_ node: NodeReader) throws {}
        package var kernel: FloatFunction? { .round }
        package func value(_ x: Double) -> Double { x.rounded(.toNearestOrEven) }
    }
}
