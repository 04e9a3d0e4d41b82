import CKernels
import Foundation
import Testing

/// A table of kernels that this machine has.
@safe struct InstructionSet: @unchecked Sendable, CustomTestStringConvertible {
    let kernels: UnsafePointer<ck_table>

    var name: String { unsafe String(cString: kernels.pointee.name) }
    var testDescription: String { name }

    static let available: [InstructionSet] = [CK_SCALAR, CK_AVX2, CK_AVXVNNI, CK_AVX512, CK_AVX512VNNI, CK_AVX512BF16, CK_NEON, CK_NEONDOT].compactMap { isa in
        unsafe ck_table_for(isa).map { unsafe InstructionSet(kernels: $0) }
    }
}

/// Printed, so that a failure can be repeated with KERNELS_SEED.
let seed: UInt64 = {
    let seed = ProcessInfo.processInfo.environment["KERNELS_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<1 << 32)
    print("CKernelsTests: KERNELS_SEED=\(seed)")
    return seed
}()

/// Random numbers that a printed seed repeats (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }

    /// Extremes often: they are what saturates.
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in
            let extremes: [UInt8] = [0, 127, 128, 255]
            return Bool.random(using: &self) ? UInt8(truncatingIfNeeded: next()) : extremes[Int(next() % 4)]
        }
    }
}
