internal import GraphIR

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// 1 / (1 + exp(-x)). https://onnx.ai/onnx/operators/onnx__Sigmoid.html
    package struct Sigmoid: RealMap {
        package static let schema = OperatorSchema.unary("Sigmoid", since: [6, 13])
        package init(_ node: NodeReader) throws {}
        package var kernel: FloatFunction? { .sigmoid }
        package func value(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    }

    /// log(1 + exp(x)). https://onnx.ai/onnx/operators/onnx__Softplus.html
    package struct Softplus: RealMap {
        package static let schema = OperatorSchema.unary("Softplus", since: [1, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { Swift.max(x, 0) + log1p(exp(-x.magnitude)) }
    }

    /// x / (1 + |x|). https://onnx.ai/onnx/operators/onnx__Softsign.html
    package struct Softsign: RealMap {
        package static let schema = OperatorSchema.unary("Softsign", "input", "output", since: [1, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { x / (1 + x.magnitude) }
    }

    /// x * max(0, min(1, x / 6 + 0.5)). https://onnx.ai/onnx/operators/onnx__HardSwish.html
    package struct HardSwish: RealMap {
        package static let schema = OperatorSchema.unary("HardSwish", since: [14, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { x * Swift.max(0, Swift.min(1, x / 6 + 0.5)) }
    }

    /// x * tanh(softplus(x)). https://onnx.ai/onnx/operators/onnx__Mish.html
    package struct Mish: RealMap {
        package static let schema = OperatorSchema.unary("Mish", since: [18, 22])
        package init(_ node: NodeReader) throws {}
        package func value(_ x: Double) -> Double { x * tanh(Swift.max(x, 0) + log1p(exp(-x.magnitude))) }
    }

    /// x * sigmoid(alpha x). https://onnx.ai/onnx/operators/onnx__Swish.html
    package struct Swish: RealMap {
        package static let schema = OperatorSchema.unary("Swish", since: [24], attributes: [.defaulted("alpha", .float(1))])
        private let alpha: Double
        package init(_ node: NodeReader) throws { alpha = Double(try node.float("alpha")) }
        package var kernel: FloatFunction? { alpha == 1 ? .silu : nil }
        package func value(_ x: Double) -> Double { x / (1 + exp(-alpha * x)) }
    }

    /// alpha (exp(x) - 1) below 0, x elsewhere. https://onnx.ai/onnx/operators/onnx__Elu.html
    package struct Elu: RealMap {
        package static let schema = OperatorSchema.unary("Elu", since: [6, 22], attributes: [.defaulted("alpha", .float(1))])
        private let alpha: Double
        package init(_ node: NodeReader) throws { alpha = Double(try node.float("alpha")) }
        package func value(_ x: Double) -> Double { x < 0 ? alpha * expm1(x) : x }
    }

    /// max(0, x) + min(0, alpha (exp(x / alpha) - 1)). https://onnx.ai/onnx/operators/onnx__Celu.html
    package struct Celu: RealMap {
        package static let schema = OperatorSchema.unary("Celu", since: [12, 28], attributes: [.defaulted("alpha", .float(1))])
        private let alpha: Double
        package init(_ node: NodeReader) throws { alpha = Double(try node.float("alpha")) }
        package func value(_ x: Double) -> Double { Swift.max(0, x) + Swift.min(0, alpha * expm1(x / alpha)) }
    }

    /// gamma alpha (exp(x) - 1) up to 0, gamma x above. https://onnx.ai/onnx/operators/onnx__Selu.html
    package struct Selu: RealMap {
        package static let schema = OperatorSchema.unary(
            "Selu", since: [6, 22],
            attributes: [.defaulted("alpha", .float(1.67326319217681884765625)), .defaulted("gamma", .float(1.05070102214813232421875))])
        private let alpha: Double
        private let gamma: Double
        package init(_ node: NodeReader) throws {
            alpha = Double(try node.float("alpha"))
            gamma = Double(try node.float("gamma"))
        }
        package func value(_ x: Double) -> Double { gamma * (x > 0 ? x : alpha * expm1(x)) }
    }

    /// max(0, min(1, alpha x + beta)). https://onnx.ai/onnx/operators/onnx__HardSigmoid.html
    package struct HardSigmoid: RealMap {
        package static let schema = OperatorSchema.unary(
            "HardSigmoid", since: [6, 22], attributes: [.defaulted("alpha", .float(0.2)), .defaulted("beta", .float(0.5))])
        private let alpha: Double
        private let beta: Double
        package init(_ node: NodeReader) throws {
            alpha = Double(try node.float("alpha"))
            beta = Double(try node.float("beta"))
        }
        package func value(_ x: Double) -> Double { Swift.max(0, Swift.min(1, alpha * x + beta)) }
    }

    /// alpha x below 0, x elsewhere. https://onnx.ai/onnx/operators/onnx__LeakyRelu.html
    package struct LeakyRelu: RealMap {
        package static let schema = OperatorSchema.unary("LeakyRelu", since: [6, 16], attributes: [.defaulted("alpha", .float(0.01))])
        private let alpha: Double
        package init(_ node: NodeReader) throws { alpha = Double(try node.float("alpha")) }
        package func value(_ x: Double) -> Double { x < 0 ? alpha * x : x }
    }

    /// x above alpha, 0 elsewhere. https://onnx.ai/onnx/operators/onnx__ThresholdedRelu.html
    package struct ThresholdedRelu: RealMap {
        package static let schema = OperatorSchema.unary("ThresholdedRelu", since: [10, 22], attributes: [.defaulted("alpha", .float(1))])
        private let alpha: Double
        package init(_ node: NodeReader) throws { alpha = Double(try node.float("alpha")) }
        package func value(_ x: Double) -> Double { x > alpha ? x : 0 }
    }

    /// x + bias below -lambd, x - bias above lambd, 0 between. https://onnx.ai/onnx/operators/onnx__Shrink.html
    package struct Shrink: RealMap {
        package static let schema = OperatorSchema.unary(
            "Shrink", "input", "output", since: [9], attributes: [.defaulted("bias", .float(0)), .defaulted("lambd", .float(0.5))], types: .numeric)
        private let bias: Double
        private let lambd: Double
        package init(_ node: NodeReader) throws {
            bias = Double(try node.float("bias"))
            lambd = Double(try node.float("lambd"))
        }
        package func value(_ x: Double) -> Double { x < -lambd ? x + bias : x > lambd ? x - bias : 0 }
    }

    /// x times the normal distribution's cumulative function, or its approximation by tanh. https://onnx.ai/onnx/operators/onnx__Gelu.html
    package struct Gelu: RealMap {
        package static let schema = OperatorSchema.unary("Gelu", since: [20], attributes: [.defaulted("approximate", .string("none"))])
        private enum Approximation: String, CaseIterable { case none, tanh }
        private let usesTanh: Bool

        package init(_ node: NodeReader) throws { usesTanh = try node.choice("approximate", Approximation.self) == .tanh }

        package var kernel: FloatFunction? { usesTanh ? .geluTanh : .gelu }
        package func value(_ x: Double) -> Double {
            usesTanh ? 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) : 0.5 * x * erfc(-x * 0.5.squareRoot())
        }
    }
}
