internal import Bytes
internal import Tensors

/// Uncompressed BMP files of 24 or 32 bits a pixel. https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
enum BMPImage {
    static func decoded(_ bytes: [UInt8], _ context: RunContext) throws -> DecodedImage {
        func number(_ offset: Int, _ count: Int) -> Int { (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }
        guard bytes.count >= 54 else { throw ONNXError(.malformed, "a BMP header of \(bytes.count) bytes") }
        let (start, width, bits, compression) = (number(10, 4), number(18, 4), number(28, 2), number(30, 4))
        let height = Int(Int32(truncatingIfNeeded: number(22, 4)))
        guard bits == 24 || bits == 32, compression == 0 else {
            throw ONNXError(.unsupported, "BMP images of \(bits) bits and compression \(compression) are not decoded; 24 or 32 bits without are")
        }
        let image = try DecodedImage(width: width, height: abs(height), context)
        let row = (width * bits / 8 + 3) / 4 * 4
        guard row * image.height <= bytes.count - start else { throw ONNXError(.malformed, "the pixels of a BMP image are cut short") }
        for line in 0..<image.height {
            // A positive height counts lines from the bottom.
            let from = start + (height > 0 ? image.height - 1 - line : line) * row
            for column in 0..<width {
                let place = from + column * bits / 8
                image.set(line * width + column, bytes[place + 2], bytes[place + 1], bytes[place])
            }
        }
        return image
    }
}

/// PBM, PGM and PPM files in binary or in text. https://netpbm.sourceforge.net/doc/pnm.html
enum PNMImage {
    static func decoded(_ bytes: [UInt8], _ context: RunContext) throws -> DecodedImage {
        guard bytes.count > 2, bytes[0] == UInt8(ascii: "P"), (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(bytes[1]) else {
            throw ONNXError(.malformed, "no image of a known format")
        }
        let kind = Int(bytes[1] - UInt8(ascii: "0"))
        var reader = Reader(bytes: bytes, offset: 2)
        let (width, height) = (try reader.number(), try reader.number())
        let most = kind == 1 || kind == 4 ? 1 : try reader.number()
        guard most >= 1, most <= 65_535 else { throw ONNXError(.malformed, "samples of 0 to \(most)") }
        let image = try DecodedImage(width: width, height: height, context)
        let samples = kind == 3 || kind == 6 ? 3 : 1
        // One white space stands between the header and binary samples.
        if kind > 3 { reader.offset += 1 }
        for pixel in 0..<width * height {
            if kind == 4 && pixel % width == 0 { reader.startLine() }
            var color: [UInt8] = []
            for _ in 0..<samples {
                switch kind {
                case 1: color.append(try reader.digit() == 0 ? 255 : 0)
                case 4: color.append(try reader.bit() == 0 ? 255 : 0)
                case 2, 3: color.append(UInt8(truncatingIfNeeded: Swift.min(try reader.number(), most) * 255 / most))
                default: color.append(UInt8(truncatingIfNeeded: Swift.min(try reader.binary(most), most) * 255 / most))
                }
            }
            image.set(pixel, color[0], color[samples / 2], color[samples - 1])
        }
        return image
    }

    private struct Reader {
        let bytes: [UInt8]
        var offset: Int
        private var bitsLeft = 0

        init(bytes: [UInt8], offset: Int) { (self.bytes, self.offset) = (bytes, offset) }

        private mutating func byte() throws -> Int {
            guard offset < bytes.count else { throw ONNXError(.malformed, "the pixels of a PNM image are cut short") }
            defer { offset += 1 }
            return Int(bytes[offset])
        }

        /// Passes white space and comments.
        private mutating func skip() {
            var isComment = false
            while offset < bytes.count {
                let byte = bytes[offset]
                if byte == UInt8(ascii: "#") { isComment = true }
                guard isComment || byte == 32 || (9...13).contains(byte) else { return }
                if byte == 10 || byte == 13 { isComment = false }
                offset += 1
            }
        }

        /// The next decimal digit.
        mutating func digit() throws -> Int {
            skip()
            let value = try byte() - 48
            guard (0...9).contains(value) else { throw ONNXError(.malformed, "a digit expected in a PNM image") }
            return value
        }

        /// The next decimal number, at most 2^31 - 1.
        mutating func number() throws -> Int {
            var value = try digit()
            while offset < bytes.count, (48...57).contains(bytes[offset]) {
                value = value * 10 + Int(bytes[offset]) - 48
                guard value <= Int(Int32.max) else { throw ONNXError(.malformed, "a number of \(value) in a PNM image") }
                offset += 1
            }
            return value
        }

        /// The next sample of one byte, or of two where `most` needs them.
        mutating func binary(_ most: Int) throws -> Int { most < 256 ? try byte() : try byte() << 8 | byte() }

        /// Bits are packed anew in each line.
        mutating func startLine() { bitsLeft = 0 }

        mutating func bit() throws -> Int {
            if bitsLeft == 0 {
                _ = try byte()
                bitsLeft = 8
            }
            bitsLeft -= 1
            return Int(bytes[offset - 1]) >> bitsLeft & 1
        }
    }
}
