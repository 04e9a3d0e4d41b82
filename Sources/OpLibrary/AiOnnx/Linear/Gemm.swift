internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// alpha A' B' + beta C, where ' may transpose and C broadcasts. https://onnx.ai/onnx/operators/onnx__Gemm.html
    package struct Gemm: Operator {
        package static let schema = OperatorSchema(
            "Gemm", since: [1, 6, 7, 9, 11, 13],
            inputs: [.one("A", "T"), .one("B", "T"), .one("C", "T", until: 10), .optional("C", "T", since: 11)], outputs: [.one("Y", "T")],
            attributes: [
                .defaulted("alpha", .float(1)), .defaulted("beta", .float(1)), .defaulted("transA", .int(0)), .defaulted("transB", .int(0)),
                .defaulted("broadcast", .int(0), until: 6),
            ],
            types: ["T": .tensors([.floats, ElementTypes([.int32, .int64, .uint32, .uint64])])])

        private let alpha: Float
        private let beta: Float
        private let transposesA: Bool
        private let transposesB: Bool
        private let broadcastsC: Bool
        private var packed: PackedMatrix?

        package init(_ node: NodeReader) throws {
            alpha = try node.float("alpha")
            beta = try node.float("beta")
            transposesA = try node.flag("transA")
            transposesB = try node.flag("transB")
            // Operators of other domains that contain a Gemm have versions of their own and no such attribute.
            broadcastsC = node.opset >= 7 || node.optionalInt("broadcast") != 0
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...2, "A")
            try types.checkRank(1, 2...2, "B")
            guard let a = types.shape(0), let b = types.shape(1) else { return types.set(0, types.element(0), nil) }
            let (m, k) = transposesA ? (a[1], a[0]) : (a[0], a[1])
            let (depth, n) = transposesB ? (b[1], b[0]) : (b[0], b[1])
            if let k = k.size, let depth = depth.size, k != depth {
                throw ONNXError(.shape, "A' has \(k) columns and B' has \(depth) rows; they must be equal")
            }
            if let c = types.shape(2), let all = broadcastsC ? try Inference.broadcast([c, [m, n]]) : c,
                all.count != 2 || zip(all, [m, n]).contains(where: { $0.size != $1.size })
            {
                throw ONNXError(.shape, "C of [\(c.map(\.description).joined(separator: ","))] doesn't broadcast to the product's [\(m),\(n)]")
            }
            types.set(0, types.element(0), [m, n])
        }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
            switch input {
            case 0: axis == 0 ? .axis(transposesA ? 1 : 0) : .whole
            case 1: axis == 1 ? .axis(transposesB ? 0 : 1) : .whole
            default: broadcastsC ? types.shape(2).map { Inference.broadcastSource(of: axis, in: $0, rank: 2) } ?? .mixed : .mixed
            }
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let b = constants[1], b.elementType == .float, b.rank == 2 else { return }
            packed = try pack(b)
        }

        private func pack(_ b: Tensor, _ context: RunContext? = nil) throws -> PackedMatrix {
            let (rows, columns) = transposesB ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
            return try PackedMatrix(
                try b.elements(Float.self), rows: rows, columns: columns, isTransposed: transposesB,
                storage: { try context?.host.scratch(byteCount: $0) ?? Storage(byteCount: $0) })
        }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            try y.elementType.visit(Initialise(operator: self, c: context.optionalInput(2), y: y))
            let a = try context.input(0)
            if a.elementType == .float {
                let a = transposesA ? try transposed(a, context) : a
                var epilogue = Epilogue()
                epilogue.alpha = alpha
                epilogue.beta = 1
                try MatrixProduct.multiply(
                    try a.elements(Float.self), rows: y.shape[0], by: try packed ?? pack(try context.input(1), context),
                    into: try y.elements(Float.self), epilogue: epilogue, context: context)
            } else {
                try a.elementType.visit(Accumulate(operator: self, a: a, b: try context.input(1), y: y))
            }
        }

        private func transposed(_ a: Tensor, _ context: RunContext) throws -> Tensor {
            let result = try context.scratch(.float, [a.shape[1], a.shape[0]])
            let (x, z) = (try a.elements(Float.self), try result.elements(Float.self))
            for row in 0..<a.shape[0] {
                for column in 0..<a.shape[1] { z[column * a.shape[0] + row] = x[row * a.shape[1] + column] }
            }
            return result.tensor
        }

        /// Y = beta C, or 0.
        private struct Initialise: ElementVisitor {
            let `operator`: Gemm
            let c: Tensor?
            let y: MutableTensor

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let z = try y.elements(T.self)
                guard let c, `operator`.beta != 0 else { return z.fill(.zero) }
                let (x, walk) = (try c.elements(T.self), BroadcastWalk([c.shape], to: y.shape))
                let beta = T(saturating: Double(`operator`.beta))
                for run in 0..<walk.runCount {
                    let start = walk.start(0, run: run)
                    for index in 0..<walk.runLength {
                        z[run * walk.runLength + index] = T.multiply(x[start + index * walk.steps[0]], beta)
                    }
                }
            }
        }

        /// Y += alpha A' B', in the order of k.
        private struct Accumulate: ElementVisitor {
            let `operator`: Gemm
            let a: Tensor
            let b: Tensor
            let y: MutableTensor

            func visit<T: Arithmetic>(_ type: T.Type) throws {
                let (x, w, z) = (try a.elements(T.self), try b.elements(T.self), try y.elements(T.self))
                let (rows, columns) = (y.shape[0], y.shape[1])
                let depth = `operator`.transposesA ? a.shape[0] : a.shape[1]
                let alpha = T(saturating: Double(`operator`.alpha))
                for row in 0..<rows {
                    for column in 0..<columns {
                        var sum = T.zero
                        for k in 0..<depth {
                            let left = x[`operator`.transposesA ? k * rows + row : row * depth + k]
                            let right = w[`operator`.transposesB ? column * depth + k : k * columns + column]
                            sum = T.add(sum, T.multiply(left, right))
                        }
                        z[row * columns + column] = T.add(z[row * columns + column], T.multiply(alpha, sum))
                    }
                }
            }
        }
    }
}
