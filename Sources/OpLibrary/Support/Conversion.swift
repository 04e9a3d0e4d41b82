internal import Bytes
internal import Tensors

/// Values of any numeric type to double precision and back.
enum Conversion {
    /// The elements of `source` as doubles; of 64-bit integers the nearest ones.
    static func copy(_ source: Tensor, to target: MutableElements<Double>) throws {
        try source.elementType.visit(Reader(source: source, target: target))
    }

    /// Rounds to the type of `target`: integers truncate towards zero and saturate, NaN gives 0.
    static func copy(_ source: Elements<Double>, to target: MutableTensor) throws {
        try target.elementType.visit(Writer(source: source, target: target))
    }

    /// The elements of a numeric tensor as doubles, in scratch memory unless they are doubles already.
    static func doubles(_ tensor: Tensor, _ context: RunContext) throws -> Elements<Double> {
        if tensor.elementType == .double { return try tensor.elements() }
        let wide = try context.scratch(Double.self, count: tensor.count)
        try copy(tensor, to: wide)
        return wide.elements
    }

    private struct Reader: ElementVisitor {
        let source: Tensor
        let target: MutableElements<Double>
        func visit<T: Arithmetic>(_ type: T.Type) throws {
            let elements = try source.elements(T.self)
            guard elements.count == target.count else { throw ONNXError(.shape, "\(target.count) elements expected, \(source) found") }
            ElementLoop.map(elements, to: target, in: 0..<target.count) { $0.asDouble }
        }
    }

    private struct Writer: ElementVisitor {
        let source: Elements<Double>
        let target: MutableTensor
        func visit<T: Arithmetic>(_ type: T.Type) throws {
            let elements = try target.elements(T.self)
            guard elements.count == source.count else { throw ONNXError(.shape, "\(source.count) elements expected, \(target.tensor) found") }
            ElementLoop.map(source, to: elements, in: 0..<source.count) { T(saturating: $0) }
        }
    }
}
