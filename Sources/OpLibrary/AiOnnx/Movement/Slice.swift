internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Takes every n-th index of ranges of axes. https://onnx.ai/onnx/operators/onnx__Slice.html
    package struct Slice: Operator {
        package static let schema = OperatorSchema(
            "Slice", since: [1, 10, 11, 13],
            inputs: [
                .one("data", "T"), .one("starts", "Tind", since: 10), .one("ends", "Tind", since: 10), .optional("axes", "Tind", since: 10),
                .optional("steps", "Tind", since: 10),
            ], outputs: [.one("output", "T")],
            attributes: [.required("starts", .ints, until: 9), .required("ends", .ints, until: 9), .optional("axes", .ints, until: 9)],
            types: ["T": .tensors(.all), "Tind": .tensors(.indices)])
        package static let narrowTypes = NarrowTypes.moved

        private struct Bounds {
            var starts: [Int]?
            var ends: [Int]?
            var axes: [Int]?
            var steps: [Int]?
        }

        private let given: Bounds?
        private let hasAxes: Bool
        private let hasSteps: Bool

        package init(_ node: NodeReader) throws {
            given =
                node.version >= 10
                ? nil : Bounds(starts: try node.ints("starts"), ends: try node.ints("ends"), axes: node.optionalInts("axes"), steps: nil)
            hasAxes = node.has("axes") || node.hasInput(3)
            hasSteps = node.hasInput(4)
        }

        package func infer(_ types: Inference) throws {
            guard let shape = types.shape(0) else { return types.set(0, types.element(0), nil) }
            let bounds =
                try given ?? Bounds(starts: types.ints(1), ends: types.ints(2), axes: hasAxes ? types.ints(3) : nil, steps: hasSteps ? types.ints(4) : nil)
            var found = try dimensions(shape, bounds)
            if let axis = bounds.axes?.first, bounds.axes?.count == 1, let axis = Shape.axis(axis, rank: shape.count), found[axis] == .unknown,
                bounds.starts == [0], bounds.steps ?? [1] == [1], let end = types.dimensions(2)?.first
            {
                found[axis] = end.limited(to: shape[axis])
            }
            types.set(0, types.element(0), found)
        }

        private func dimensions(_ shape: [Dimension], _ bounds: Bounds) throws -> [Dimension] {
            guard bounds.axes != nil || !hasAxes else { return Array(repeating: .unknown, count: shape.count) }
            guard let count = bounds.starts?.count ?? bounds.ends?.count ?? bounds.axes?.count else { return Array(repeating: .unknown, count: shape.count) }
            let axes = try Self.axes(bounds.axes, count: count, rank: shape.count)
            guard let starts = bounds.starts, let ends = bounds.ends, bounds.steps != nil || !hasSteps else {
                return shape.indices.map { axes.contains($0) ? .unknown : shape[$0] }
            }
            let steps = bounds.steps ?? Array(repeating: 1, count: count)
            try Self.check(starts, ends, steps, count: count)
            var result = shape
            for (index, axis) in axes.enumerated() {
                if let size = shape[axis].size {
                    result[axis] = .known(AxisRange(starts[index], ends[index], steps[index], extent: size).count)
                } else if !(starts[index] == 0 && ends[index] >= Int(Int32.max) && steps[index] == 1) {
                    result[axis] = .unknown
                }
            }
            return result
        }

        private static func axes(_ axes: [Int]?, count: Int, rank: Int) throws -> [Int] {
            let given = axes ?? Array(0..<count)
            let found = given.compactMap { Shape.axis($0, rank: rank) }
            guard found.count == given.count, Set(found).count == count, given.count == count else {
                throw ONNXError(.shape, "axes \(Shape.text(given)) found; \(count) different ones within rank \(rank) expected")
            }
            return found
        }

        private static func check(_ starts: [Int], _ ends: [Int], _ steps: [Int], count: Int) throws {
            guard starts.count == count, ends.count == count, steps.count == count else {
                throw ONNXError(.shape, "\(starts.count) starts, \(ends.count) ends and \(steps.count) steps found, of each the same number expected")
            }
            guard !steps.contains(0) else { throw ONNXError(.shape, "steps \(Shape.text(steps)) hold a 0") }
        }

        package func run(_ context: RunContext) throws {
            let data = try context.input(0)
            let starts = try given?.starts ?? context.input(1).ints()
            let ends = try given?.ends ?? context.input(2).ints()
            let axes = try Self.axes(try given != nil ? given?.axes : context.optionalInput(3)?.ints(), count: starts.count, rank: data.rank)
            let steps = try hasSteps ? context.input(4).ints() : Array(repeating: 1, count: starts.count)
            try Self.check(starts, ends, steps, count: starts.count)
            var (start, strides) = (0, Shape.strides(data.shape))
            let natural = strides
            for (index, axis) in axes.enumerated() {
                let range = AxisRange(starts[index], ends[index], steps[index], extent: data.shape[axis])
                if range.count > 0 { start &+= range.start &* natural[axis] }
                strides[axis] = range.count > 1 ? natural[axis] &* range.step : 0
            }
            let mover = try ElementMover(context, type: data.elementType)
            try mover.copy(
                try ElementMover.Source(data), mover.shape, from: StridedRegion(start: start, strides: strides), to: StridedRegion(contiguous: mover.shape),
                context)
            try mover.finish(context)
        }
    }
}

/// The indices that a slice takes of one axis: `count` of them from `start` on, `step` apart, all within the axis.
private struct AxisRange {
    let start: Int
    let step: Int
    let count: Int

    /// By NumPy's rules: negative bounds count from the end, bounds outside are moved to the ends. `step` is not 0.
    init(_ start: Int, _ end: Int, _ step: Int, extent: Int) {
        let least = step > 0 ? 0 : -1
        let most = step > 0 ? extent : extent - 1
        func clamped(_ bound: Int, from low: Int) -> Int { Swift.max(low, Swift.min(bound < 0 ? bound + extent : bound, most)) }
        let (first, last) = (clamped(start, from: step > 0 ? 0 : Swift.min(0, most)), clamped(end, from: least))
        let span = step > 0 ? last - first : first - last
        self.start = first
        self.step = step
        count = span <= 0 ? 0 : Int(UInt(span - 1) / step.magnitude) + 1
    }
}
