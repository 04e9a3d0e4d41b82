#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A stream of random numbers in which number n is a function of the seed and n alone, so that threads can make any part of it.
///
/// Philox 4x32 with 10 rounds. Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011), https://doi.org/10.1145/2063384.2063405
package struct Philox: Sendable {
    private let key: (UInt32, UInt32)

    package init(seed: UInt64) { key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)) }

    /// The four words of block `counter`.
    package func block(_ counter: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
        var x = (UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), UInt32(0), UInt32(0))
        var key = key
        for _ in 0..<10 {
            let (a, b) = (UInt64(x.0) &* 0xD251_1F53, UInt64(x.2) &* 0xCD9E_8D57)
            x = (
                UInt32(truncatingIfNeeded: b >> 32) ^ x.1 ^ key.0, UInt32(truncatingIfNeeded: b),
                UInt32(truncatingIfNeeded: a >> 32) ^ x.3 ^ key.1, UInt32(truncatingIfNeeded: a)
            )
            key = (key.0 &+ 0x9E37_79B9, key.1 &+ 0xBB67_AE85)
        }
        return x
    }

    /// Number `index` of a uniform distribution over [0, 1), of 53 random bits.
    package func uniform(_ index: Int) -> Double {
        let words = block(UInt64(truncatingIfNeeded: index))
        return Double((UInt64(words.0) << 32 | UInt64(words.1)) >> 11) * 0x1p-53
    }

    /// Number `index` of the standard normal distribution, by the transformation of Box and Muller.
    package func normal(_ index: Int) -> Double {
        let words = block(UInt64(truncatingIfNeeded: index))
        // In (0, 1], so that the logarithm is finite.
        let radius = Double(((UInt64(words.0) << 32 | UInt64(words.1)) >> 11) + 1) * 0x1p-53
        let angle = Double((UInt64(words.2) << 32 | UInt64(words.3)) >> 11) * 0x1p-53
        return (-2 * log(radius)).squareRoot() * cos(2 * Double.pi * angle)
    }
}
