internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// The pixels of an image file: PNG, BMP or PNM; the other formats of the standard are refused. https://onnx.ai/onnx/operators/onnx__ImageDecoder.html
    package struct ImageDecoder: Operator {
        package static let schema = OperatorSchema(
            "ImageDecoder", since: [20], inputs: [.one("encoded_stream", "T1")], outputs: [.one("image", "T2")],
            attributes: [.defaulted("pixel_format", .string("RGB"))], types: ["T1": .tensors(.uint8), "T2": .tensors(.uint8)])

        private enum PixelFormat: String, CaseIterable {
            case rgb = "RGB"
            case bgr = "BGR"
            case grayscale = "Grayscale"
        }

        private let format: PixelFormat

        package init(_ node: NodeReader) throws { format = try node.choice("pixel_format") }

        private var channels: Int { format == .grayscale ? 1 : 3 }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 1...1, "encoded_stream")
            types.set(0, .uint8, [.unknown, .unknown, .known(channels)])
        }

        /// The first bytes of the formats that are not decoded here.
        private static let others: [(name: String, start: [UInt8])] = [
            ("JPEG", [0xFF, 0xD8, 0xFF]), ("TIFF", [0x49, 0x49, 0x2A, 0]), ("TIFF", [0x4D, 0x4D, 0, 0x2A]), ("WebP", Array("RIFF".utf8)),
            ("JPEG 2000", [0, 0, 0, 0x0C, 0x6A, 0x50]), ("JPEG 2000", [0xFF, 0x4F, 0xFF, 0x51]),
        ]

        package func run(_ context: RunContext) throws {
            let bytes = Array(try context.input(0).elements(UInt8.self))
            if let other = Self.others.first(where: { bytes.starts(with: $0.start) }) {
                throw ONNXError(.unsupported, "\(other.name) images are not decoded", remedy: "PNG, BMP and PNM are; decode the image before the model")
            }
            guard let image = try Self.decoded(bytes, context) else {
                // What the standard asks for where nothing can be decoded.
                _ = try context.allocate(0, .uint8, [0, 0, channels])
                return
            }
            let output = try context.allocate(0, .uint8, [image.height, image.width, channels]).elements(UInt8.self)
            for pixel in 0..<image.height * image.width {
                let (red, green, blue) = image.color(pixel)
                switch format {
                case .rgb: (output[3 * pixel], output[3 * pixel + 1], output[3 * pixel + 2]) = (red, green, blue)
                case .bgr: (output[3 * pixel], output[3 * pixel + 1], output[3 * pixel + 2]) = (blue, green, red)
                // Rec. 601 luma in 16 bits of fraction.
                case .grayscale:
                    let sum = 19_595 * UInt32(red) + 38_470 * UInt32(green) + 7471 * UInt32(blue) + 0x8000
                    output[pixel] = UInt8(truncatingIfNeeded: sum >> 16)
                }
            }
        }

        /// The image, or nil when the bytes are damaged or of no known format.
        private static func decoded(_ bytes: [UInt8], _ context: RunContext) throws -> DecodedImage? {
            do {
                if bytes.starts(with: PNGImage.signature) { return try PNGImage(bytes).decoded(context) }
                if bytes.starts(with: Array("BM".utf8)) { return try BMPImage.decoded(bytes, context) }
                return try PNMImage.decoded(bytes, context)
            } catch let error as ONNXError where error.code == .malformed {
                return nil
            }
        }
    }
}

/// Red, green and blue of each pixel, row by row from the top.
struct DecodedImage {
    let width: Int
    let height: Int
    private let samples: MutableElements<UInt8>

    /// Memory that counts against the budget. Throws `.malformed` for an image without pixels.
    init(width: Int, height: Int, _ context: RunContext) throws {
        guard width > 0, height > 0 else { throw ONNXError(.malformed, "an image of \(width) x \(height) pixels") }
        (self.width, self.height) = (width, height)
        samples = try context.scratch(.uint8, [height, width, 3]).elements(UInt8.self)
    }

    func set(_ pixel: Int, _ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        (samples[3 * pixel], samples[3 * pixel + 1], samples[3 * pixel + 2]) = (red, green, blue)
    }

    func color(_ pixel: Int) -> (UInt8, UInt8, UInt8) { (samples[3 * pixel], samples[3 * pixel + 1], samples[3 * pixel + 2]) }
}
