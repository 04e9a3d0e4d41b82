internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The best boxes of each class that don't overlap a better one. https://onnx.ai/onnx/operators/onnx__NonMaxSuppression.html
    package struct NonMaxSuppression: Operator {
        package static let schema = OperatorSchema(
            "NonMaxSuppression", since: [10, 11],
            inputs: [
                .one("boxes", "tensor(float)"), .one("scores", "tensor(float)"), .optional("max_output_boxes_per_class", "tensor(int64)"),
                .optional("iou_threshold", "tensor(float)"), .optional("score_threshold", "tensor(float)"),
            ],
            outputs: [.one("selected_indices", "tensor(int64)")], attributes: [.defaulted("center_point_box", .int(0))],
            types: ["tensor(float)": .tensors(.float), "tensor(int64)": .tensors(.int64)])

        private let hasCentres: Bool

        package init(_ node: NodeReader) throws { hasCentres = try node.flag("center_point_box") }

        package func infer(_ types: Inference) throws {
            let scores = types.shape(1)
            try types.checkRank(1, 3...3, "scores")
            try RecurrentAttributes.check(types, 0, "boxes", [scores?[0].size, scores?[2].size, 4])
            types.set(0, .int64, [.unknown, .known(3)])
        }

        /// The only element of an input, if it is there and has one.
        private func scalar<T: TensorElement>(_ context: RunContext, _ input: Int, _ type: T.Type) throws -> T? {
            guard let tensor = try context.optionalInput(input), tensor.count > 0 else { return nil }
            return try tensor.elements(T.self)[0]
        }

        package func run(_ context: RunContext) throws {
            let (boxes, tensor) = (try context.input(0).elements(Float.self), try context.input(1))
            let scores = try tensor.elements(Float.self)
            let (batches, classes, count) = (tensor.shape[0], tensor.shape[1], tensor.shape[2])
            let most = try scalar(context, 2, Int64.self) ?? 0
            let overlap = try scalar(context, 3, Float.self) ?? 0
            let least = try scalar(context, 4, Float.self)
            var selected: [Int64] = []
            for row in 0..<(most > 0 && scores.count > 0 ? batches * classes : 0) {
                try context.checkDeadline()
                let (batch, first) = (row / classes, row * count)
                let candidates = Self.ranked((0..<count).map { scores[first + $0] }, above: least)
                var kept: [Box] = []
                for index in candidates where Int64(kept.count) < most {
                    let box = Box(boxes, (batch * count + index) * 4, isCentre: hasCentres)
                    guard !kept.contains(where: { box.overlap($0) > overlap }) else { continue }
                    kept.append(box)
                    selected += [Int64(batch), Int64(row % classes), Int64(index)]
                }
            }
            let result = try context.allocate(0, .int64, [selected.count / 3, 3]).elements(Int64.self)
            for (index, value) in selected.enumerated() { result[index] = value }
        }

        /// The places of the scores above `least`, best first, and the first of equals first. NaN counts as the lowest score.
        private static func ranked(_ scores: [Float], above least: Float?) -> [Int] {
            let keys = scores.map { $0.isNaN ? -Float.infinity : $0 }
            let places = keys.indices.filter { place in least.map { keys[place] > $0 } ?? true }
            return places.sorted { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] > keys[$1] }
        }

        private struct Box {
            let left: Float
            let right: Float
            let top: Float
            let bottom: Float

            /// From two corners (y, x, y, x), or from centre and size (x, y, width, height).
            init(_ boxes: Elements<Float>, _ place: Int, isCentre: Bool) {
                let (a, b, c, d) = (boxes[place], boxes[place + 1], boxes[place + 2], boxes[place + 3])
                if isCentre {
                    (left, right, top, bottom) = (a - c / 2, a + c / 2, b - d / 2, b + d / 2)
                } else {
                    (left, right, top, bottom) = (Swift.min(b, d), Swift.max(b, d), Swift.min(a, c), Swift.max(a, c))
                }
            }

            private var area: Float { (right - left) * (bottom - top) }

            /// The shared part of both areas; 0 where one of them is empty.
            func overlap(_ other: Box) -> Float {
                let width = Swift.min(right, other.right) - Swift.max(left, other.left)
                let height = Swift.min(bottom, other.bottom) - Swift.max(top, other.top)
                guard width > 0, height > 0, area > 0, other.area > 0 else { return -1 }
                let both = width * height
                return both / (area + other.area - both)
            }
        }
    }
}
