internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Adds indices before and after those of each axis, or takes some away. https://onnx.ai/onnx/operators/onnx__Pad.html
    package struct Pad: Operator {
        package static let schema = OperatorSchema(
            "Pad", since: [2, 11, 13, 18, 19, 21, 23, 24, 25],
            inputs: [
                .one("data", "T"), .one("pads", "tensor(int64)", since: 11), .optional("constant_value", "T", since: 11),
                .optional("axes", "Tind", since: 18),
            ], outputs: [.one("output", "T")],
            attributes: [.defaulted("mode", .string("constant")), .required("pads", .ints, until: 10), .defaulted("value", .float(0), until: 10)],
            types: ["T": .tensors(.all), "tensor(int64)": .tensors(.int64), "Tind": .tensors(.indices)])
        package static let narrowTypes = NarrowTypes.moved

        private enum Mode: String, CaseIterable {
            case constant, reflect, edge, wrap
        }

        private let mode: Mode
        private let pads: [Int]?
        private let value: Float
        private let hasAxes: Bool

        package init(_ node: NodeReader) throws {
            mode = try node.choice("mode")
            guard mode != .wrap || node.version >= 19 else { throw ONNXError(.malformed, "attribute 'mode' is 'wrap', which exists from opset 19 on") }
            pads = node.optionalInts("pads")
            value = node.optionalFloat("value") ?? 0
            hasAxes = node.hasInput(3)
        }

        package func infer(_ types: Inference) throws {
            guard let shape = types.shape(0) else { return types.set(0, types.element(0), nil) }
            guard let pads = try pads ?? types.ints(1), !hasAxes || types.constant(3) != nil else {
                return types.set(0, types.element(0), shape.map { _ in .unknown })
            }
            let edges = try Self.edges(pads, try types.ints(3), rank: shape.count)
            let dimensions: [Dimension] = try zip(shape, edges).map { dimension, edge in
                if edge == (0, 0) { return dimension }
                guard let size = dimension.size else { return .unknown }
                let sum = try size.plus(edge.before).plus(edge.after)
                guard sum >= 0 else { throw ONNXError(.shape, "pads \(edge.before) and \(edge.after) leave nothing of extent \(size)") }
                return .known(sum)
            }
            types.set(0, types.element(0), dimensions)
        }

        /// What is added to each axis.
        private static func edges(_ pads: [Int], _ axes: [Int]?, rank: Int) throws -> [(before: Int, after: Int)] {
            let given = axes ?? Array(0..<rank)
            let found = given.compactMap { Shape.axis($0, rank: rank) }
            guard found.count == given.count, Set(found).count == given.count else {
                throw ONNXError(.shape, "axes \(Shape.text(given)) found, different ones within rank \(rank) expected")
            }
            guard pads.count == 2 * found.count else { throw ONNXError(.shape, "\(pads.count) pads found, \(2 * found.count) expected") }
            var result = [(before: Int, after: Int)](repeating: (0, 0), count: rank)
            for (index, axis) in found.enumerated() { result[axis] = (pads[index], pads[index + found.count]) }
            return result
        }

        package func run(_ context: RunContext) throws {
            let data = try context.input(0)
            let pads = try pads ?? context.input(1).ints()
            let edges = try Self.edges(pads, try context.optionalInput(3)?.ints(), rank: data.rank)
            let mover = try ElementMover(context, type: data.elementType)
            if mover.count > 0 {
                let axes = try zip(data.shape, edges).map { try AxisPadding(extent: $0, before: $1.before, after: $1.after) }
                let source = try ElementMover.Source(data)
                if mode == .constant {
                    try mover.fill(try filling(context, data.elementType).map(ElementMover.Source.init), context)
                    try copyKept(source, axes, data.shape, mover, context)
                } else {
                    try copyMapped(source, axes, data.shape, mover)
                }
            }
            try mover.finish(context)
        }

        /// The value to pad with; nil for zero.
        private func filling(_ context: RunContext, _ type: ElementType) throws -> Tensor? {
            if pads == nil {
                guard let value = try context.optionalInput(2) else { return nil }
                guard value.count == 1 else { throw ONNXError(.shape, "'constant_value' is \(value), a scalar expected") }
                return value
            }
            return switch type {
            case .float: try Tensor(scalar: value)
            case .double: try Tensor(scalar: Double(value))
            case .float16: try Tensor(scalar: Float16(value))
            default: throw ONNXError(.unsupported, "element type \(type) is padded from opset 11 on")
            }
        }

        private func copyKept(_ source: ElementMover.Source, _ axes: [AxisPadding], _ shape: [Int], _ mover: ElementMover, _ context: RunContext) throws {
            let (from, to) = (Shape.strides(shape), Shape.strides(mover.shape))
            let start = zip(axes, from).reduce(0) { $0 &+ $1.0.start &* $1.1 }
            let end = zip(axes, to).reduce(0) { $0 &+ $1.0.before &* $1.1 }
            try mover.copy(
                source, axes.map(\.kept), from: StridedRegion(start: start, strides: from), to: StridedRegion(start: end, strides: to), context)
        }

        /// Every added index repeats one that is there.
        private func copyMapped(_ source: ElementMover.Source, _ axes: [AxisPadding], _ shape: [Int], _ mover: ElementMover) throws {
            let strides = Shape.strides(shape)
            let tables = try axes.indices.map { try table(axes[$0], extent: mover.shape[$0]) }
            guard let last = axes.last, let inner = tables.last else { return mover.copyAll(source) }
            let length = inner.count
            let middle = last.before..<(last.before + last.kept)
            for row in 0..<(mover.count / length) {
                var (rest, base) = (row, 0)
                for axis in stride(from: axes.count - 2, through: 0, by: -1) {
                    base &+= tables[axis][rest % tables[axis].count] &* strides[axis]
                    rest /= tables[axis].count
                }
                for index in 0..<length where !middle.contains(index) { mover.copy(source, from: base &+ inner[index], count: 1, to: row &* length &+ index) }
                mover.copy(source, from: base &+ last.start, count: last.kept, to: row &* length &+ last.before)
            }
        }

        /// The source index of each index of the padded axis.
        private func table(_ axis: AxisPadding, extent: Int) throws -> [Int] {
            guard axis.kept > 0 else { throw ONNXError(.shape, "mode '\(mode.rawValue)' finds nothing to repeat on an axis of extent 0") }
            let period = mode == .reflect ? Swift.max(1, 2 * (axis.kept - 1)) : axis.kept
            return (0..<extent).map { index in
                let place = index - axis.before
                if mode == .edge { return axis.start + Swift.min(Swift.max(place, 0), axis.kept - 1) }
                let folded = (place % period + period) % period
                return axis.start + (folded < axis.kept ? folded : period - folded)
            }
        }
    }
}

/// One axis of a padding: `kept` indices from `start` of the source come after `before` added ones.
private struct AxisPadding {
    let start: Int
    let kept: Int
    let before: Int

    /// Throws `.shape` when a negative padding takes more than there is.
    init(extent: Int, before: Int, after: Int) throws {
        guard before >= -extent, after >= -extent else { throw ONNXError(.shape, "pads \(before) and \(after) take more than extent \(extent)") }
        start = Swift.max(0, -before)
        kept = extent - start - Swift.max(0, -after)
        self.before = Swift.max(0, before)
        guard kept >= 0 else { throw ONNXError(.shape, "pads \(before) and \(after) take more than extent \(extent)") }
    }
}
