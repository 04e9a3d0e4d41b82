internal import Bytes
internal import GraphIR
internal import Tensors

extension Microsoft {
    /// Byte products scaled to float. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulIntegerToFloat
    package struct MatMulIntegerToFloat: Operator {
        package static let schema = OperatorSchema(
            "MatMulIntegerToFloat", domain: domain, since: [1],
            inputs: [
                .one("A", "T1"), .one("B", "T2"), .one("a_scale", "T3"), .one("b_scale", "T3"), .optional("a_zero_point", "T1"),
                .optional("b_zero_point", "T2"), .optional("bias", "T3"),
            ],
            outputs: [.one("Y", "T3")],
            types: ["T1": .tensors(.int8, .uint8), "T2": .tensors(.int8, .uint8), "T3": .tensors(.float, .float16)])

        private var packed: PackedBytes?

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            types.set(0, types.element(2), try MatMulShape.infer(types.shape(0), types.shape(1)))
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let b = constants[1], b.rank == 2 else { return }
            packed = try PackedBytes(b, rows: b.shape[0], columns: b.shape[1])
        }

        package func run(_ context: RunContext) throws {
            let (a, b) = (try context.input(0), try context.input(1))
            let y = try context.output().elements(Float.self)
            let sums = try context.scratch(Int32.self, count: y.count)
            try ByteProduct(a: a, b: b, packed: packed, aZero: try context.optionalInput(4), bZero: try context.optionalInput(5)).run(into: sums, context)
            let stack = MatrixStack(a.shape, b.shape)
            try ScaledSums(
                rowScale: try context.input(2).elements(), columnScale: try context.input(3).elements(), bias: try context.optionalInput(6)?.elements(),
                rows: stack.rows, columns: stack.columns
            ).write(sums.elements, to: y, context)
        }
    }

    /// Quantizes A by its range, multiplies, scales to float. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.DynamicQuantizeMatMul
    package struct DynamicQuantizeMatMul: Operator {
        package static let schema = OperatorSchema(
            "DynamicQuantizeMatMul", domain: domain, since: [1],
            inputs: [.one("A", "T1"), .one("B", "T2"), .one("b_scale", "T1"), .optional("b_zero_point", "T2"), .optional("bias", "T1")],
            outputs: [.one("Y", "T1")], types: ["T1": .tensors(.float), "T2": .tensors(.int8, .uint8)])

        private var packed: PackedBytes?

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            types.set(0, .float, try MatMulShape.infer(types.shape(0), types.shape(1)))
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let b = constants[1], b.rank == 2 else { return }
            packed = try PackedBytes(b, rows: b.shape[0], columns: b.shape[1])
        }

        package func run(_ context: RunContext) throws {
            let (a, b) = (try context.input(0), try context.input(1))
            let x = try a.elements(Float.self)
            let range = DynamicRange(x, 0..<x.count)
            let bytes = try context.scratch(.uint8, a.shape)
            let target = try bytes.elements(UInt8.self)
            try context.parallel(x.count, grain: 32_768) { part in
                Quantize.unsigned(x, part, into: target, at: part.lowerBound, scale: range.scale, zeroPoint: Int32(range.zeroPoint))
            }
            let y = try context.output().elements(Float.self)
            let sums = try context.scratch(Int32.self, count: y.count)
            try ByteProduct(a: bytes.tensor, b: b, packed: packed, aZero: try Tensor(scalar: range.zeroPoint), bZero: try context.optionalInput(3))
                .run(into: sums, context)
            let stack = MatrixStack(a.shape, b.shape)
            try ScaledSums(
                rowScale: try Tensor(scalar: range.scale).elements(), columnScale: try context.input(2).elements(),
                bias: try context.optionalInput(4)?.elements(), rows: stack.rows, columns: stack.columns
            ).write(sums.elements, to: y, context)
        }
    }
}

/// Integer sums times a row's and a column's scale, plus a column's bias.
struct ScaledSums {
    let rowScale: Elements<Float>
    let columnScale: Elements<Float>
    let bias: Elements<Float>?
    let rows: Int
    let columns: Int

    /// Throws `.shape` when a scale has neither one element nor one a row or column.
    func write(_ sums: Elements<Int32>, to y: MutableElements<Float>, _ context: RunContext) throws {
        guard rowScale.count == 1 || rowScale.count == rows, columnScale.count == 1 || columnScale.count == self.columns,
            bias.map({ $0.count == self.columns }) ?? true
        else {
            throw ONNXError(
                .shape,
                "scales of \(rowScale.count) and \(columnScale.count) elements and a bias of \(bias?.count ?? 0) don't fit \(rows) rows and \(columns) columns")
        }
        guard columns > 0 else { return }
        let (rowScale, columnScale, bias, rows, columns) = (rowScale, columnScale, bias, rows, columns)
        try context.parallel(y.count / columns, grain: Swift.max(1, 16_384 / columns)) { range in
            for row in range {
                let scale = rowScale[rowScale.count == 1 ? 0 : row % rows]
                for column in 0..<columns {
                    let factor = scale * columnScale[columnScale.count == 1 ? 0 : column]
                    y[row &* columns &+ column] = Float(sums[row &* columns &+ column]) * factor + (bias?[column] ?? 0)
                }
            }
        }
    }
}
