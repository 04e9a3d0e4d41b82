internal import Bytes
internal import Tensors

/// A PNG file without interlacing. https://www.w3.org/TR/png-3/
struct PNGImage {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    private let width: Int
    private let height: Int
    private let depth: Int
    private let kind: Int
    /// Samples of a pixel.
    private let samples: Int
    private var palette: [UInt8] = []
    private var stream: [UInt8] = []

    private static func malformed(_ message: String) -> ONNXError { ONNXError(.malformed, message, place: ["PNG"]) }

    /// Throws `.malformed` for a damaged file, `.unsupported` for an interlaced one.
    init(_ bytes: [UInt8]) throws {
        func number(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(bytes[offset + $1]) } }
        guard bytes.count >= 33, Array(bytes[12..<16]) == Array("IHDR".utf8) else { throw Self.malformed("the header is missing") }
        (width, height, depth, kind) = (number(16), number(20), Int(bytes[24]), Int(bytes[25]))
        guard bytes[28] == 0 else { throw ONNXError(.unsupported, "interlaced PNG images are not decoded") }
        guard let depths = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]][kind], depths.contains(depth) else {
            throw Self.malformed("colour type \(kind) of \(depth) bits")
        }
        samples = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][kind] ?? 1
        var offset = 8
        while offset <= bytes.count - 12 {
            let count = number(offset)
            guard count <= bytes.count - offset - 12 else { throw Self.malformed("a chunk is cut short") }
            let body = bytes[offset + 8..<offset + 8 + count]
            switch String(decoding: bytes[offset + 4..<offset + 8], as: UTF8.self) {
            case "PLTE": palette = Array(body)
            case "IDAT": stream += body
            case "IEND": return
            default: break
            }
            offset += count + 12
        }
        throw Self.malformed("the end is missing")
    }

    func decoded(_ context: RunContext) throws -> DecodedImage {
        let image = try DecodedImage(width: width, height: height, context)
        let row = (width * samples * depth + 7) / 8
        let (count, overflow) = (row + 1).multipliedReportingOverflow(by: height)
        guard !overflow else { throw ONNXError(.limit, "a PNG image of \(width) x \(height) pixels") }
        let lines = try context.scratch(UInt8.self, count: count)
        let inflated = try inflatedZlib(ByteRegion(MappedFile(name: "PNG", copying: stream)), count: count)
        for (index, byte) in inflated.bytes().enumerated() { lines[index] = byte }
        for line in 0..<height {
            try unfilter(lines, line * (row + 1), row)
            for column in 0..<width { try set(image, line * width + column, lines, line * (row + 1) + 1, column) }
        }
        return image
    }

    /// Adds what each byte of a line was predicted to be.
    private func unfilter(_ lines: MutableElements<UInt8>, _ start: Int, _ count: Int) throws {
        let distance = Swift.max(1, samples * depth / 8)
        let filter = lines[start]
        guard filter <= 4 else { throw Self.malformed("a line of filter \(filter)") }
        for index in 0..<count {
            let place = start + 1 + index
            let left = index < distance ? 0 : Int(lines[place - distance])
            let above = start == 0 ? 0 : Int(lines[place - count - 1])
            let corner = start == 0 || index < distance ? 0 : Int(lines[place - count - 1 - distance])
            let predicted =
                switch filter {
                case 1: left
                case 2: above
                case 3: (left + above) / 2
                case 4: Self.nearest(left, above, corner)
                default: 0
                }
            lines[place] &+= UInt8(truncatingIfNeeded: predicted)
        }
    }

    /// Paeth's choice of the neighbour that is nearest to left + above - corner.
    private static func nearest(_ left: Int, _ above: Int, _ corner: Int) -> Int {
        let estimate = left + above - corner
        let (a, b, c) = (abs(estimate - left), abs(estimate - above), abs(estimate - corner))
        return a <= b && a <= c ? left : b <= c ? above : corner
    }

    private func set(_ image: DecodedImage, _ pixel: Int, _ lines: MutableElements<UInt8>, _ start: Int, _ column: Int) throws {
        func sample(_ index: Int) -> Int {
            let bit = (column * samples + index) * depth
            if depth >= 8 { return Int(lines[start + bit / 8]) }
            return Int(lines[start + bit / 8]) >> (8 - depth - bit % 8) & (1 << depth - 1)
        }
        switch kind {
        case 2, 6: image.set(pixel, UInt8(sample(0)), UInt8(sample(1)), UInt8(sample(2)))
        case 3:
            let entry = 3 * sample(0)
            guard entry + 2 < palette.count else { throw Self.malformed("a colour beyond the palette of \(palette.count / 3)") }
            image.set(pixel, palette[entry], palette[entry + 1], palette[entry + 2])
        default:
            let gray = UInt8(depth >= 8 ? sample(0) : sample(0) * 255 / (1 << depth - 1))
            image.set(pixel, gray, gray, gray)
        }
    }
}
