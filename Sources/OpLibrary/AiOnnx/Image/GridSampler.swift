internal import Tensors

/// Which elements of an image a point given in -1...1 along each axis is made of.
struct GridSampler: Sendable {
    enum Padding: String, CaseIterable, Sendable {
        case zeros, border, reflection
    }

    /// An element of a plane and its share.
    struct Tap {
        var place: Int
        var weight: Double
    }

    /// Neighbours along an axis: 1, the nearest; 2, linear; 4, cubic.
    let taps: Int
    let padding: Padding
    let alignsCorners: Bool

    /// The taps of point `point`, whose coordinates stand in `grid`, the last axis first. Neighbours beside the image count as 0 and are left out.
    func taps(_ grid: Elements<Double>, point: Int, extents: [Int], isFloat: Bool, into result: inout [Tap]) {
        result.removeAll(keepingCapacity: true)
        result.append(Tap(place: 0, weight: 1))
        for (axis, extent) in extents.enumerated() {
            let own = axisTaps(position(grid[point * extents.count + extents.count - 1 - axis], extent, isFloat: isFloat), extent)
            let outer = result
            result.removeAll(keepingCapacity: true)
            for tap in outer {
                for next in own { result.append(Tap(place: tap.place &* extent &+ next.place, weight: tap.weight * next.weight)) }
            }
        }
    }

    /// A coordinate in elements, computed in the precision of the grid.
    private func position(_ n: Double, _ extent: Int, isFloat: Bool) -> Double {
        if isFloat {
            let (n, extent) = (Float(n), Float(extent))
            return Double(alignsCorners ? (n + 1) / 2 * (extent - 1) : ((n + 1) * extent - 1) / 2)
        }
        return alignsCorners ? (n + 1) / 2 * Double(extent - 1) : ((n + 1) * Double(extent) - 1) / 2
    }

    private func axisTaps(_ position: Double, _ extent: Int) -> [Tap] {
        let (low, high) = alignsCorners ? (0, Double(extent) - 1) : (-0.5, Double(extent) - 0.5)
        var x = taps == 1 ? position.rounded(.toNearestOrEven) : position
        if x < low || x > high {
            switch padding {
            case .zeros: break
            case .border: x = Swift.min(Swift.max(x, 0), Double(extent) - 1)
            case .reflection: x = Self.reflect(x, low, high)
            }
        }
        // Bounded, so that neighbours can be counted; NaN becomes a place beside the image.
        x = x.isNaN ? -1e12 : Swift.min(Swift.max(x, -1e12), 1e12)
        let first = Int(x.rounded(.down))
        let ratio = x - x.rounded(.down)
        let weights: [Double] =
            switch taps {
            case 1: [1]
            case 2: [1 - ratio, ratio]
            default: [Self.cubic(ratio + 1), Self.cubic(ratio), Self.cubic(1 - ratio), Self.cubic(2 - ratio)]
            }
        return weights.enumerated().compactMap { index, weight in
            let place = first + index - (taps == 4 ? 1 : 0)
            switch padding {
            case .zeros: return (0..<extent).contains(place) ? Tap(place: place, weight: weight) : nil
            case .border: return Tap(place: Swift.min(Swift.max(place, 0), extent - 1), weight: weight)
            case .reflection:
                let reflected = Int(Int64(saturating: Self.reflect(Double(place), low, high)))
                return Tap(place: Swift.min(Swift.max(reflected, 0), extent - 1), weight: weight)
            }
        }
    }

    /// `x` mirrored at the ends of `low...high` until it lies within.
    private static func reflect(_ x: Double, _ low: Double, _ high: Double) -> Double {
        let range = high - low
        guard range > 0 else { return low }
        guard x < low || x > high else { return x }
        let distance = x < low ? low - x : x - high
        let turns = (distance / range).rounded(.down)
        let rest = distance - turns * range
        let isEven = turns.truncatingRemainder(dividingBy: 2) == 0
        return (x < low) == isEven ? low + rest : high - rest
    }

    /// Keys's filter at distance `x`.
    private static func cubic(_ x: Double) -> Double {
        let a = -0.75
        return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    }
}
