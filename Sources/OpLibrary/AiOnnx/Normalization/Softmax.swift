internal import Bytes
internal import GraphIR
package import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The shared body of Softmax, LogSoftmax and Hardmax: rows along one axis, before version 13 along all axes from it on.
package protocol SoftmaxFamily: Operator {
    var axis: Int { get }
    var isFlattened: Bool { get }
    /// The function in single precision, where the machine's kernels have it.
    static var kernel: FloatRowFunction? { get }
    /// Computes the rows `rows` of `x` into `y`.
    static func compute<T: Arithmetic & BinaryFloatingPoint>(_ x: Elements<T>, _ y: MutableElements<T>, _ view: AxisView, rows: Range<Int>)
}

extension SoftmaxFamily {
    package static var kernel: FloatRowFunction? { nil }

    package func infer(_ types: Inference) throws {
        if let rank = types.shape(0)?.count { _ = try resolve(rank: rank) }
        types.set(0, types.element(0), types.shape(0))
    }

    package func layout(_ types: Inference) -> Layout { Layout(overwritable: [0]) }

    package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
        guard let rank = types.shape(0)?.count, let own = try? resolve(rank: rank) else { return .mixed }
        return axis == own || isFlattened && axis > own ? .mixed : .axis(axis)
    }

    package func run(_ context: RunContext) throws {
        let x = try context.input(0)
        let axis = try resolve(rank: x.rank)
        let view = isFlattened ? AxisView(x.shape, flattenedFrom: axis) : AxisView(x.rank == 0 ? [1] : x.shape, axis: axis)
        if x.elementType == .float, view.inner == 1, let kernel = Self.kernel {
            return try kernel.map(try x.elements(), to: try context.output().elements(), view, context)
        }
        try x.elementType.visitFloat(SoftmaxRows<Self>(context: context, x: x, view: view))
    }

    private func resolve(rank: Int) throws -> Int {
        // A flattening axis may be the rank itself.
        let axes = isFlattened ? rank + 1 : Swift.max(rank, 1)
        guard let index = Shape.axis(axis < 0 && isFlattened ? axis + rank : axis, rank: axes), !(isFlattened && axis < -rank) else {
            throw ONNXError(.shape, "axis \(axis) is out of range for rank \(rank)")
        }
        return index
    }
}

private struct SoftmaxRows<Family: SoftmaxFamily>: FloatVisitor {
    let context: RunContext
    let x: Tensor
    let view: AxisView

    func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
        let (input, output, view) = (try x.elements(T.self), try context.output().elements(T.self), view)
        guard view.extent > 0 else { return }
        try context.parallel(view.rowCount, grain: view.grain) { Family.compute(input, output, view, rows: $0) }
    }
}

extension OperatorSchema {
    fileprivate static func softmax(_ name: String) -> OperatorSchema {
        .unary(name, "input", "output", since: [1, 11, 13], attributes: [.defaulted("axis", .int(1), until: 12), .defaulted("axis", .int(-1), since: 13)])
    }
}

extension AiOnnx {
    /// exp(x) over the sum of the row's. https://onnx.ai/onnx/operators/onnx__Softmax.html
    package struct Softmax: SoftmaxFamily {
        package static let schema = OperatorSchema.softmax("Softmax")
        package static let kernel: FloatRowFunction? = .softmax
        package let axis: Int
        package let isFlattened: Bool

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            isFlattened = node.version < 13
        }

        package static func compute<T: Arithmetic & BinaryFloatingPoint>(_ x: Elements<T>, _ y: MutableElements<T>, _ view: AxisView, rows: Range<Int>) {
            for row in rows {
                let (start, step) = (view.start(row), view.inner)
                let greatest = x.greatest(from: start, step: step, count: view.extent)
                var sum = 0.0
                for index in 0..<view.extent {
                    let power = exp(Double(x[start &+ index &* step]) - greatest)
                    sum += power
                    y[start &+ index &* step] = T(power)
                }
                for index in 0..<view.extent { y[start &+ index &* step] = T(Double(y[start &+ index &* step]) / sum) }
            }
        }
    }

    /// The logarithm of Softmax. https://onnx.ai/onnx/operators/onnx__LogSoftmax.html
    package struct LogSoftmax: SoftmaxFamily {
        package static let schema = OperatorSchema.softmax("LogSoftmax")
        package static let kernel: FloatRowFunction? = .logSoftmax
        package let axis: Int
        package let isFlattened: Bool

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            isFlattened = node.version < 13
        }

        package static func compute<T: Arithmetic & BinaryFloatingPoint>(_ x: Elements<T>, _ y: MutableElements<T>, _ view: AxisView, rows: Range<Int>) {
            for row in rows {
                let (start, step) = (view.start(row), view.inner)
                let greatest = x.greatest(from: start, step: step, count: view.extent)
                var sum = 0.0
                for index in 0..<view.extent { sum += exp(Double(x[start &+ index &* step]) - greatest) }
                let logarithm = log(sum)
                for index in 0..<view.extent {
                    y[start &+ index &* step] = T(Double(x[start &+ index &* step]) - greatest - logarithm)
                }
            }
        }
    }

    /// 1 at the row's first greatest element, 0 elsewhere. https://onnx.ai/onnx/operators/onnx__Hardmax.html
    package struct Hardmax: SoftmaxFamily {
        package static let schema = OperatorSchema.softmax("Hardmax")
        package let axis: Int
        package let isFlattened: Bool

        package init(_ node: NodeReader) throws {
            axis = try node.int("axis")
            isFlattened = node.version < 13
        }

        package static func compute<T: Arithmetic & BinaryFloatingPoint>(_ x: Elements<T>, _ y: MutableElements<T>, _ view: AxisView, rows: Range<Int>) {
            for row in rows {
                let (start, step) = (view.start(row), view.inner)
                var best = 0
                for index in 1..<Swift.max(view.extent, 1) where x[start &+ index &* step] > x[start &+ best &* step] { best = index }
                for index in 0..<view.extent { y[start &+ index &* step] = index == best ? 1 : 0 }
            }
        }
    }
}

extension Elements where T: BinaryFloatingPoint {
    /// The greatest of a row's elements; NaN where one is.
    fileprivate func greatest(from start: Int, step: Int, count: Int) -> Double {
        var result = -Double.infinity
        for index in 0..<count {
            let value = Double(self[start &+ index &* step])
            result = value > result || value.isNaN ? value : result
        }
        return result
    }
}
