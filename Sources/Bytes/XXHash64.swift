/// XXH64 with seed 0: a checksum as fast as memory, in which no change of a single bit or word goes unseen.
///
/// Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
package struct XXHash64: Sendable {
    private var lanes: (UInt64, UInt64, UInt64, UInt64) = (prime1 &+ prime2, prime2, 0, 0 &- prime1)
    private var partial: [UInt8] = []
    private var total: UInt64 = 0

    package init() {}

    /// The checksum of `bytes`.
    package static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash = XXHash64()
        unsafe hash.update(bytes.span.bytes)
        return hash.value
    }

    package mutating func update(_ bytes: borrowing RawSpan) {
        total &+= UInt64(bytes.byteCount)
        unsafe bytes.withUnsafeBytes { bytes in
            var offset = 0
            if !partial.isEmpty {
                offset = min(32 - partial.count, bytes.count)
                unsafe partial.append(contentsOf: bytes[..<offset])
                guard partial.count == 32 else { return }
                let block = partial
                unsafe block.withUnsafeBytes { unsafe mix($0) }
                partial.removeAll(keepingCapacity: true)
            }
            let whole = (bytes.count - offset) / 32 * 32
            unsafe mix(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + whole]))
            unsafe partial.append(contentsOf: bytes[(offset + whole)...])
        }
    }

    /// The checksum of everything so far.
    package var value: UInt64 {
        var hash = prime5
        if total >= 32 {
            hash = rotated(lanes.0, 1) &+ rotated(lanes.1, 7) &+ rotated(lanes.2, 12) &+ rotated(lanes.3, 18)
            for lane in [lanes.0, lanes.1, lanes.2, lanes.3] { hash = (hash ^ rounded(0, lane)) &* prime1 &+ prime4 }
        }
        hash &+= total
        unsafe partial.withUnsafeBytes { rest in
            var offset = 0
            while offset + 8 <= rest.count {
                hash = unsafe rotated(hash ^ rounded(0, word(rest, offset)), 27) &* prime1 &+ prime4
                offset += 8
            }
            if offset + 4 <= rest.count {
                let half = unsafe UInt64(UInt32(littleEndian: rest.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
                hash = rotated(hash ^ half &* prime1, 23) &* prime2 &+ prime3
                offset += 4
            }
            while offset < rest.count {
                hash = unsafe rotated(hash ^ UInt64(rest[offset]) &* prime5, 11) &* prime1
                offset += 1
            }
        }
        hash = (hash ^ hash >> 33) &* prime2
        hash = (hash ^ hash >> 29) &* prime3
        return hash ^ hash >> 32
    }

    /// Takes in a multiple of 32 bytes.
    private mutating func mix(_ bytes: UnsafeRawBufferPointer) {
        var (a, b, c, d) = lanes
        for offset in stride(from: 0, to: bytes.count, by: 32) {
            unsafe a = rounded(a, word(bytes, offset))
            unsafe b = rounded(b, word(bytes, offset + 8))
            unsafe c = rounded(c, word(bytes, offset + 16))
            unsafe d = rounded(d, word(bytes, offset + 24))
        }
        lanes = (a, b, c, d)
    }
}

private let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
private let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
private let prime3: UInt64 = 0x1656_67B1_9E37_79F9
private let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
private let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

@inline(__always)
private func rounded(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotated(lane &+ word &* prime2, 31) &* prime1
}

@inline(__always)
private func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 {
    word << count | word >> (64 - count)
}

@inline(__always)
private func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
}
