internal import Bytes
internal import Tensors

/// Resizes a tensor axis by axis.
struct Resampling: Sendable {
    static let types: ElementTypes = [.numeric, .bool, .string, .complex]

    let axes: [ResizedAxis]
    let interpolation: Interpolation
    /// The value of elements beside the tensor.
    let extrapolation: Double

    /// Scales each of `axes` by its factor. Throws `.shape` unless every factor is positive and finite.
    static func scale(_ result: inout [ResizedAxis], _ axes: [Int], _ scales: Elements<Float>) throws {
        guard scales.count == axes.count else { throw ONNXError(.shape, "'scales' has \(scales.count) elements, \(axes.count) expected, one an axis") }
        for (axis, scale) in zip(axes, scales) {
            guard scale > 0, scale.isFinite else { throw ONNXError(.shape, "scale \(scale) of axis \(axis) is not a positive number") }
            let input = result[axis].input
            let output = Int(Int64(saturating: Double(Float(input) * scale)))
            result[axis] = ResizedAxis(input: input, output: output, scale: Double(scale), exactOutput: Double(input) * Double(scale))
        }
    }

    func run(_ x: Tensor, _ context: RunContext) throws {
        if interpolation.mode == .nearest { return try pick(x, context) }
        let y = try context.output()
        guard y.count > 0 else { return }
        switch x.elementType {
        case .float: try interpolate(try x.elements(Float.self), try y.elements(Float.self), context)
        case .double: try interpolate(try x.elements(Double.self), try y.elements(Double.self), context)
        default:
            let result = try context.scratch(Double.self, count: y.count)
            try interpolate(try Conversion.doubles(x, context), result, context)
            try Conversion.copy(result.elements, to: y)
        }
    }

    /// Every element is one of the input's.
    private func pick(_ x: Tensor, _ context: RunContext) throws {
        let mover = try ElementMover(context, type: x.elementType)
        guard mover.count > 0 else { return try mover.finish(context) }
        let samples = axes.map(interpolation.sample)
        let positions = try context.scratch(Int64.self, count: mover.count)
        let last = axes.count - 1
        let width = last < 0 ? 1 : axes[last].output
        let strides = Shape.strides(x.shape)
        try context.parallel(mover.count / width, grain: Swift.max(1, 32_768 / width)) { rows in
            for row in rows {
                let start = Self.start(row, axes: axes, last) { samples[$0].places[$1] &* strides[$0] }
                for index in 0..<width { positions[row &* width &+ index] = Int64(start &+ (last < 0 ? 0 : samples[last].places[index])) }
            }
        }
        try mover.gather(try ElementMover.Source(x), at: positions, context)
        try mover.finish(context)
        guard samples.contains(where: { $0.isOutside != nil }) else { return }
        try x.elementType.visit(Outside(samples: samples, axes: axes, value: extrapolation, y: try context.output()))
    }

    /// The sum of what `term` says of the place on each axis before `last`, for row `row` of the output.
    private static func start(_ row: Int, axes: [ResizedAxis], _ last: Int, _ term: (_ axis: Int, _ place: Int) -> Int) -> Int {
        var (rest, sum) = (row, 0)
        for axis in stride(from: last - 1, through: 0, by: -1) {
            sum &+= term(axis, rest % axes[axis].output)
            rest /= axes[axis].output
        }
        return sum
    }

    /// Overwrites the elements that lie beside the tensor.
    private struct Outside: ElementVisitor {
        let samples: [Sampling]
        let axes: [ResizedAxis]
        let value: Double
        let y: MutableTensor

        func visit<T: Arithmetic>(_ type: T.Type) throws {
            let (output, value) = (try y.elements(T.self), T(saturating: value))
            for index in output.indices {
                let flags = Resampling.start(index, axes: axes, axes.count) { samples[$0].isOutside?[$1] == true ? 1 : 0 }
                if flags > 0 { output[index] = value }
            }
        }
    }

    private func interpolate<T: Arithmetic & BinaryFloatingPoint>(_ x: Elements<T>, _ y: MutableElements<T>, _ context: RunContext) throws {
        var (current, shape) = (x, axes.map(\.input))
        let changed = axes.indices.filter { !axes[$0].isIdentity }
        for axis in changed {
            var next = shape
            next[axis] = axes[axis].output
            let target = axis == changed.last ? y : try context.scratch(T.elementType, next).elements(T.self)
            try interpolate(current, AxisView(shape, axis: axis), interpolation.sample(axes[axis]), to: target, context)
            (current, shape) = (target.elements, next)
        }
        if changed.isEmpty { y.copy(x, from: 0, count: x.count, to: 0) }
    }

    private func interpolate<T: Arithmetic & BinaryFloatingPoint>(
        _ x: Elements<T>, _ view: AxisView, _ samples: Sampling, to y: MutableElements<T>, _ context: RunContext
    ) throws {
        let (taps, inner, output) = (samples.taps, view.inner, samples.places.count / samples.taps)
        let weights = samples.weights.map { T($0) }
        let extrapolation = T(extrapolation)
        try context.parallel(view.outer &* output, grain: Swift.max(1, 16_384 / (taps &* inner))) { rows in
            for row in rows {
                let (outer, place) = (row / output, row % output)
                let target = row &* inner
                if samples.isOutside?[place] == true {
                    y.fill(extrapolation, in: target..<target &+ inner)
                    continue
                }
                if inner == 1 {
                    var sum: T = 0
                    for tap in place &* taps..<(place &+ 1) &* taps { sum += weights[tap] * x[outer &* view.extent &+ samples.places[tap]] }
                    y[target] = sum
                    continue
                }
                y.fill(0, in: target..<target &+ inner)
                for tap in place &* taps..<(place &+ 1) &* taps where weights[tap] != 0 {
                    let weight = weights[tap]
                    let from = (outer &* view.extent &+ samples.places[tap]) &* inner
                    ElementLoop.merge(x, from: from, into: y, at: target, count: inner) { $0 + weight * $1 }
                }
            }
        }
    }
}
