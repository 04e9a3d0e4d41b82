/// A cyclic checksum of 32 bits, eight bytes at a step.
package struct CRC32: Sendable {
    package enum Polynomial: Sendable {
        /// That of zip files (ISO 3309).
        case zip
        /// Castagnoli's, CRC-32C: that of LevelDB's tables.
        case castagnoli
    }

    private var register: UInt32 = ~0
    private let tables: [UInt32]

    package init(_ polynomial: Polynomial = .zip) {
        tables = polynomial == .zip ? zipTables : castagnoliTables
    }

    package var value: UInt32 { ~register }

    package mutating func update(_ bytes: borrowing RawSpan) {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe tables.withUnsafeBufferPointer { table in
                var crc = register
                var index = 0
                while index + 8 <= bytes.count {
                    let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ UInt64(crc)
                    crc = 0
                    for lane in 0..<8 {
                        let byte = Int(truncatingIfNeeded: word >> (8 * UInt64(lane)) & 0xFF)
                        unsafe crc ^= table[(7 - lane) << 8 | byte]
                    }
                    index += 8
                }
                while index < bytes.count {
                    unsafe crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[index])) & 0xFF)]
                    index += 1
                }
                register = crc
            }
        }
    }
}

/// Entry 256·k + b: the checksum of byte b followed by k zeros.
private func tables(of polynomial: UInt32) -> [UInt32] {
    var tables: [UInt32] = []
    for byte: UInt32 in 0..<256 {
        var crc = byte
        for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ polynomial }
        tables.append(crc)
    }
    for index in 256..<2048 {
        let previous = tables[index - 256]
        tables.append(previous >> 8 ^ tables[Int(previous & 0xFF)])
    }
    return tables
}

private let zipTables = tables(of: 0xEDB8_8320)
private let castagnoliTables = tables(of: 0x82F6_3B78)
