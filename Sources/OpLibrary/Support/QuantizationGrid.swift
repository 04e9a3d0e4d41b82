internal import Bytes
package import Tensors

/// Which element of a scale or zero point belongs to an element of the tensor that it scales: one for all, one an index of an axis, or one a block.
///
/// Source: https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
package struct QuantizationGrid: Sendable {
    private let outerStride: Int
    private let axisStride: Int
    private let extent: Int
    private let block: Int
    private let inner: Int
    private let innerStride: Int

    /// The grid of a scale of shape `scale` over a tensor of shape `shape`. Throws `.shape` when they don't fit.
    package init(scale: [Int], over shape: [Int], axis: Int, blockSize: Int) throws {
        let count = Shape.product(scale)
        if count == 1 && scale.count <= 1 || shape.isEmpty && count == 1 {
            (outerStride, axisStride, extent, block, inner, innerStride) = (0, 0, 1, 1, 1, 0)
            return
        }
        guard let axis = Shape.axis(axis, rank: shape.count) else {
            throw ONNXError(.shape, "axis \(axis) is out of range for rank \(shape.count)")
        }
        let inner = Shape.product(shape[(axis + 1)...])
        if blockSize == 0 {
            guard scale == [shape[axis]] else {
                throw ONNXError(
                    .shape, "the scale has shape \(Shape.text(scale)); one element, or \(shape[axis]) for axis \(axis) of \(Shape.text(shape)), expected")
            }
            (outerStride, axisStride, extent, block, self.inner, innerStride) = (0, 1, Swift.max(1, shape[axis]), 1, Swift.max(1, inner), 0)
            return
        }
        var expected = shape
        expected[axis] = blockSize > 0 ? (shape[axis] + blockSize - 1) / blockSize : -1
        guard scale == expected else {
            throw ONNXError(.shape, "the scale has shape \(Shape.text(scale)); \(Shape.text(expected)) expected for blocks of \(blockSize) on axis \(axis)")
        }
        (outerStride, axisStride) = (scale[axis] &* inner, inner)
        (extent, block, self.inner, innerStride) = (Swift.max(1, shape[axis]), blockSize, Swift.max(1, inner), 1)
    }

    /// The index into the scale for element `index` of the tensor.
    package func index(_ index: Int) -> Int {
        if extent == 1 && outerStride == 0 && axisStride == 0 { return 0 }
        let (row, column) = index.quotientAndRemainder(dividingBy: inner)
        let (outer, place) = row.quotientAndRemainder(dividingBy: extent)
        return outer &* outerStride &+ place / block &* axisStride &+ column &* innerStride
    }

    /// Whether one scale serves all elements.
    package var isUniform: Bool { extent == 1 && outerStride == 0 && axisStride == 0 }

    /// Elements after one another that share a scale, beginning at a multiple of this number.
    private var runLength: Int { isUniform ? .max : innerStride == 0 ? inner : 1 }

    /// Calls `body` with one run after the other of elements of `part` that share a scale, and the index of that scale.
    package func forEachRun(of part: Range<Int>, _ body: (_ run: Range<Int>, _ place: Int) -> Void) {
        var start = part.lowerBound
        while start < part.upperBound {
            let end = isUniform ? part.upperBound : Swift.min(part.upperBound, start - start % runLength + runLength)
            body(start..<end, index(start))
            start = end
        }
    }
}

/// The whole numbers that a quantised integer type holds.
package struct IntegerRange: Sendable {
    package let lowest: Double
    package let highest: Double

    /// The range of `type`, or nil for one that is not an integer of at most 16 bits.
    package init?(_ type: ElementType) {
        guard type.isInteger, type.bitWidth <= 32 else { return nil }
        let bits = Double(sign: .plus, exponent: type.bitWidth, significand: 1)
        lowest = type.isSignedInteger ? -bits / 2 : 0
        highest = type.isSignedInteger ? bits / 2 - 1 : bits - 1
    }

    /// `value` within the range; NaN gives the lowest.
    package func clamp(_ value: Double) -> Double { value > lowest ? Swift.min(value, highest) : lowest }
}
