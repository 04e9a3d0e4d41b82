internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The greatest element of each part of given regions. https://onnx.ai/onnx/operators/onnx__MaxRoiPool.html
    package struct MaxRoiPool: Operator {
        package static let schema = OperatorSchema(
            "MaxRoiPool", since: [1, 22], inputs: [.one("X", "T"), .one("rois", "T")], outputs: [.one("Y", "T")],
            attributes: [.required("pooled_shape", .ints), .defaulted("spatial_scale", .float(1))], types: ["T": .tensors(.floats)])

        private let pooled: [Int]
        private let scale: Double

        package init(_ node: NodeReader) throws {
            pooled = try WindowAttributes.list(node, "pooled_shape", least: 1) ?? []
            scale = Double(try node.float("spatial_scale"))
            guard pooled.count == 2 else { throw ONNXError(.shape, "attribute 'pooled_shape' has \(pooled.count) values; 2 expected: height, width") }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 4...4, "X")
            try RecurrentAttributes.check(types, 1, "rois", [nil, 5])
            types.set(0, types.element(0), [types.shape(1)?[0] ?? .unknown, types.shape(0)?[1] ?? .unknown] + pooled.map(Dimension.known))
        }

        package func run(_ context: RunContext) throws {
            try context.input(0).elementType.visitFloat(Regions(operation: self, context: context))
        }

        /// The elements of each of `parts` parts of an axis on which a region goes from `start` to `end`.
        private func parts(_ start: Double, _ end: Double, _ parts: Int, extent: Int) -> [Range<Int>] {
            let first = (start * scale).rounded(.toNearestOrAwayFromZero)
            let size = Swift.max((end * scale).rounded(.toNearestOrAwayFromZero) - first + 1, 1) / Double(parts)
            func clamp(_ x: Double) -> Int { Int(Int64(saturating: Swift.min(Swift.max(x, 0), Double(extent)))) }
            return (0..<parts).map { part in
                let low = clamp((Double(part) * size).rounded(.down) + first)
                return low..<Swift.max(low, clamp((Double(part + 1) * size).rounded(.up) + first))
            }
        }

        private struct Regions: FloatVisitor {
            let operation: MaxRoiPool
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (tensor, regions) = (try context.input(0), try context.input(1))
                let (x, rois, y) = (try tensor.elements(T.self), try regions.elements(T.self), try context.output().elements(T.self))
                guard y.count > 0 else { return }
                let (channels, height, width) = (tensor.shape[1], tensor.shape[2], tensor.shape[3])
                let (rowCount, columnCount) = (operation.pooled[0], operation.pooled[1])
                for region in 0..<regions.shape[0] {
                    try context.checkDeadline()
                    let values = (0..<5).map { Double(rois[region * 5 + $0]) }
                    guard let batch = Int(exactly: values[0]), batch >= 0, batch < tensor.shape[0] else {
                        throw ONNXError(.shape, "region \(region) is of batch \(values[0]); 0..<\(tensor.shape[0]) expected")
                    }
                    let rows = operation.parts(values[2], values[4], rowCount, extent: height)
                    let columns = operation.parts(values[1], values[3], columnCount, extent: width)
                    for channel in 0..<channels {
                        let plane = (batch * channels + channel) * height * width
                        for (i, row) in rows.enumerated() {
                            for (j, column) in columns.enumerated() {
                                var greatest = row.isEmpty || column.isEmpty ? T.zero : T.lowest
                                for place in row { for index in column { greatest = T.greater(x[plane + place * width + index], greatest) } }
                                y[((region * channels + channel) * rowCount + i) * columnCount + j] = greatest
                            }
                        }
                    }
                }
            }
        }
    }
}
