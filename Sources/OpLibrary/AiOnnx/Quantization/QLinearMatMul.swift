internal import Bytes
internal import Tensors

extension AiOnnx {
    /// Matrix products of quantized matrices, requantized. https://onnx.ai/onnx/operators/onnx__QLinearMatMul.html
    package struct QLinearMatMul: Operator {
        package static let schema = OperatorSchema(
            "QLinearMatMul", since: [10, 21],
            inputs: [
                .one("a", "T1"), .one("a_scale", "tensor(float)", until: 20), .one("a_scale", "TS", since: 21), .one("a_zero_point", "T1"),
                .one("b", "T2"), .one("b_scale", "tensor(float)", until: 20), .one("b_scale", "TS", since: 21), .one("b_zero_point", "T2"),
                .one("y_scale", "tensor(float)", until: 20), .one("y_scale", "TS", since: 21), .one("y_zero_point", "T3"),
            ],
            outputs: [.one("y", "T3")],
            types: [
                "TS": .tensors(.float, .float16, .bfloat16), "tensor(float)": .tensors(.float), "T1": .tensors(types), "T2": .tensors(types),
                "T3": .tensors(types),
            ])
        package static let narrowTypes = NarrowTypes.asStored
        private static let types: ElementTypes = [.float8, ElementTypes([.int8, .uint8])]

        private var packed: PackedBytes?

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            for input in [0, 3, 7] {
                if let type = types.element(input), !type.isInteger {
                    throw ONNXError(.unsupported, "QLinearMatMul of \(type) is not supported; int8 and uint8 are")
                }
            }
            types.set(0, types.element(7), try MatMulShape.infer(types.shape(0), types.shape(3)))
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let b = constants[3], b.rank == 2, b.elementType.bitWidth == 8 else { return }
            packed = try PackedBytes(b, rows: b.shape[0], columns: b.shape[1])
        }

        package func run(_ context: RunContext) throws {
            let (a, b) = (try context.input(0), try context.input(3))
            let y = try context.output()
            let sums = try context.scratch(Int32.self, count: y.count)
            try ByteProduct(a: a, b: b, packed: packed, aZero: try context.input(2), bZero: try context.input(5)).run(into: sums, context)
            let stack = MatrixStack(a.shape, b.shape)
            let requantize = Requantize(
                aScale: try context.input(1).scales(rows: stack.rows, "a_scale"), bScale: try context.input(4).scales(rows: stack.columns, "b_scale"),
                yScale: try context.input(6).scales(rows: 1, "y_scale")[0], zero: Double(try context.input(7).ints().first ?? 0),
                rows: stack.rows, columns: stack.columns, sums: sums.elements, y: y)
            try y.elementType.visitInteger(requantize)
        }
    }
}

extension Tensor {
    /// One scale, or one a row. Throws `.shape` for another number.
    fileprivate func scales(rows: Int, _ name: String) throws -> [Float] {
        guard count == 1 || count == rows else { throw ONNXError(.shape, "'\(name)' has \(count) elements; 1 or \(rows) expected") }
        return try doubles().map { Float($0) }
    }
}

/// Sums times aScale * bScale / yScale, rounded, plus a zero point, saturated.
private struct Requantize: IntegerVisitor {
    let aScale: [Float]
    let bScale: [Float]
    let yScale: Float
    let zero: Double
    let rows: Int
    let columns: Int
    let sums: Elements<Int32>
    let y: MutableTensor

    func visit<T: Arithmetic & FixedWidthInteger>(_ type: T.Type) throws {
        let result = try y.elements(T.self)
        guard let range = IntegerRange(y.elementType) else { return }
        for index in result.indices {
            let (row, column) = (index / columns % rows, index % columns)
            let multiplier = aScale[aScale.count == 1 ? 0 : row] * bScale[bScale.count == 1 ? 0 : column] / yScale
            let value = Double((Float(sums[index]) * multiplier).rounded(.toNearestOrEven)) + zero
            result[index] = T(saturating: range.clamp(value))
        }
    }
}
