internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The mean of each channel. https://onnx.ai/onnx/operators/onnx__GlobalAveragePool.html
    package struct GlobalAveragePool: Operator {
        package static let schema = OperatorSchema.unary("GlobalAveragePool", since: [1, 22])

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws { types.set(0, types.element(0), try GlobalPool.shape(types)) }

        package func run(_ context: RunContext) throws { try context.input(0).elementType.visitFloat(Means(context: context)) }

        private struct Means: FloatVisitor {
            let context: RunContext
            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                try GlobalPool.run(T.self, context) { x, row in T(row.reduce(0.0) { $0 + Double(x[$1]) } / Double(row.count)) }
            }
        }
    }

    /// The greatest element of each channel. https://onnx.ai/onnx/operators/onnx__GlobalMaxPool.html
    package struct GlobalMaxPool: Operator {
        package static let schema = OperatorSchema.unary("GlobalMaxPool", since: [1, 22])

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws { types.set(0, types.element(0), try GlobalPool.shape(types)) }

        package func run(_ context: RunContext) throws { try context.input(0).elementType.visitFloat(Greatest(context: context)) }

        private struct Greatest: FloatVisitor {
            let context: RunContext
            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                try GlobalPool.run(T.self, context) { x, row in row.reduce(T.lowest) { T.greater($0, x[$1]) } }
            }
        }
    }
}

/// Pools whose one window is all of a channel.
enum GlobalPool {
    /// Batches and channels are kept, the other axes become 1.
    static func shape(_ types: Inference) throws -> [Dimension]? {
        try types.checkRank(0, 2...Int.max, "X")
        return types.shape(0).map { $0[..<2] + $0[2...].map { _ in .known(1) } }
    }

    /// Each output is `body` of its channel's elements.
    static func run<T: Arithmetic>(_ type: T.Type, _ context: RunContext, _ body: @Sendable (_ x: Elements<T>, _ channel: Range<Int>) -> T) throws {
        let tensor = try context.input(0)
        let (x, y) = (try tensor.elements(T.self), try context.output().elements(T.self))
        guard y.count > 0 else { return }
        let view = AxisView(tensor.shape, flattenedFrom: 2)
        guard view.extent > 0 else { throw ONNXError(.shape, "\(tensor) has channels without elements") }
        try context.parallel(view.outer, grain: view.grain) { channels in
            for channel in channels { y[channel] = body(x, channel * view.extent..<(channel + 1) * view.extent) }
        }
    }
}
