internal import Bytes
internal import Tensors

/// Windows over one plane of an image whose extents are known.
struct Windows: Sendable {
    /// Extents of the image.
    let input: [Int]
    /// How many windows there are along each axis.
    let output: [Int]
    let kernel: [Int]
    let strides: [Int]
    let dilations: [Int]
    /// Padding before the image; negative where the first window begins within it.
    let before: [Int]
    let after: [Int]
    /// Elements of the image, windows, and taps of a window.
    let inputCount: Int
    let outputCount: Int
    let tapCount: Int

    /// Throws `.limit` when a window has more taps than can be walked.
    init(input: [Int], output: [Int], kernel: [Int], strides: [Int], dilations: [Int], before: [Int], after: [Int]) throws {
        (self.input, self.output, self.kernel, self.strides, self.dilations) = (input, output, kernel, strides, dilations)
        (self.before, self.after) = (before, after)
        inputCount = try Shape.count(input)
        outputCount = try Shape.count(output)
        tapCount = try Shape.count(kernel)
        guard tapCount <= WindowAttributes.limit else { throw ONNXError(.limit, "a window of \(Shape.text(kernel)) has \(tapCount) taps") }
    }

    /// The windows that slide over an image of `input`.
    init(_ attributes: WindowAttributes, input: [Int], kernel: [Int]) throws {
        try attributes.checkRank(input.count)
        let slides = try input.indices.map { try attributes.slide($0, over: input[$0], kernel: kernel[$0]) }
        try self.init(
            input: input, output: slides.map(\.output), kernel: kernel, strides: input.indices.map(attributes.stride),
            dilations: input.indices.map(attributes.dilation), before: slides.map(\.before), after: slides.map(\.after))
    }

    /// The windows whose number along the first axis is in `range`.
    func band(_ range: Range<Int>) throws -> Windows {
        let moved = before[0] - range.lowerBound * strides[0]
        return try Windows(
            input: input, output: [range.count] + output.dropFirst(), kernel: kernel, strides: strides, dilations: dilations,
            before: [moved] + before.dropFirst(), after: after)
    }

    /// Whether each window is one element of the image, in order.
    var isIdentity: Bool { tapCount == 1 && input == output && strides.allSatisfy { $0 == 1 } && before.allSatisfy { $0 == 0 } }

    /// Elements of the image from one window to the next along the last axis.
    var step: Int { strides[strides.count - 1] }

    /// Calls `body` for each row of windows in which tap `tap` lies within the image: the image's element, the first window, how many follow.
    ///
    /// The next window's element is `step` further on.
    @inline(__always)
    func forEachRun(of tap: Int, _ body: (_ element: Int, _ window: Int, _ count: Int) -> Void) {
        let last = input.count - 1
        var (shifts, low, high) = (before, before, before)
        var rest = tap
        for axis in stride(from: last, through: 0, by: -1) {
            let shift = rest % kernel[axis] * dilations[axis] - before[axis]
            rest /= kernel[axis]
            let step = strides[axis]
            shifts[axis] = shift
            low[axis] = shift >= 0 ? 0 : (step - 1 - shift) / step
            high[axis] = shift >= input[axis] ? 0 : Swift.min(output[axis], (input[axis] - 1 - shift) / step + 1)
            if low[axis] >= high[axis] { return }
        }
        let count = high[last] - low[last]
        var position = low
        while true {
            var (element, window) = (0, 0)
            for axis in 0...last {
                element = element &* input[axis] &+ position[axis] &* strides[axis] &+ shifts[axis]
                window = window &* output[axis] &+ position[axis]
            }
            body(element, window, count)
            var axis = last - 1
            while axis >= 0 {
                position[axis] += 1
                if position[axis] < high[axis] { break }
                position[axis] = low[axis]
                axis -= 1
            }
            if axis < 0 { return }
        }
    }

    /// How many taps of each window lie on the image, or on it and its padding.
    func counts(includingPadding: Bool) -> [Int] {
        var result = [1]
        for axis in input.indices {
            let (from, to) = includingPadding ? (-before[axis], input[axis] + after[axis]) : (0, input[axis])
            let own = (0..<output[axis]).map { window in
                let start = window * strides[axis] - before[axis]
                let first = start >= from ? 0 : (from - start + dilations[axis] - 1) / dilations[axis]
                let end = start >= to ? 0 : Swift.min(kernel[axis], (to - 1 - start) / dilations[axis] + 1)
                return Swift.max(0, end - first)
            }
            result = result.flatMap { outer in own.map { outer &* $0 } }
        }
        return result
    }

    /// Lays out what taps `rows` see, a row of windows for each channel and tap: row `r` is tap `r % tapCount` of channel `r / tapCount`.
    ///
    /// `image` begins at element `offset`; taps beside it see `padding`.
    func unfold<T: BitwiseCopyable>(_ image: Elements<T>, offset: Int, rows: Range<Int>, padding: T, to columns: MutableElements<T>) {
        let step = step
        for row in rows {
            let (plane, start) = (offset &+ row / tapCount &* inputCount, row &* outputCount)
            columns.fill(padding, in: start..<start &+ outputCount)
            forEachRun(of: row % tapCount) { element, window, count in
                if step == 1 {
                    columns.copy(image, from: plane &+ element, count: count, to: start &+ window)
                } else {
                    ElementLoop.merge(image, from: plane &+ element, step: step, into: columns, at: start &+ window, count: count) { $1 }
                }
            }
        }
    }
}
