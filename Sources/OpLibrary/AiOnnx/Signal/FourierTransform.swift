internal import Bytes
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The discrete Fourier transform of one length, in double precision.
///
/// Powers of 2 by decimation in time; other lengths as a convolution of a power of 2 (Bluestein, https://doi.org/10.1109/TAU.1970.1162132).
struct FourierTransform {
    /// Complex numbers in memory that the run's budget counts.
    struct Buffer {
        let real: MutableElements<Double>
        let imaginary: MutableElements<Double>

        init(count: Int, _ context: RunContext) throws {
            real = try context.scratch(Double.self, count: count)
            imaginary = try context.scratch(Double.self, count: count)
        }

        func clear() {
            real.fill(0)
            imaginary.fill(0)
        }

        /// Element `index` times e^(i angle), where `turn` is its cosine and sine.
        @inline(__always)
        fileprivate func product(_ index: Int, _ turn: (Double, Double)) -> (Double, Double) {
            (real[index] * turn.0 - imaginary[index] * turn.1, real[index] * turn.1 + imaginary[index] * turn.0)
        }

        @inline(__always)
        fileprivate func set(_ index: Int, _ value: (Double, Double)) { (real[index], imaginary[index]) = value }

        @inline(__always)
        fileprivate subscript(_ index: Int) -> (Double, Double) { (real[index], imaginary[index]) }
    }

    let length: Int
    /// The power of 2 in which the work is done.
    private let size: Int
    /// e^(-2 pi i k / size) for the first half of k.
    private let turns: Buffer
    /// e^(-pi i k^2 / length), and the transform of its conjugate; only for other lengths than powers of 2.
    private let chirp: Buffer?
    private let filter: Buffer?
    private let work: Buffer?

    /// Throws `.limit` for a length beyond what memory can hold.
    init(length: Int, _ context: RunContext) throws {
        guard length >= 1, length <= 1 << 40 else { throw ONNXError(.limit, "a Fourier transform of length \(length)") }
        let isPower = length & (length - 1) == 0
        var size = 1
        while size < (isPower ? length : 2 * length - 1) { size *= 2 }
        (self.length, self.size) = (length, size)
        turns = try Buffer(count: Swift.max(1, size / 2), context)
        for index in turns.real.indices { turns.set(index, Self.turn(-2 * Double(index) / Double(size))) }
        guard !isPower else {
            (chirp, filter, work) = (nil, nil, nil)
            return
        }
        let (chirp, filter) = (try Buffer(count: length, context), try Buffer(count: size, context))
        (self.chirp, self.filter, work) = (chirp, filter, try Buffer(count: size, context))
        filter.clear()
        var square = 0
        for index in 0..<length {
            // index^2 modulo 2 length, from its predecessor.
            if index > 0 { square = (square + 2 * index - 1) % (2 * length) }
            let turn = Self.turn(-Double(square) / Double(length))
            chirp.set(index, turn)
            filter.set(index, (turn.0, -turn.1))
            if index > 0 { filter.set(size - index, (turn.0, -turn.1)) }
        }
        transform(filter)
    }

    /// Cosine and sine of `halves` times pi.
    private static func turn(_ halves: Double) -> (Double, Double) { (cos(.pi * halves), sin(.pi * halves)) }

    /// Transforms `length` elements in place; the inverse divides by the length.
    func apply(_ data: Buffer, isInverse: Bool) {
        if isInverse { conjugate(data) }
        if let chirp, let filter, let work {
            work.clear()
            for index in 0..<length { work.set(index, data.product(index, chirp[index])) }
            transform(work)
            for index in 0..<size { work.set(index, work.product(index, filter[index])) }
            // The inverse transform is the conjugate of that of the conjugate.
            for index in 0..<size { work.imaginary[index] = -work.imaginary[index] }
            transform(work)
            let scale = 1 / Double(size)
            for index in 0..<length {
                let (real, imaginary) = chirp[index]
                let (a, b) = (work.real[index] * scale, -work.imaginary[index] * scale)
                data.set(index, (a * real - b * imaginary, a * imaginary + b * real))
            }
        } else {
            transform(data)
        }
        guard isInverse else { return }
        conjugate(data)
        for index in 0..<length {
            data.real[index] /= Double(length)
            data.imaginary[index] /= Double(length)
        }
    }

    private func conjugate(_ data: Buffer) {
        for index in 0..<length { data.imaginary[index] = -data.imaginary[index] }
    }

    /// The transform of `size` elements, in place.
    private func transform(_ data: Buffer) {
        var reversed = 0
        for index in 1..<Swift.max(1, size) {
            var bit = size >> 1
            while reversed & bit != 0 {
                reversed ^= bit
                bit >>= 1
            }
            reversed |= bit
            guard index < reversed else { continue }
            let held = data[index]
            data.set(index, data[reversed])
            data.set(reversed, held)
        }
        var half = 1
        while half < size {
            let stride = size / (2 * half)
            for start in Swift.stride(from: 0, to: size, by: 2 * half) {
                for index in 0..<half {
                    let (a, b) = (data[start + index], data.product(start + index + half, turns[index * stride]))
                    data.set(start + index, (a.0 + b.0, a.1 + b.1))
                    data.set(start + index + half, (a.0 - b.0, a.1 - b.1))
                }
            }
            half *= 2
        }
    }
}
