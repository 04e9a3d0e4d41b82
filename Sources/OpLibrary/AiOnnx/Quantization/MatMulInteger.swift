internal import Bytes
package import Tensors

extension AiOnnx {
    /// Matrix products of 8-bit integers less their zero points, in int32. https://onnx.ai/onnx/operators/onnx__MatMulInteger.html
    package struct MatMulInteger: Operator {
        package static let schema = OperatorSchema(
            "MatMulInteger", since: [10],
            inputs: [.one("A", "T1"), .one("B", "T2"), .optional("a_zero_point", "T1"), .optional("b_zero_point", "T2")], outputs: [.one("Y", "T3")],
            types: ["T1": .tensors(.int8, .uint8), "T2": .tensors(.int8, .uint8), "T3": .tensors(.int32)])

        private var packed: PackedBytes?

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            types.set(0, .int32, try MatMulShape.infer(types.shape(0), types.shape(1)))
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let b = constants[1], b.rank == 2 else { return }
            packed = try PackedBytes(b, rows: b.shape[0], columns: b.shape[1])
        }

        package func run(_ context: RunContext) throws {
            try ByteProduct(
                a: try context.input(0), b: try context.input(1), packed: packed,
                aZero: try context.optionalInput(2), bZero: try context.optionalInput(3)
            ).run(into: try context.output().elements(Int32.self), context)
        }
    }
}

/// Products of stacks of byte matrices less their zero points.
package struct ByteProduct {
    private let a: Tensor
    private let b: Tensor
    private let packed: PackedBytes?
    private let aZero: Elements<Int32>?
    private let bZero: Elements<Int32>?
    private let stack: MatrixStack

    /// Zero points have one element, or one a row of `a` or a column of `b`, or as many for each matrix of the stack.
    package init(a: Tensor, b: Tensor, packed: PackedBytes?, aZero: Tensor?, bZero: Tensor?) throws {
        (self.a, self.b, self.packed) = (a, b, packed)
        stack = MatrixStack(a.shape, b.shape)
        self.aZero = try Self.check(aZero, of: a, extent: stack.rows, "a row of A")
        self.bZero = try Self.check(bZero, of: b, extent: stack.columns, "a column of B")
    }

    private static func check(_ zero: Tensor?, of matrix: Tensor, extent: Int, _ what: String) throws -> Elements<Int32>? {
        guard let zero else { return nil }
        let matrices = matrix.rank <= 2 ? 1 : Shape.product(matrix.shape.dropLast(2))
        guard zero.count == 1 || zero.count == extent || zero.count == matrices * extent else {
            throw ONNXError(.shape, "the zero point \(zero) has neither one element nor one for \(what) (\(extent))")
        }
        return try zero.zeroPoints()
    }

    private func part(_ zero: Elements<Int32>?, extent: Int, matrix: Int) throws -> Elements<Int32>? {
        guard let zero, zero.count > extent, zero.count > 1 else { return zero }
        return try Tensor(Array(zero[matrix * extent..<(matrix + 1) * extent]), shape: [extent]).elements(Int32.self)
    }

    package func run(into y: MutableElements<Int32>, _ context: RunContext) throws {
        let bytes = try a.bytes()
        let isSigned = a.elementType == .int8
        let (rows, depth, columns) = (stack.rows, stack.depth, stack.columns)
        guard y.count > 0 else { return }
        for index in 0..<stack.count {
            let (m, n) = stack.operands(index)
            let right =
                try packed ?? PackedBytes(b, offset: n * depth * columns, rows: depth, columns: columns, storage: context.host.scratch(byteCount:))
            try IntegerProduct.multiply(
                bytes, isSigned: isSigned, offset: m * rows * depth, rows: rows, zeroPoints: try part(aZero, extent: rows, matrix: m),
                by: right, zeroPoints: try part(bZero, extent: columns, matrix: n), into: y, at: index * rows * columns, context: context)
        }
    }
}
