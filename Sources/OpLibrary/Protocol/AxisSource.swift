package import Tensors

/// How one index of an axis of a node's first output depends on one input.
package enum AxisSource: Sendable, Equatable {
    /// On the same index of this axis of the input alone.
    case axis(Int)
    /// On the input as a whole, each index in the same way.
    case whole
    /// In some other way.
    case mixed
}

extension Inference {
    /// The source of output axis `axis` in `input` where shapes broadcast by NumPy's rule.
    package func broadcastSource(of axis: Int, input: Int) -> AxisSource {
        let shapes = inputs.indices.filter { inputs[$0] != nil }.map { shape($0) }
        guard let own = shape(input), let rank = shapes.map({ $0?.count ?? .max }).max(), rank != .max else { return .mixed }
        return Self.broadcastSource(of: axis, in: own, rank: rank, isOne: shapes.allSatisfy { Self.dimension($0 ?? [], axis, rank: rank) == .known(1) })
    }

    /// The source of axis `axis` of a result of `rank` axes in an operand of shape `own`; `isOne` where the result's extent is 1 as well.
    package static func broadcastSource(of axis: Int, in own: [Dimension], rank: Int, isOne: Bool = false) -> AxisSource {
        guard axis >= rank - own.count else { return .whole }
        return dimension(own, axis, rank: rank) == .known(1) && !isOne ? .whole : .axis(axis - (rank - own.count))
    }

    private static func dimension(_ shape: [Dimension], _ axis: Int, rank: Int) -> Dimension {
        axis < rank - shape.count ? .known(1) : shape[axis - (rank - shape.count)]
    }
}
