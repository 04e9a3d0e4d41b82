internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A window over a signal as a sum of cosines: sum over k of (-1)^k coefficient k x cos(k x angle).
package protocol CosineWindow: Operator {
    static var name: String { get }
    static var coefficients: [Double] { get }
    var window: WindowShape { get }
    init(_ window: WindowShape)
}

/// The attributes of a window.
package struct WindowShape: Sendable {
    fileprivate let type: ElementType
    fileprivate let isPeriodic: Bool

    fileprivate init(_ node: NodeReader) throws {
        guard let type = try node.elementType("output_datatype"), ElementTypes.numeric.contains(type) else {
            throw ONNXError(.malformed, "attribute 'output_datatype' is no integer or floating-point type")
        }
        (self.type, isPeriodic) = (type, try node.flag("periodic"))
    }
}

extension CosineWindow {
    package static var schema: OperatorSchema {
        OperatorSchema(
            name, since: [17], inputs: [.one("size", "T1")], outputs: [.one("output", "T2")],
            attributes: [.defaulted("output_datatype", .int(1)), .defaulted("periodic", .int(1))],
            types: ["T1": .tensors(.indices), "T2": .tensors(.numeric)])
    }

    package init(_ node: NodeReader) throws { self.init(try WindowShape(node)) }

    package func infer(_ types: Inference) throws {
        guard let size = try types.ints(0) else { return types.set(0, window.type, [.unknown]) }
        guard size.count == 1, size[0] >= 0 else { throw ONNXError(.shape, "'size' is \(size); one number, 0 or more, expected") }
        types.set(0, window.type, size)
    }

    package func run(_ context: RunContext) throws {
        let y = try context.output()
        let values = try context.scratch(Double.self, count: y.count)
        // A window of one element is 1, symmetric or not.
        let period = Double(Swift.max(1, window.isPeriodic ? y.count : y.count - 1))
        let isSingle = y.count == 1 && !window.isPeriodic
        for index in values.indices {
            let angle = 2 * Double.pi * Double(index) / period
            var sum = 0.0
            for (order, coefficient) in Self.coefficients.enumerated() {
                sum += (order % 2 == 0 ? coefficient : -coefficient) * cos(Double(order) * angle)
            }
            values[index] = isSingle ? 1 : sum
        }
        try Conversion.copy(values.elements, to: y)
    }
}

extension AiOnnx {
    /// https://onnx.ai/onnx/operators/onnx__BlackmanWindow.html
    package struct BlackmanWindow: CosineWindow {
        package static let name = "BlackmanWindow"
        package static let coefficients = [0.42, 0.5, 0.08]
        package let window: WindowShape
        package init(_ window: WindowShape) { self.window = window }
    }

    /// https://onnx.ai/onnx/operators/onnx__HammingWindow.html
    package struct HammingWindow: CosineWindow {
        package static let name = "HammingWindow"
        package static let coefficients = [25.0 / 46, 21.0 / 46]
        package let window: WindowShape
        package init(_ window: WindowShape) { self.window = window }
    }

    /// https://onnx.ai/onnx/operators/onnx__HannWindow.html
    package struct HannWindow: CosineWindow {
        package static let name = "HannWindow"
        package static let coefficients = [0.5, 0.5]
        package let window: WindowShape
        package init(_ window: WindowShape) { self.window = window }
    }
}
