internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The mean of what each window sees. https://onnx.ai/onnx/operators/onnx__AveragePool.html
    package struct AveragePool: Operator {
        package static let schema = OperatorSchema.unary(
            "AveragePool", since: [1, 7, 10, 11, 19, 22],
            attributes: [.defaulted("count_include_pad", .int(0), since: 7)] + WindowAttributes.schema(dilationsSince: 19, ceilSince: 10))

        private let attributes: WindowAttributes
        private let countsPadding: Bool

        package init(_ node: NodeReader) throws {
            attributes = try WindowAttributes(node)
            countsPadding = node.optionalInt("count_include_pad") ?? 0 != 0
        }

        package func infer(_ types: Inference) throws { types.set(0, types.element(0), try attributes.pooled(types.shape(0))) }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            guard y.count > 0 else { return }
            let pool = try Pool(attributes, x: try context.input(0), y: y)
            try y.elementType.visitFloat(Means(pool: pool, counts: pool.windows.counts(includingPadding: countsPadding), context: context))
        }

        private struct Sum<T: Arithmetic>: PoolRule {
            var start: T { .zero }
            func take(_ held: T, _ next: T) -> T { T.add(held, next) }
        }

        private struct Means: FloatVisitor {
            let pool: Pool
            let counts: [Int]
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (counts, y) = (counts, try pool.y.elements(T.self))
                try pool.run(Sum<T>(), context) { plane in
                    for (index, count) in zip(plane, counts) where count > 1 { y[index] /= T(count) }
                }
            }
        }
    }
}
