internal import Bytes
internal import CKernels
internal import Tensors

/// A region of a tensor, by element: where it starts and how far one step along each axis of the copied shape goes.
package struct StridedRegion: Sendable {
    package let start: Int
    package let strides: [Int]

    /// Strides of axes of extent 1 don't matter.
    package init(start: Int = 0, strides: [Int]) {
        self.start = start
        self.strides = strides
    }

    /// All of a contiguous tensor of `shape`.
    package init(contiguous shape: [Int]) { self.init(strides: Shape.strides(shape)) }

    /// Whether every index that the region takes over `shape`, which has no 0, lies within `0..<count`.
    fileprivate func lies(within count: Int, shape: [Int]) -> Bool {
        var (low, high) = (start, start)
        for (size, stride) in zip(shape, strides) where size > 1 {
            let (span, overflow) = stride.multipliedReportingOverflow(by: size - 1)
            let (next, beyond) = (span < 0 ? low : high).addingReportingOverflow(span)
            guard !overflow, !beyond else { return false }
            if span < 0 { low = next } else { high = next }
        }
        return low >= 0 && high < count
    }
}

/// The elements of a strided region of one tensor, in the order of a strided region of another.
///
/// Axes that both step through alike are merged, so that runs are as long as they can be.
struct StridedCopy: Sendable {
    private(set) var shape: [Int] = []
    private(set) var source: [Int] = []
    private(set) var target: [Int] = []
    let sourceStart: Int
    let targetStart: Int

    /// Throws `.shape` when a region leaves its tensor of `sourceCount` or `targetCount` elements.
    init(shape: [Int], from source: StridedRegion, of sourceCount: Int, to target: StridedRegion, of targetCount: Int) throws {
        sourceStart = source.start
        targetStart = target.start
        guard !shape.contains(0) else {
            self.shape = [0]
            return
        }
        guard source.lies(within: sourceCount, shape: shape), target.lies(within: targetCount, shape: shape) else {
            throw ONNXError(.shape, "a copy of shape \(Shape.text(shape)) leaves its tensor of \(sourceCount) or \(targetCount) elements")
        }
        for axis in shape.indices where shape[axis] != 1 { append(shape[axis], source.strides[axis], target.strides[axis]) }
        if self.shape.isEmpty { append(1, 1, 1) }
    }

    private mutating func append(_ size: Int, _ sourceStride: Int, _ targetStride: Int) {
        let last = shape.count - 1
        if last >= 0, source[last] == sourceStride &* size, target[last] == targetStride &* size {
            shape[last] &*= size
            (source[last], target[last]) = (sourceStride, targetStride)
        } else {
            shape.append(size)
            source.append(sourceStride)
            target.append(targetStride)
        }
    }

    var isEmpty: Bool { shape == [0] }

    /// Calls `body` with the source and target index of each position of the first `rank` axes whose number is in `range`.
    @inline(__always)
    func forEach(_ range: Range<Int>, rank: Int, _ body: (_ source: Int, _ target: Int) -> Void) {
        guard !range.isEmpty else { return }
        var position = [Int](repeating: 0, count: rank)
        var (from, to, rest) = (sourceStart, targetStart, range.lowerBound)
        for axis in stride(from: rank - 1, through: 0, by: -1) {
            position[axis] = rest % shape[axis]
            rest /= shape[axis]
            from &+= position[axis] &* source[axis]
            to &+= position[axis] &* target[axis]
        }
        for _ in range {
            body(from, to)
            var axis = rank - 1
            while axis >= 0 {
                from &+= source[axis]
                to &+= target[axis]
                position[axis] &+= 1
                if position[axis] < shape[axis] { break }
                from &-= source[axis] &* shape[axis]
                to &-= target[axis] &* shape[axis]
                position[axis] = 0
                axis -= 1
            }
        }
    }
}

extension StridedCopy {
    /// Moves elements of `T`'s width. The regions were checked against the element counts, which are those of the buffers.
    func run<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
        _ type: T.Type, _ input: Elements<UInt8>, _ output: MutableElements<UInt8>, _ context: RunContext
    ) throws {
        if isEmpty { return }
        if isTransposition && MemoryLayout<T>.size <= 8 {
            try transpose(width: MemoryLayout<T>.size, input, output, context)
        } else {
            try copyRuns(type, input, output, context)
        }
    }

    /// Whether the last axis is contiguous in the target and the one before it in the source.
    private var isTransposition: Bool {
        let last = shape.count - 1
        return last > 0 && source[last - 1] == 1 && source[last] > 1 && target[last] == 1 && target[last - 1] > 0
    }

    private func copyRuns<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
        _ type: T.Type, _ input: Elements<UInt8>, _ output: MutableElements<UInt8>, _ context: RunContext
    ) throws {
        let (last, width) = (shape.count - 1, MemoryLayout<T>.size)
        let (length, step, pace) = (shape[last], source[last], target[last])
        try context.parallel(Shape.product(shape[..<last]), grain: Swift.max(1, 65_536 / Swift.max(1, length &* width))) { range in
            unsafe input.withPointer { input in
                unsafe output.withPointer { output in
                    let (from, to) = unsafe (UnsafeRawPointer(input), UnsafeMutableRawPointer(output))
                    forEach(range, rank: last) { start, end in
                        if step == 1 && pace == 1 {
                            unsafe (to + end &* width).copyMemory(from: from + start &* width, byteCount: length &* width)
                        } else {
                            for index in 0..<length {
                                let element = unsafe from.loadUnaligned(fromByteOffset: (start &+ index &* step) &* width, as: T.self)
                                unsafe to.storeBytes(of: element, toByteOffset: (end &+ index &* pace) &* width, as: T.self)
                            }
                        }
                    }
                }
            }
        }
    }

    private func transpose(width: Int, _ input: Elements<UInt8>, _ output: MutableElements<UInt8>, _ context: RunContext) throws {
        let (last, band) = (shape.count - 1, 64)
        let (rows, columns, step, pace) = (shape[last - 1], shape[last], source[last], target[last - 1])
        let bands = (rows + band - 1) / band
        try context.parallel(Shape.product(shape[..<(last - 1)]) &* bands, grain: Swift.max(1, 65_536 / Swift.max(1, columns &* band &* width))) { range in
            unsafe input.withPointer { input in
                unsafe output.withPointer { output in
                    for part in range {
                        let (plane, row) = (part / bands, part % bands &* band)
                        forEach(plane..<(plane + 1), rank: last - 1) { start, end in
                            let (from, to) = unsafe (input + (start &+ row) &* width, output + (end &+ row &* pace) &* width)
                            _ = unsafe ck_kernels().pointee.transpose(width, columns, Swift.min(band, rows &- row), from, step, to, pace)
                        }
                    }
                }
            }
        }
    }
}
