internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// The p-norm of what each window sees. https://onnx.ai/onnx/operators/onnx__LpPool.html
    package struct LpPool: Operator {
        package static let schema = OperatorSchema.unary(
            "LpPool", since: [2, 11, 18, 22],
            attributes: [.defaulted("p", .int(2))] + WindowAttributes.schema(dilationsSince: 18, ceilSince: 18))

        private let attributes: WindowAttributes
        private let norm: Norm

        package init(_ node: NodeReader) throws {
            attributes = try WindowAttributes(node)
            norm = try Norm(node)
        }

        package func infer(_ types: Inference) throws { types.set(0, types.element(0), try attributes.pooled(types.shape(0))) }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            guard y.count > 0 else { return }
            try y.elementType.visitFloat(Norms(pool: try Pool(attributes, x: try context.input(0), y: y), norm: norm, context: context))
        }

        private struct Powers<T: Arithmetic & BinaryFloatingPoint>: PoolRule {
            let norm: Norm
            var start: T { .zero }
            func take(_ held: T, _ next: T) -> T { held + norm.power(next) }
        }

        private struct Norms: FloatVisitor {
            let pool: Pool
            let norm: Norm
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (norm, y) = (norm, try pool.y.elements(T.self))
                try pool.run(Powers<T>(norm: norm), context) { plane in
                    for index in plane { y[index] = norm.root(y[index]) }
                }
            }
        }
    }

    /// The p-norm of each channel. https://onnx.ai/onnx/operators/onnx__GlobalLpPool.html
    package struct GlobalLpPool: Operator {
        package static let schema = OperatorSchema.unary("GlobalLpPool", since: [2, 22], attributes: [.defaulted("p", .int(2))])

        private let norm: Norm

        package init(_ node: NodeReader) throws { norm = try Norm(node) }

        package func infer(_ types: Inference) throws { types.set(0, types.element(0), try GlobalPool.shape(types)) }

        package func run(_ context: RunContext) throws {
            try context.input(0).elementType.visitFloat(Norms(context: context, norm: norm))
        }

        private struct Norms: FloatVisitor {
            let context: RunContext
            let norm: Norm
            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let norm = norm
                try GlobalPool.run(T.self, context) { x, row in norm.root(row.reduce(T.zero) { $0 + norm.power(x[$1]) }) }
            }
        }
    }
}

/// The norm of order `p`.
struct Norm: Sendable {
    private let p: Int

    init(_ node: NodeReader) throws {
        p = try node.int("p")
        guard p >= 1 else { throw ONNXError(.shape, "attribute 'p' is \(p), 1 or more expected") }
    }

    /// |x|^p
    func power<T: Arithmetic & BinaryFloatingPoint>(_ x: T) -> T {
        switch p {
        case 1: abs(x)
        case 2: x * x
        default: T(pow(abs(Double(x)), Double(p)))
        }
    }

    /// sum^(1/p)
    func root<T: Arithmetic & BinaryFloatingPoint>(_ sum: T) -> T {
        switch p {
        case 1: sum
        case 2: sum.squareRoot()
        default: T(pow(Double(sum), 1 / Double(p)))
        }
    }
}
