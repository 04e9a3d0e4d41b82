internal import Bytes
internal import Tensors

extension AiOnnx {
    /// Matrix products of the last two axes, the others broadcast, as `numpy.matmul`. https://onnx.ai/onnx/operators/onnx__MatMul.html
    package struct MatMul: Operator {
        package static let schema = OperatorSchema(
            "MatMul", since: [1, 9, 13],
            inputs: [.one("A", "T"), .one("B", "T")], outputs: [.one("Y", "T")],
            types: ["T": .tensors([.floats, ElementTypes([.int32, .int64, .uint32, .uint64])])])

        private var packed: PackedMatrix?

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            types.set(0, types.element(0), try MatMulShape.infer(types.shape(0), types.shape(1)))
        }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
            guard let a = types.shape(0)?.count, let b = types.shape(1)?.count, a >= 2, b >= 2, let own = types.shape(input) else { return .mixed }
            let rank = Swift.max(a, b)
            // A row of the product is of one row of A and all of B, a column of one column of B and all of A.
            if axis >= rank - 2 { return (axis == rank - 2) == (input == 0) ? .axis(own.count - (rank - axis)) : .whole }
            return Inference.broadcastSource(of: axis, in: own, rank: rank)
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let b = constants[1], b.elementType == .float, b.rank == 2 else { return }
            packed = try PackedMatrix(try b.elements(Float.self), rows: b.shape[0], columns: b.shape[1])
        }

        package func run(_ context: RunContext) throws {
            let (a, b) = (try context.input(0), try context.input(1))
            let y = try context.output()
            try BatchedProduct(a: a, b: b, packed: packed, y: y).run(context)
        }
    }
}
