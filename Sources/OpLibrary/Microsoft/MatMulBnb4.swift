internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// A times a matrix of 4-bit weights of bitsandbytes' types. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulBnb4
    package struct MatMulBnb4: Operator {
        package static let schema = OperatorSchema(
            "MatMulBnb4", domain: domain, since: [1], inputs: [.one("A", "T1"), .one("B", "T2"), .one("absmax", "T1")], outputs: [.one("Y", "T1")],
            attributes: [
                .required("K", .int), .required("N", .int), .required("block_size", .int), .required("quant_type", .int), .defaulted("training_mode", .int(0)),
                .defaulted("transB", .int(1)),
            ],
            types: ["T1": .tensors(.float, .float16, .bfloat16), "T2": .tensors(.uint8)])

        /// The 16 values of each type. Source: https://arxiv.org/abs/2305.14314 (NF4), bitsandbytes (FP4).
        private static let fp4: [Float] = [
            0, 5.208333333e-03, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25, -0, -5.208333333e-03, -0.66666667, -1, -0.33333333, -0.5, -0.16666667, -0.25,
        ]
        private static let nf4: [Float] = [
            -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
            0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
        ]

        private let rows: Int
        private let columns: Int
        private let block: Int
        private let values: [Float]
        private let isTransposed: Bool

        package init(_ node: NodeReader) throws {
            (rows, columns, block) = (try node.int("K"), try node.int("N"), try node.int("block_size"))
            guard rows >= 1, columns >= 1, rows < 1 << 31, columns < 1 << 31, block >= 16, block < 1 << 20 else {
                throw ONNXError(.malformed, "K \(rows), N \(columns) and block_size \(block) don't make a matrix")
            }
            let type = try node.int("quant_type")
            guard type == 0 || type == 1 else { throw ONNXError(.unsupported, "quant_type \(type); 0 (FP4) and 1 (NF4) are supported") }
            values = type == 0 ? Self.fp4 : Self.nf4
            isTransposed = try node.flag("transB")
        }

        package func infer(_ types: Inference) throws {
            types.set(0, types.element(0), try MatMulShape.infer(types.shape(0), [.known(rows), .known(columns)]))
        }

        package func run(_ context: RunContext) throws {
            let (a, b, scales) = (try context.input(0), try context.input(1).bytes(), try context.input(2).elements(Float.self))
            let count = rows * columns
            guard b.count == (count + 1) / 2, scales.count == (count + block - 1) / block else {
                throw ONNXError(
                    .shape, "B of \(b.count) bytes and absmax of \(scales.count) elements; \((count + 1) / 2) and \((count + block - 1) / block) expected")
            }
            let wide = try context.scratch(Float.self, count: count)
            for index in 0..<count {
                let byte = b[index / 2]
                wide[index] = values[Int(index % 2 == 0 ? byte >> 4 : byte & 15)] * scales[index / block]
            }
            let matrix = try PackedMatrix(wide.elements, rows: rows, columns: columns, isTransposed: isTransposed, storage: context.host.scratch(byteCount:))
            try MatrixProduct.multiply(try a.elements(), rows: a.count / rows, by: matrix, into: try context.output().elements(), context: context)
        }
    }
}
