internal import Bytes
internal import Tensors

extension AiOnnx {
    /// The determinants of square matrices. https://onnx.ai/onnx/operators/onnx__Det.html
    package struct Det: Operator {
        package static let schema = OperatorSchema.unary("Det", since: [11, 22])

        package init(_ node: NodeReader) throws {}

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...Int.max, "X")
            guard let x = types.shape(0) else { return types.set(0, types.element(0), nil) }
            if let rows = x[x.count - 2].size, let columns = x[x.count - 1].size, rows != columns {
                throw ONNXError(.shape, "matrices of \(rows) x \(columns) have no determinant; square ones expected")
            }
            types.set(0, types.element(0), Array(x.dropLast(2)))
        }

        package func run(_ context: RunContext) throws {
            let (x, y) = (try context.input(0), try context.output())
            guard y.count > 0 else { return }
            let size = x.shape[x.rank - 1]
            let elements = try Conversion.doubles(x, context)
            let results = try context.scratch(Double.self, count: y.count)
            let work = try context.scratch(Double.self, count: size * size)
            for matrix in 0..<y.count {
                try context.checkDeadline()
                work.copy(elements, from: matrix * size * size, count: size * size, to: 0)
                results[matrix] = Self.determinant(work, size)
            }
            try Conversion.copy(results.elements, to: y)
        }

        /// By elimination with row pivots, which overwrites the matrix.
        private static func determinant(_ a: MutableElements<Double>, _ size: Int) -> Double {
            var result = 1.0
            for column in 0..<size {
                var pivot = column
                for row in column..<size where abs(a[row * size + column]) > abs(a[pivot * size + column]) { pivot = row }
                let head = a[pivot * size + column]
                result *= head
                if head == 0 || head.isNaN { return result }
                if pivot != column {
                    result = -result
                    for index in column..<size { (a[pivot * size + index], a[column * size + index]) = (a[column * size + index], a[pivot * size + index]) }
                }
                for row in column + 1..<size {
                    let factor = a[row * size + column] / head
                    for index in column..<size { a[row * size + index] -= factor * a[column * size + index] }
                }
            }
            return result
        }
    }
}
