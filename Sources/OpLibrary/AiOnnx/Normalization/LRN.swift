internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// Divides each element by a power of the squares of its neighbouring channels. https://onnx.ai/onnx/operators/onnx__LRN.html
    package struct LRN: Operator {
        package static let schema = OperatorSchema.unary(
            "LRN", since: [1, 13],
            attributes: [.defaulted("alpha", .float(1e-4)), .defaulted("beta", .float(0.75)), .defaulted("bias", .float(1)), .required("size", .int)])

        private let alpha: Double
        private let beta: Double
        private let bias: Double
        private let size: Int

        package init(_ node: NodeReader) throws {
            alpha = Double(try node.float("alpha"))
            beta = Double(try node.float("beta"))
            bias = Double(try node.float("bias"))
            size = try node.int("size")
            guard size > 0 else { throw ONNXError(.malformed, "size is \(size), 1 or more expected") }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...Int.max, "X")
            types.set(0, types.element(0), types.shape(0))
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            try x.elementType.visitFloat(Windows(context: context, x: x, operation: self))
        }

        private struct Windows: FloatVisitor {
            let context: RunContext
            let x: Tensor
            let operation: LRN

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (input, output) = (try x.elements(T.self), try context.output().elements(T.self))
                let (view, lrn) = (AxisView(x.shape, axis: 1), operation)
                let (before, after) = ((lrn.size - 1) / 2, lrn.size / 2)
                let share = lrn.alpha / Double(lrn.size)
                try context.parallel(view.outer &* view.extent, grain: Swift.max(1, ElementLoop.grain / 16 / Swift.max(1, view.inner))) { rows in
                    for row in rows {
                        let channel = row % view.extent
                        let window = -Swift.min(before, channel)...Swift.min(after, view.extent &- 1 &- channel)
                        for index in row &* view.inner..<(row &+ 1) &* view.inner {
                            var squares = 0.0
                            for neighbour in window {
                                let value = Double(input[index &+ neighbour &* view.inner])
                                squares += value * value
                            }
                            output[index] = T(Double(input[index]) / pow(lrn.bias + share * squares, lrn.beta))
                        }
                    }
                }
            }
        }
    }
}
