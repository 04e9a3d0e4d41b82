package import Bytes

/// Arithmetic on shapes that came from a file: nothing wraps and nothing traps.
package enum Shape {
    /// The product of the dimensions, at most what a buffer of `bitWidth`-bit elements can be addressed by.
    package static func count(_ shape: [Int]) throws(ONNXError) -> Int {
        var product = 1
        var isEmpty = false
        for dimension in shape {
            guard dimension >= 0 else { throw ONNXError(.malformed, "shape \(shape) has a negative dimension") }
            if dimension == 0 { isEmpty = true }
        }
        if isEmpty { return 0 }
        for dimension in shape {
            let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
            guard !overflow else { throw ONNXError(.limit, "shape \(shape) has more elements than 64 bits can count") }
            product = next
        }
        return product
    }

    /// Bytes of `count` elements of `type`, packed types rounded up to whole bytes.
    package static func byteCount(_ count: Int, _ type: ElementType) throws(ONNXError) -> Int {
        let (bits, overflow) = count.multipliedReportingOverflow(by: type.bitWidth)
        guard !overflow, bits <= Int.max - 7 else { throw ONNXError(.limit, "\(count) elements of \(type) have more bytes than 64 bits can count") }
        return (bits + 7) / 8
    }

    /// Elements from one index of each axis to the next, for a contiguous tensor whose count is known to fit.
    package static func strides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in stride(from: shape.count - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] &* shape[axis + 1]
        }
        return strides
    }

    /// The product of dimensions of a range of axes, for a tensor whose count is known to fit.
    package static func product(_ dimensions: some Sequence<Int>) -> Int {
        dimensions.reduce(1, &*)
    }

    /// The shape that both broadcast to by NumPy's rule, or nil.
    package static func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
        let rank = Swift.max(a.count, b.count)
        var result = [Int](repeating: 1, count: rank)
        for axis in 0..<rank {
            let x = axis < rank - a.count ? 1 : a[axis - (rank - a.count)]
            let y = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
            guard x == y || x == 1 || y == 1 else { return nil }
            result[axis] = x == 1 ? y : x
        }
        return result
    }

    /// `axis`, counted from the end when negative, or nil when it is out of range.
    package static func axis(_ axis: Int, rank: Int) -> Int? {
        let index = axis < 0 ? axis.addingReportingOverflow(rank).partialValue : axis
        return index >= 0 && index < rank ? index : nil
    }

    /// As people write it: `[2,3]`.
    package static func text(_ shape: [Int]) -> String {
        "[" + shape.map(String.init).joined(separator: ",") + "]"
    }
}
