internal import Tensors

/// Loops over memory whose range is checked once, so that the compiler can vectorise them. Memory may have any alignment.
enum ElementLoop {
    /// How many elements of cheap arithmetic are worth a thread's while.
    static let grain = 16_384

    /// z[i] = body(x[i]) for each i of `range`. `x` and `z` may be the same memory.
    @inline(__always)
    static func map<T: BitwiseCopyable, U: BitwiseCopyable>(
        _ x: Elements<T>, to z: MutableElements<U>, in range: Range<Int>, _ body: (T) -> U
    ) {
        unsafe x.withPointer(range) { input in
            unsafe z.withPointer(range) { output in
                for index in 0..<range.count { unsafe store(body(load(input, index)), output, index) }
            }
        }
    }

    /// z[to + i] = body(x[fromX + i * stepX], y[fromY + i * stepY]) for each i of `0..<count`; steps are 0 or 1.
    @inline(__always)
    fileprivate static func zip<T: BitwiseCopyable, U: BitwiseCopyable, V: BitwiseCopyable>(
        _ x: Elements<T>, from fromX: Int, step stepX: Int, _ y: Elements<U>, from fromY: Int, step stepY: Int,
        to z: MutableElements<V>, at to: Int, count: Int, _ body: (T, U) -> V
    ) {
        unsafe x.withPointer(fromX..<fromX &+ (stepX == 0 ? 1 : count)) { left in
            unsafe y.withPointer(fromY..<fromY &+ (stepY == 0 ? 1 : count)) { right in
                unsafe z.withPointer(to..<to &+ count) { output in
                    switch (stepX, stepY) {
                    case (0, 0):
                        let value = unsafe body(load(left, 0), load(right, 0))
                        for index in 0..<count { unsafe store(value, output, index) }
                    case (0, _):
                        let value = unsafe load(left, 0)
                        for index in 0..<count { unsafe store(body(value, load(right, index)), output, index) }
                    case (_, 0):
                        let value = unsafe load(right, 0)
                        for index in 0..<count { unsafe store(body(load(left, index), value), output, index) }
                    default:
                        for index in 0..<count { unsafe store(body(load(left, index), load(right, index)), output, index) }
                    }
                }
            }
        }
    }

    /// z[to + i * pace] = body(z[to + i * pace], x[from + i * step]) for each i of `0..<count`.
    @inline(__always)
    static func merge<T: BitwiseCopyable, U: BitwiseCopyable>(
        _ x: Elements<T>, from: Int, step: Int = 1, into z: MutableElements<U>, at to: Int, pace: Int = 1, count: Int, _ body: (U, T) -> U
    ) {
        guard count > 0 else { return }
        unsafe x.withPointer(from..<from &+ (count &- 1) &* step &+ 1) { input in
            unsafe z.withPointer(to..<to &+ (count &- 1) &* pace &+ 1) { output in
                if step == 1 && pace == 1 {
                    for index in 0..<count { unsafe store(body(load(UnsafePointer(output), index), load(input, index)), output, index) }
                } else {
                    for index in 0..<count {
                        let merged = unsafe body(load(UnsafePointer(output), index &* pace), load(input, index &* step))
                        unsafe store(merged, output, index &* pace)
                    }
                }
            }
        }
    }

    /// Each element of `places` of `z` is that of `x` where the condition holds, else that of `y`; ranges of one element are repeated.
    static func select<T: BitwiseCopyable>(
        _ condition: Elements<TensorBool>, _ conditions: Range<Int>, _ x: Elements<T>, _ lefts: Range<Int>, _ y: Elements<T>, _ rights: Range<Int>,
        to z: MutableElements<T>, _ places: Range<Int>
    ) {
        let count = places.count
        guard conditions.count == count else {
            let isLeft = condition[conditions.lowerBound].value
            return zip(
                isLeft ? x : y, from: (isLeft ? lefts : rights).lowerBound, step: (isLeft ? lefts : rights).count == count ? 1 : 0,
                x, from: lefts.lowerBound, step: 0, to: z, at: places.lowerBound, count: count
            ) { value, _ in value }
        }
        unsafe condition.withPointer(conditions) { chosen in
            unsafe x.withPointer(lefts) { left in
                unsafe y.withPointer(rights) { right in
                    unsafe z.withPointer(places) { output in
                        switch (lefts.count == count, rights.count == count) {
                        case (true, true):
                            for index in 0..<count { unsafe store(load(chosen, index).value ? load(left, index) : load(right, index), output, index) }
                        case (true, false):
                            let other = unsafe load(right, 0)
                            for index in 0..<count { unsafe store(load(chosen, index).value ? load(left, index) : other, output, index) }
                        case (false, true):
                            let other = unsafe load(left, 0)
                            for index in 0..<count { unsafe store(load(chosen, index).value ? other : load(right, index), output, index) }
                        case (false, false):
                            let (value, other) = unsafe (load(left, 0), load(right, 0))
                            for index in 0..<count { unsafe store(load(chosen, index).value ? value : other, output, index) }
                        }
                    }
                }
            }
        }
    }

    @inline(__always)
    private static func load<T: BitwiseCopyable>(_ base: UnsafePointer<T>, _ index: Int) -> T {
        unsafe UnsafeRawPointer(base).loadUnaligned(fromByteOffset: index &* MemoryLayout<T>.stride, as: T.self)
    }

    @inline(__always)
    private static func store<T: BitwiseCopyable>(_ value: T, _ base: UnsafeMutablePointer<T>, _ index: Int) {
        unsafe UnsafeMutableRawPointer(base).storeBytes(of: value, toByteOffset: index &* MemoryLayout<T>.stride, as: T.self)
    }
}

extension RunContext {
    /// z[i] = body(x[i]) for every element, on the pool's threads.
    @inline(__always)
    func map<T: BitwiseCopyable, U: BitwiseCopyable>(
        _ x: Elements<T>, to z: MutableElements<U>, grain: Int = ElementLoop.grain, _ body: @Sendable (T) -> U
    ) throws {
        try parallel(z.count, grain: grain) { ElementLoop.map(x, to: z, in: $0, body) }
    }

    /// z = body(x, y), element by element of operands that broadcast to `z`'s shape, on the pool's threads.
    @inline(__always)
    func zip<T: BitwiseCopyable, U: BitwiseCopyable, V: BitwiseCopyable>(
        _ x: Elements<T>, _ shapeX: [Int], _ y: Elements<U>, _ shapeY: [Int], to z: MutableElements<V>, _ shapeZ: [Int],
        grain: Int = ElementLoop.grain, _ body: @Sendable (T, U) -> V
    ) throws {
        let walk = BroadcastWalk([shapeX, shapeY], to: shapeZ)
        try parallel(z.count, grain: grain) { part in
            walk.forEachSegment(of: part) { run, offset, count in
                let (stepX, stepY) = (walk.steps[0], walk.steps[1])
                ElementLoop.zip(
                    x, from: walk.start(0, run: run) &+ offset &* stepX, step: stepX, y, from: walk.start(1, run: run) &+ offset &* stepY, step: stepY,
                    to: z, at: run &* walk.runLength &+ offset, count: count, body)
            }
        }
    }
}
