internal import Tensors

/// Walks the elements of a result in order, and with them the elements of operands that broadcast to its shape.
///
/// Axes that all operands step through alike are merged, so that the innermost run is as long as it can be.
package struct BroadcastWalk: Sendable {
    /// Elements of a run in which each operand's index advances by its own step, 0 or 1.
    package let runLength: Int
    package let runCount: Int
    /// The innermost step of each operand: 1, or 0 for one that is repeated.
    package let steps: [Int]
    private let outerShape: [Int]
    private let outerStrides: [[Int]]

    /// `shapes` must broadcast to `result`.
    package init(_ shapes: [[Int]], to result: [Int]) {
        if shapes.allSatisfy({ $0 == result }) {
            runLength = Shape.product(result)
            runCount = runLength == 0 ? 0 : 1
            steps = Array(repeating: 1, count: shapes.count)
            (outerShape, outerStrides) = ([], Array(repeating: [], count: shapes.count))
            return
        }
        var dimensions: [Int] = []
        var strides = [[Int]](repeating: [], count: shapes.count)
        let own = shapes.map { shape -> [Int] in
            let natural = Shape.strides(shape)
            return result.indices.map { axis in
                let index = axis - (result.count - shape.count)
                return index < 0 || shape[index] == 1 ? 0 : natural[index]
            }
        }
        for axis in result.indices where result[axis] != 1 {
            let mergeable = !dimensions.isEmpty && shapes.indices.allSatisfy { strides[$0][dimensions.count - 1] == own[$0][axis] &* result[axis] }
            if mergeable {
                dimensions[dimensions.count - 1] &*= result[axis]
                for operand in shapes.indices { strides[operand][dimensions.count - 1] = own[operand][axis] }
            } else {
                dimensions.append(result[axis])
                for operand in shapes.indices { strides[operand].append(own[operand][axis]) }
            }
        }
        runLength = dimensions.last ?? 1
        steps = strides.map { $0.last ?? 0 }
        outerShape = Array(dimensions.dropLast())
        outerStrides = strides.map { Array($0.dropLast()) }
        runCount = runLength == 0 ? 0 : Shape.product(outerShape)
    }

    /// The first index of operand `operand` in run `run`.
    package func start(_ operand: Int, run: Int) -> Int {
        var rest = run
        var index = 0
        for axis in stride(from: outerShape.count - 1, through: 0, by: -1) {
            index &+= rest % outerShape[axis] &* outerStrides[operand][axis]
            rest /= outerShape[axis]
        }
        return index
    }

    /// Calls `body` with each run that elements `part` of the result touch, and which of its elements they are.
    @inline(__always)
    package func forEachSegment(of part: Range<Int>, _ body: (_ run: Int, _ offset: Int, _ count: Int) throws -> Void) rethrows {
        var index = part.lowerBound
        while index < part.upperBound {
            let (run, offset) = index.quotientAndRemainder(dividingBy: runLength)
            let count = Swift.min(runLength &- offset, part.upperBound &- index)
            try body(run, offset, count)
            index &+= count
        }
    }
}
