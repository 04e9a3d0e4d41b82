internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Pools regions of an image that lie between its elements. https://onnx.ai/onnx/operators/onnx__RoiAlign.html
    package struct RoiAlign: Operator {
        package static let schema = OperatorSchema(
            "RoiAlign", since: [10, 16, 22],
            inputs: [.one("X", "T1"), .one("rois", "T1"), .one("batch_indices", "T2")], outputs: [.one("Y", "T1")],
            attributes: [
                .defaulted("coordinate_transformation_mode", .string("half_pixel"), since: 16), .defaulted("mode", .string("avg")),
                .defaulted("output_height", .int(1)), .defaulted("output_width", .int(1)), .defaulted("sampling_ratio", .int(0)),
                .defaulted("spatial_scale", .float(1)),
            ],
            types: ["T1": .tensors(.floats), "T2": .tensors(.int64)])

        private enum Mode: String, CaseIterable {
            case avg, max
        }

        private enum Coordinates: String, CaseIterable {
            case halfPixel = "half_pixel"
            case outputHalfPixel = "output_half_pixel"
        }

        private let takesGreatest: Bool
        private let isShifted: Bool
        private let height: Int
        private let width: Int
        private let samplingRatio: Int
        private let scale: Double

        package init(_ node: NodeReader) throws {
            takesGreatest = try node.choice("mode", Mode.self) == .max
            isShifted = node.version < 16 ? false : try node.choice("coordinate_transformation_mode", Coordinates.self) == .halfPixel
            (height, width) = (try node.int("output_height"), try node.int("output_width"))
            samplingRatio = try node.int("sampling_ratio")
            scale = Double(try node.float("spatial_scale"))
            guard height >= 1, width >= 1, (0...Self.limit).contains(samplingRatio) else {
                throw ONNXError(.shape, "output of \(height) x \(width) with sampling_ratio \(samplingRatio); 1 or more, and 0...\(Self.limit), expected")
            }
        }

        /// Samples of a region along an axis.
        private static let limit = 1 << 20

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 4...4, "X")
            try RecurrentAttributes.check(types, 1, "rois", [types.shape(2)?.first?.size, 4])
            try types.checkRank(2, 1...1, "batch_indices")
            let regions = types.shape(2)?.first ?? types.shape(1)?.first ?? .unknown
            types.set(0, types.element(0), [regions, types.shape(0)?[1] ?? .unknown, .known(height), .known(width)])
        }

        package func run(_ context: RunContext) throws {
            try context.input(0).elementType.visitFloat(Regions(operation: self, context: context))
        }

        /// A sample along one axis: two neighbours and the share of the second; nil beside the image.
        private struct Sample {
            let low: Int
            let high: Int
            let share: Double

            init?(_ position: Double, extent: Int) {
                guard position >= -1, position <= Double(extent) else { return nil }
                let x = Swift.max(position, 0)
                let first = Int(x)
                (low, high) = first >= extent - 1 ? (extent - 1, extent - 1) : (first, first + 1)
                share = first >= extent - 1 ? 0 : x - Double(first)
            }
        }

        private struct Regions: FloatVisitor {
            let operation: RoiAlign
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (tensor, indices) = (try context.input(0), try context.input(2).ints())
                let (x, rois) = (try tensor.elements(T.self), try context.input(1).elements(T.self))
                let y = try context.output().elements(T.self)
                let (batches, channels, height, width) = (tensor.shape[0], tensor.shape[1], tensor.shape[2], tensor.shape[3])
                guard y.count > 0 else { return }
                guard height > 0, width > 0 else { throw ONNXError(.shape, "\(tensor) has no elements to pool") }
                let bins = operation.height * operation.width
                for (region, batch) in indices.enumerated() {
                    guard batch >= 0, batch < batches else { throw ONNXError(.shape, "batch_indices holds \(batch); 0..<\(batches) expected") }
                    try context.checkDeadline()
                    let corners = (0..<4).map { Double(rois[region * 4 + $0]) }
                    let rows = try samples(corners[1], corners[3], bins: operation.height, extent: height)
                    let columns = try samples(corners[0], corners[2], bins: operation.width, extent: width)
                    let (operation, target) = (operation, region * channels * bins)
                    try context.parallel(channels, grain: 1) { range in
                        for channel in range {
                            let plane = (batch * channels + channel) * height * width
                            for bin in 0..<bins {
                                let (row, column) = (rows[bin / operation.width], columns[bin % operation.width])
                                y[target + channel * bins + bin] = T(operation.pool(x, plane: plane, width: width, row, column))
                            }
                        }
                    }
                }
            }

            /// The samples of each bin along an axis on which the region goes from `start` to `end`.
            private func samples(_ start: Double, _ end: Double, bins: Int, extent: Int) throws -> [[Sample?]] {
                let shift = operation.isShifted ? 0.5 : 0
                let first = start * operation.scale - shift
                var size = end * operation.scale - shift - first
                if !operation.isShifted { size = Swift.max(size, 1) }
                let bin = size / Double(bins)
                let count = operation.samplingRatio > 0 ? operation.samplingRatio : Int(Int64(saturating: bin.rounded(.up)))
                guard count <= RoiAlign.limit / Swift.min(bins, RoiAlign.limit + 1) else {
                    throw ONNXError(.limit, "a region of \(size) elements in \(bins) bins takes more than \(RoiAlign.limit) samples along an axis")
                }
                return (0..<bins).map { index in
                    (0..<Swift.max(0, count)).map {
                        Sample(first + Double(index) * bin + (Double($0) + 0.5) * bin / Double(count), extent: extent)
                    }
                }
            }
        }

        /// The mean, or the greatest share, of the samples of a bin.
        private func pool<T: BinaryFloatingPoint & BitwiseCopyable>(
            _ x: Elements<T>, plane: Int, width: Int, _ rows: [Sample?], _ columns: [Sample?]
        ) -> Double {
            var (sum, greatest) = (0.0, -Double.infinity)
            for row in rows {
                for column in columns {
                    guard let row, let column else {
                        greatest = Swift.max(greatest, 0)
                        continue
                    }
                    let (top, bottom) = (plane + row.low * width, plane + row.high * width)
                    let a = (1 - row.share) * (1 - column.share) * Double(x[top + column.low])
                    let b = (1 - row.share) * column.share * Double(x[top + column.high])
                    let c = row.share * (1 - column.share) * Double(x[bottom + column.low])
                    let d = row.share * column.share * Double(x[bottom + column.high])
                    sum += a + b + c + d
                    greatest = Swift.max(greatest, a, b, c, d)
                }
            }
            if rows.isEmpty || columns.isEmpty { return 0 }
            return takesGreatest ? greatest : sum / Double(rows.count * columns.count)
        }
    }
}
