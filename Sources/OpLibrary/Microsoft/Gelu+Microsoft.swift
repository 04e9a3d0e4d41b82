internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension Microsoft {
    /// x/2 (1 + erf(x/√2)). https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.Gelu
    package struct Gelu: RealMap {
        package static let schema = OperatorSchema(
            "Gelu", domain: domain, since: [1], inputs: [.one("X", "T")], outputs: [.one("Y", "T")], types: ["T": .tensors(.floats)])

        package init(_ node: NodeReader) throws {}

        package var kernel: FloatFunction? { .gelu }
        package func value(_ x: Double) -> Double { GeluFunction.exact(x) }
    }

    /// x sigmoid(alpha x). https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QuickGelu
    package struct QuickGelu: RealMap {
        package static let schema = OperatorSchema(
            "QuickGelu", domain: domain, since: [1], inputs: [.one("X", "T")], outputs: [.one("Y", "T")],
            attributes: [.defaulted("alpha", .float(1.702))], types: ["T": .tensors(.floats)])

        private let alpha: Double

        package init(_ node: NodeReader) throws { alpha = Double(try node.float("alpha")) }

        package func value(_ x: Double) -> Double { x / (1 + exp(-alpha * x)) }
    }

    /// Gelu's tanh form of x + bias. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FastGelu
    package struct FastGelu: BiasedGelu {
        package static let schema = OperatorSchema(
            "FastGelu", domain: domain, since: [1], inputs: [.one("X", "T"), .optional("bias", "T")], outputs: [.one("Y", "T")],
            types: ["T": .tensors(.floats)])

        package init(_ node: NodeReader) throws {}

        package static let kernel = FloatFunction.geluTanh
        package static func value(_ x: Double) -> Double { GeluFunction.tanhForm(x) }
    }

    /// Gelu of A + B. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.BiasGelu
    package struct BiasGelu: BiasedGelu {
        package static let schema = OperatorSchema(
            "BiasGelu", domain: domain, since: [1], inputs: [.one("A", "T"), .one("B", "T")], outputs: [.one("C", "T")], types: ["T": .tensors(.floats)])

        package init(_ node: NodeReader) throws {}

        package static let kernel = FloatFunction.gelu
        package static func value(_ x: Double) -> Double { GeluFunction.exact(x) }
    }
}

/// Gelu in double precision.
enum GeluFunction {
    static func exact(_ x: Double) -> Double { 0.5 * x * erfc(-x * 0.5.squareRoot()) }
    static func tanhForm(_ x: Double) -> Double { 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) }
}

/// The shared body of Gelu with an optional bias, one value a column.
package protocol BiasedGelu: Operator {
    static var kernel: FloatFunction { get }
    static func value(_ x: Double) -> Double
}

extension BiasedGelu {
    package func infer(_ types: Inference) throws {
        types.set(0, types.element(0), try BiasRule.infer(types.shape(0), types.shape(1)))
    }

    package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

    package func run(_ context: RunContext) throws {
        let (x, bias, y) = (try context.input(0), try context.optionalInput(1), try context.output())
        if x.elementType == .float {
            if let bias { try FloatOperation.add.zip(x, bias, to: y, context) }
            return try Self.kernel.map(bias == nil ? try x.elements() : try y.elements(Float.self).elements, to: try y.elements(), context)
        }
        let (input, output, shift) = (try x.elements(Double.self), try y.elements(Double.self), try bias?.elements(Double.self))
        let columns = x.shape.last ?? 1
        for index in output.indices { output[index] = Self.value(input[index] + (shift?[index % columns] ?? 0)) }
    }
}

/// The shape rule of a bias of one value a column.
enum BiasRule {
    /// The input's own shape. Throws `.shape` when the bias has not one element a column.
    static func infer(_ shape: [Dimension]?, _ bias: [Dimension]?) throws -> [Dimension]? {
        if let bias, bias.count != 1 { throw ONNXError(.shape, "the bias has rank \(bias.count), 1 expected") }
        if let columns = shape?.last?.size, let found = bias?.first?.size, columns != found {
            throw ONNXError(.shape, "the bias has \(found) elements, \(columns) expected: one a column")
        }
        return shape
    }
}
