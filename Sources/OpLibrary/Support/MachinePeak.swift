internal import Bytes
internal import CKernels
internal import Parallelism
internal import Tensors

/// What the processors reach together and at most, measured while it is asked for.
package enum MachinePeak {
    /// Operations a second of products in this precision whose operands stay in registers, a multiplication and an addition counted each.
    package static func operations(_ precision: Precision, threads: Int?) -> Double {
        let product = precision == .fp32 ? CK_PRODUCT_F32 : precision == .bf16 ? CK_PRODUCT_BF16 : CK_PRODUCT_I8
        let pool = ThreadPool.shared(threads: threads)
        var steps = 256
        return best(of: .milliseconds(30)) {
            let count = steps
            let done = Locked(0.0)
            let time = ContinuousClock().measure {
                pool.parallel(parts * pool.threads) { part in
                    for _ in part {
                        let operations = unsafe ck_kernels().pointee.peak(product, count)
                        done.withLock { $0 += operations }
                    }
                }
            }
            // Long enough that starting the threads doesn't count, short enough that a run between two interruptions is among them.
            if time < .milliseconds(2) { steps *= 2 }
            return done.withLock { $0 } / time.seconds
        }
    }

    /// Bytes a second that are read from `byteCount` of memory, by default more than caches hold. Throws `.limit` where there is no such memory.
    package static func bandwidth(byteCount: Int = 128 << 20, threads: Int?) throws -> Double {
        let pool = ThreadPool.shared(threads: threads)
        let count = byteCount / MemoryLayout<Float>.stride
        let numbers = MutableElements<Float>(try Storage(byteCount: byteCount), byteOffset: 0, count: count)
        // Memory that was never written is one page of zeros.
        pool.parallel(count, grain: grain) { part in unsafe numbers.withPointer(part) { unsafe $0.initialize(repeating: 1, count: part.count) } }
        return best(of: .milliseconds(30)) {
            let time = ContinuousClock().measure {
                pool.parallel(count, grain: grain) { part in _ = unsafe numbers.withPointer(part) { unsafe ck_kernels().pointee.sum_f32($0, part.count) } }
            }
            return Double(byteCount) / time.seconds
        }
    }

    private static let parts = 4
    private static let grain = 1 << 16

    private static func best(of budget: Duration, _ pass: () -> Double) -> Double {
        let end = ContinuousClock.now + budget
        var best = 0.0
        repeat { best = max(best, pass()) } while ContinuousClock.now < end
        return best
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
