/// SHA-256 (FIPS 180-4), for the hash that names a model.
package struct SHA256: Sendable {
    private var state: [UInt32] = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]
    private var partial: [UInt8] = []
    private var total: UInt64 = 0

    package init() {}

    /// The hash of all bytes of `region`, as 64 hexadecimal digits.
    package static func hexadecimal(_ region: ByteRegion) -> String {
        var hash = SHA256()
        region.withBytes { hash.update($0) }
        return hash.hexadecimal()
    }

    package mutating func update(_ bytes: borrowing RawSpan) {
        total &+= UInt64(bytes.byteCount)
        unsafe bytes.withUnsafeBytes { bytes in
            var rest = unsafe bytes[...]
            if !partial.isEmpty {
                let head = unsafe rest.prefix(64 - partial.count)
                unsafe partial.append(contentsOf: head)
                unsafe rest = unsafe rest.dropFirst(head.count)
                guard partial.count == 64 else { return }
                let block = partial
                unsafe block.withUnsafeBytes { unsafe compress($0) }
                partial.removeAll(keepingCapacity: true)
            }
            while unsafe rest.count >= 64 {
                unsafe compress(UnsafeRawBufferPointer(rebasing: rest.prefix(64)))
                unsafe rest = unsafe rest.dropFirst(64)
            }
            unsafe partial.append(contentsOf: rest)
        }
    }

    /// The hash of everything so far, as 64 hexadecimal digits.
    package consuming func hexadecimal() -> String {
        let bits = total &* 8
        let zeros = (119 - partial.count) % 64
        let tail = [0x80] + [UInt8](repeating: 0, count: zeros) + (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
        unsafe update(tail.span.bytes)
        return state.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    private mutating func compress(_ block: UnsafeRawBufferPointer) {
        var schedule = InlineArray<64, UInt32>(repeating: 0)
        let constants = roundConstants.span
        for index in 0..<16 { unsafe schedule[index] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)) }
        for index in 16..<64 {
            let (x, y) = (schedule[index - 15], schedule[index - 2])
            let s0 = rotated(x, 7) ^ rotated(x, 18) ^ x >> 3
            let s1 = rotated(y, 17) ^ rotated(y, 19) ^ y >> 10
            schedule[index] = schedule[index - 16] &+ s0 &+ schedule[index - 7] &+ s1
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
            let t1 = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ constants[index] &+ schedule[index]
            let s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
            let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
        }
        for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
    }
}

@inline(__always)
private func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word >> count | word << (32 - count)
}

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
private let roundConstants: [UInt32] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]
