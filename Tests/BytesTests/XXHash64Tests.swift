import Bytes
import Testing

/// What python-xxhash 3.5 says of the bytes 0, 1, 2, …
private let known: [(count: Int, hash: UInt64)] = [
    (0, 0xEF46_DB37_51D8_E999), (1, 0xE934_A84A_DB05_2768), (3, 0xE5C7_BB45_33BC_65DD), (4, 0xFFCE_D860_4453_CC1E), (8, 0x884A_1736_14B8_1B8D),
    (15, 0xA948_F5F0_F6AB_AC2D), (31, 0xC346_D2B5_9B4D_8EE1), (32, 0xCBF5_9C51_16FF_32B4), (33, 0x0C53_5D1A_CAFB_8EAD), (63, 0xE26A_A9E2_A95F_8E4F),
    (64, 0xF7C6_7301_DB67_13F0), (100, 0x6AC1_E580_3216_6597), (1000, 0x6EF4_36B0_0EBA_4078),
]

@Test(arguments: known)
func hashOfCounting(count: Int, hash: UInt64) {
    #expect(XXHash64.hash((0..<count).map { UInt8(truncatingIfNeeded: $0) }) == hash)
}

/// The pieces in which the bytes come make no difference.
@Test(arguments: [1, 7, 32, 33, 100])
func hashInPieces(of size: Int) {
    var hash = XXHash64()
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
    for start in stride(from: 0, to: bytes.count, by: size) {
        let piece = Array(bytes[start..<min(start + size, bytes.count)])
        unsafe hash.update(piece.span.bytes)
    }
    #expect(hash.value == 0x6EF4_36B0_0EBA_4078)
}
