internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// alpha A' B', where ' may transpose. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedMatMul
    package struct FusedMatMul: Operator {
        package static let schema = OperatorSchema(
            "FusedMatMul", domain: domain, since: [1], inputs: [.one("A", "T"), .one("B", "T")], outputs: [.one("Y", "T")],
            attributes: [
                .defaulted("alpha", .float(1)), .defaulted("transA", .int(0)), .defaulted("transB", .int(0)), .defaulted("transBatchA", .int(0)),
                .defaulted("transBatchB", .int(0)),
            ], types: ["T": .tensors(.floats)])

        private let alpha: Float
        private let a: MatrixTransposition
        private let b: MatrixTransposition

        package init(_ node: NodeReader) throws {
            alpha = try node.float("alpha")
            a = MatrixTransposition(matrix: try node.flag("transA"), batch: try node.flag("transBatchA"))
            b = MatrixTransposition(matrix: try node.flag("transB"), batch: try node.flag("transBatchB"))
        }

        package func infer(_ types: Inference) throws {
            types.set(0, types.element(0), try MatMulShape.infer(types.shape(0).map(a.apply), types.shape(1).map(b.apply)))
        }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            try BatchedProduct(a: try a.apply(try context.input(0), context), b: try b.apply(try context.input(1), context), y: y).run(context)
            guard alpha != 1 else { return }
            if y.elementType == .float {
                try FloatOperation.multiply.zip(y.tensor, try Tensor(scalar: alpha), to: y, context)
            } else {
                let elements = try y.elements(Double.self)
                for index in elements.indices { elements[index] *= Double(alpha) }
            }
        }
    }
}

/// Swaps the last two axes, or moves the first axis before the last one, or both.
struct MatrixTransposition: Sendable {
    let matrix: Bool
    let batch: Bool

    /// Which axis of the input each axis of the result is.
    private func permutation(rank: Int) -> [Int] {
        guard rank >= 2 else { return Array(0..<rank) }
        var axes = Array(0..<rank)
        if batch { axes = Array(1..<rank - 1) + [0, rank - 1] }
        if matrix { axes.swapAt(rank - 2, rank - 1) }
        return axes
    }

    func apply<T>(_ shape: [T]) -> [T] { permutation(rank: shape.count).map { shape[$0] } }

    /// The transposed tensor, in scratch memory; the tensor itself where nothing is to be done.
    func apply(_ tensor: Tensor, _ context: RunContext) throws -> Tensor {
        guard matrix || batch, tensor.rank >= 2 else { return tensor }
        let result = try context.scratch(tensor.elementType, apply(tensor.shape))
        let region = StridedRegion(strides: apply(Shape.strides(tensor.shape)))
        let copy = try StridedCopy(shape: result.shape, from: region, of: tensor.count, to: StridedRegion(contiguous: result.shape), of: result.count)
        if tensor.elementType == .float {
            try copy.run(UInt32.self, try tensor.bytes(), result.rawBytes(), context)
        } else {
            try copy.run(UInt64.self, try tensor.bytes(), result.rawBytes(), context)
        }
        return result.tensor
    }
}
