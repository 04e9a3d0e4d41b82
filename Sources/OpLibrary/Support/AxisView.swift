internal import Tensors

/// A tensor seen as `outer` x `extent` x `inner` around one axis, or a range of axes: what softmax, ArgMax and their like walk along.
package struct AxisView: Sendable {
    package let outer: Int
    package let extent: Int
    package let inner: Int

    /// Around `axis`, which must be in range.
    package init(_ shape: [Int], axis: Int) {
        outer = Shape.product(shape[..<axis])
        extent = shape[axis]
        inner = Shape.product(shape[(axis + 1)...])
    }

    /// All axes from `axis` on as one, by the rule of 2-D coercion; `axis` may be the rank.
    package init(_ shape: [Int], flattenedFrom axis: Int) {
        outer = Shape.product(shape[..<axis])
        extent = Shape.product(shape[axis...])
        inner = 1
    }

    /// How many rows there are.
    package var rowCount: Int { outer &* inner }

    /// The index of row `row`'s first element; the others follow in steps of `inner`.
    package func start(_ row: Int) -> Int { row / inner &* extent &* inner &+ row % inner }

    /// How many rows are worth a thread's while.
    package var grain: Int { Swift.max(1, ElementLoop.grain / 4 / Swift.max(1, extent)) }
}
