/// Undoes deflate (RFC 1951) into memory whose size the archive declares; a stream that needs more or less is refused.
@safe
struct Inflater {
    private var input: ByteCursor
    private let output: UnsafeMutableRawBufferPointer
    private let capacity: Int
    private var written = 0
    private var bits: UInt64 = 0
    private var bitCount = 0

    /// `output` must outlive the value.
    init(_ input: ByteRegion, into output: UnsafeMutableRawBufferPointer) {
        self.input = ByteCursor(input)
        unsafe self.output = output
        capacity = output.count
    }

    mutating func run() throws(ONNXError) {
        var isLast = false
        while !isLast {
            isLast = try take(1) == 1
            switch try take(2) {
            case 0: try storedBlock()
            case 1: try compressedBlock(literals: Huffman.fixedLiterals, distances: Huffman.fixedDistances)
            case 2:
                let (literals, distances) = try dynamicTables()
                try compressedBlock(literals: literals, distances: distances)
            default: throw input.error(.malformed, "a deflate block of unknown kind 3")
            }
        }
        guard written == capacity else { throw input.error(.malformed, "inflates to \(written) bytes, but \(capacity) are declared") }
        guard input.remaining + bitCount / 8 == 0 else { throw input.error(.malformed, "\(input.remaining + bitCount / 8) bytes follow the deflated ones") }
    }

    /// Makes `count` bits available, 16 at most, or as many as there are.
    private mutating func fill(_ count: Int) throws(ONNXError) {
        while bitCount < count, !input.isAtEnd {
            if input.remaining >= 4 {
                bits |= UInt64(try input.uint32()) << UInt64(bitCount)
                bitCount += 32
            } else {
                bits |= UInt64(try input.uint8()) << UInt64(bitCount)
                bitCount += 8
            }
        }
    }

    private mutating func drop(_ count: Int) throws(ONNXError) {
        guard count <= bitCount else { throw input.error(.malformed, "the deflated bytes are cut short") }
        bits >>= UInt64(count)
        bitCount -= count
    }

    private mutating func take(_ count: Int) throws(ONNXError) -> Int {
        try fill(count)
        let value = Int(truncatingIfNeeded: bits & (1 << UInt64(count) - 1))
        try drop(count)
        return value
    }

    private mutating func symbol(_ table: Huffman) throws(ONNXError) -> Int {
        try fill(table.maxLength)
        let entry = table.entries[Int(truncatingIfNeeded: bits) & (table.entries.count - 1)]
        guard entry != 0 else { throw input.error(.malformed, "a deflate code that no symbol has") }
        try drop(Int(entry & 15))
        return Int(entry >> 4)
    }

    private func room(_ count: Int) throws(ONNXError) {
        guard count <= capacity - written else { throw input.error(.malformed, "inflates to more than the \(capacity) bytes that are declared") }
    }

    private mutating func storedBlock() throws(ONNXError) {
        try drop(bitCount % 8)
        let count = try take(16)
        guard try take(16) == ~count & 0xFFFF else { throw input.error(.malformed, "a stored deflate block whose length doesn't match its complement") }
        try room(count)
        for _ in 0..<count { unsafe output[written] = UInt8(truncatingIfNeeded: try take(8)); written += 1 }
    }

    private mutating func compressedBlock(literals: Huffman, distances: Huffman) throws(ONNXError) {
        while true {
            let symbol = try symbol(literals)
            if symbol < 256 {
                try room(1)
                unsafe output[written] = UInt8(truncatingIfNeeded: symbol)
                written += 1
                continue
            }
            if symbol == 256 { return }
            guard symbol <= 285 else { throw input.error(.malformed, "a deflate length of unknown code \(symbol)") }
            let length = lengthBases[symbol - 257] + (try take(lengthBits[symbol - 257]))
            let code = try self.symbol(distances)
            guard code <= 29 else { throw input.error(.malformed, "a deflate distance of unknown code \(code)") }
            let distance = distanceBases[code] + (try take(code < 4 ? 0 : code / 2 - 1))
            guard distance <= written else { throw input.error(.malformed, "a deflate distance of \(distance), \(written) bytes from the start") }
            try room(length)
            for _ in 0..<length { unsafe output[written] = output[written - distance]; written += 1 }
        }
    }

    private mutating func dynamicTables() throws(ONNXError) -> (Huffman, Huffman) {
        let literalCount = try take(5) + 257
        let distanceCount = try take(5) + 1
        let codeCount = try take(4) + 4
        guard literalCount <= 286, distanceCount <= 30 else { throw input.error(.malformed, "a deflate block with too many codes") }
        var codeLengths = [UInt8](repeating: 0, count: 19)
        for index in 0..<codeCount { codeLengths[codeOrder[index]] = UInt8(try take(3)) }
        let codes = try table(codeLengths)
        var lengths: [UInt8] = []
        while lengths.count < literalCount + distanceCount {
            let symbol = try symbol(codes)
            var repeated: UInt8 = 0
            var count = 1
            switch symbol {
            case 16:
                guard let last = lengths.last else { throw input.error(.malformed, "a deflate block repeats a length before the first") }
                (repeated, count) = (last, 3 + (try take(2)))
            case 17: count = 3 + (try take(3))
            case 18: count = 11 + (try take(7))
            default: repeated = UInt8(symbol)
            }
            lengths += [UInt8](repeating: repeated, count: count)
        }
        guard lengths.count == literalCount + distanceCount else { throw input.error(.malformed, "a deflate block with too many code lengths") }
        guard lengths[256] > 0 else { throw input.error(.malformed, "a deflate block without an end") }
        return (try table(Array(lengths[..<literalCount])), try table(Array(lengths[literalCount...])))
    }

    private func table(_ lengths: [UInt8]) throws(ONNXError) -> Huffman {
        guard let table = Huffman(lengths) else { throw input.error(.malformed, "deflate codes that overlap") }
        return table
    }
}

/// A prefix code as one table: the next `maxLength` bits give symbol << 4 | length, or 0 where no code begins so.
struct Huffman {
    let entries: [UInt16]
    let maxLength: Int

    /// Nil when the lengths ask for more codes than there are.
    init?(_ lengths: [UInt8]) {
        maxLength = max(1, Int(lengths.max() ?? 1))
        var table = [UInt16](repeating: 0, count: 1 << maxLength)
        var code = 0
        for length in 1...maxLength {
            for (symbol, symbolLength) in lengths.enumerated() where symbolLength == length {
                guard code < 1 << length else { return nil }
                // Codes come most significant bit first, everything else least significant bit first.
                var reversed = 0
                for bit in 0..<length where code >> bit & 1 == 1 { reversed |= 1 << (length - 1 - bit) }
                for index in stride(from: reversed, to: table.count, by: 1 << length) { table[index] = UInt16(symbol << 4 | length) }
                code += 1
            }
            code <<= 1
        }
        entries = table
    }

    private init(fixed lengths: [UInt8]) {
        self = Huffman(lengths) ?? Huffman(entries: [0, 0], maxLength: 1)
    }

    private init(entries: [UInt16], maxLength: Int) {
        self.entries = entries
        self.maxLength = maxLength
    }

    static let fixedLiterals = Huffman(
        fixed: [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112) + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8))
    static let fixedDistances = Huffman(fixed: [UInt8](repeating: 5, count: 30))
}

private let codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
private let lengthBases = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]
private let lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
private let distanceBases = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
]
