internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// How an axis is resized: to what extent, by what scale, and which part of it.
struct ResizedAxis: Sendable {
    let input: Int
    let output: Int
    let scale: Double
    /// The extent of the output before it is rounded to a whole number.
    let exactOutput: Double
    /// Where the part that is shown begins and ends, as shares of the axis.
    var start = 0.0
    var end = 1.0

    /// Whether every element stays as it is.
    var isIdentity: Bool { output == input && scale == 1 && start == 0 && end == 1 }
}

/// Which elements of an axis the elements of the resized axis are made of.
struct Sampling: Sendable {
    /// How many elements make one.
    let taps: Int
    /// `taps` places for each element of the output, within the axis.
    let places: [Int]
    let weights: [Double]
    /// Elements of the output that lie beside the axis, if there are any.
    let isOutside: [Bool]?
}

/// The attributes of Resize that say where an element comes from.
struct Interpolation: Sendable {
    enum Mode: String, CaseIterable, Sendable {
        case nearest, linear, cubic
    }

    enum Coordinates: String, CaseIterable, Sendable {
        case halfPixel = "half_pixel"
        case halfPixelSymmetric = "half_pixel_symmetric"
        case pytorchHalfPixel = "pytorch_half_pixel"
        case alignCorners = "align_corners"
        case asymmetric
        case tfHalfPixelForNearest = "tf_half_pixel_for_nn"
        case tfCropAndResize = "tf_crop_and_resize"
    }

    enum Nearest: String, CaseIterable, Sendable {
        case roundPreferFloor = "round_prefer_floor"
        case roundPreferCeil = "round_prefer_ceil"
        case floor, ceil
        /// Resize-10 and Upsample: down, but up where the axis shrinks.
        case simple = ""
    }

    let mode: Mode
    var coordinates = Coordinates.asymmetric
    var nearest = Nearest.simple
    var cubicCoefficient = -0.75
    var excludesOutside = false
    var isAntialiased = false

    /// The coordinate in the input of element `y` of the output.
    private func coordinate(_ y: Int, _ axis: ResizedAxis) -> Double {
        let (y, input) = (Double(y), Double(axis.input))
        switch coordinates {
        case .halfPixel: return (y + 0.5) / axis.scale - 0.5
        case .halfPixelSymmetric: return input / 2 * (1 - Double(axis.output) / axis.exactOutput) + (y + 0.5) / axis.scale - 0.5
        case .pytorchHalfPixel: return axis.exactOutput == 1 ? 0 : (y + 0.5) / axis.scale - 0.5
        case .alignCorners: return axis.exactOutput == 1 ? 0 : y * (input - 1) / (axis.exactOutput - 1)
        case .asymmetric: return y / axis.scale
        case .tfHalfPixelForNearest: return (y + 0.5) / axis.scale
        case .tfCropAndResize:
            let length = (axis.end - axis.start) * (input - 1)
            return axis.start * (input - 1) + (axis.exactOutput == 1 ? length / 2 : y * length / (axis.exactOutput - 1))
        }
    }

    /// Where the elements of a resized axis come from.
    func sample(_ axis: ResizedAxis) -> Sampling {
        let coordinates = (0..<axis.output).map { coordinate($0, axis) }
        var isOutside: [Bool]?
        if self.coordinates == .tfCropAndResize {
            let flags = coordinates.map { !($0 >= 0 && $0 <= Double(axis.input - 1)) }
            if flags.contains(true) { isOutside = flags }
        }
        if mode == .nearest {
            let places = coordinates.map { Self.clamp(nearestPlace($0, axis), axis.input) }
            return Sampling(taps: 1, places: places, weights: coordinates.map { _ in 1 }, isOutside: isOutside)
        }
        let taps = tapCount(axis)
        var (places, weights): ([Int], [Double]) = ([], [])
        places.reserveCapacity(taps * coordinates.count)
        weights.reserveCapacity(taps * coordinates.count)
        for coordinate in coordinates {
            // Bounded, so that neighbours can be counted; NaN becomes the first element.
            let x = coordinate.isNaN ? 0 : Swift.min(Swift.max(coordinate, -1e12), 1e12)
            // An element that is hit exactly counts as the one on the right.
            let isWhole = x == x.rounded(.down)
            let first = Int(x.rounded(.down)) - taps / 2 + (isWhole ? 0 : 1)
            var own = coefficients(isWhole ? 1 : x - x.rounded(.down), taps: taps, scale: axis.scale)
            if excludesOutside {
                for tap in own.indices where !(0..<axis.input).contains(first + tap) { own[tap] = 0 }
                let sum = own.reduce(0, +)
                if sum != 0 { own = own.map { $0 / sum } }
            }
            weights += own
            places += (0..<taps).map { Self.clamp(first + $0, axis.input) }
        }
        return Sampling(taps: taps, places: places, weights: weights, isOutside: isOutside)
    }

    private static func clamp(_ place: Int, _ extent: Int) -> Int { Swift.min(Swift.max(place, 0), extent - 1) }

    private func nearestPlace(_ x: Double, _ axis: ResizedAxis) -> Int {
        let low = x.rounded(.down)
        let goesUp =
            switch nearest {
            case .roundPreferFloor: x - low > 0.5
            case .roundPreferCeil: x - low >= 0.5
            case .floor: false
            case .ceil: x > low
            case .simple: axis.scale < 1 && x > low
            }
        return Int(Int64(saturating: goesUp ? low + 1 : low))
    }

    /// An even number: as many neighbours on the left as on the right. A filter against aliasing widens as the axis shrinks.
    private func tapCount(_ axis: ResizedAxis) -> Int {
        let reach = mode == .cubic ? 2.0 : 1.0
        guard isAntialiased, axis.scale < 1 else { return 2 * Int(reach) }
        return 2 - 2 * (Int((-reach / axis.scale).rounded(.down)) + 1)
    }

    /// The weights of the neighbours of a point `ratio` behind the last one on its left.
    private func coefficients(_ ratio: Double, taps: Int, scale: Double) -> [Double] {
        let shrink = isAntialiased ? Swift.min(scale, 1) : 1
        let values = (0..<taps).map { tap in weight(abs((Double(tap - taps / 2 + 1) - ratio) * shrink)) }
        guard isAntialiased else { return values }
        let sum = values.reduce(0, +)
        return values.map { $0 / sum }
    }

    /// The filter at distance `x`.
    private func weight(_ x: Double) -> Double {
        guard mode == .cubic else { return Swift.max(0, 1 - x) }
        let a = cubicCoefficient
        if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
}
