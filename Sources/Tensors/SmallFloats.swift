/// The layout of a floating-point type of at most 8 bits.
///
/// Source: https://onnx.ai/onnx/technical/float8.html, https://onnx.ai/onnx/technical/float4.html
package struct SmallFloatFormat: Sendable {
    let exponentBits: Int
    let fractionBits: Int
    let bias: Int
    let hasSign: Bool
    /// Bits of +infinity, where the format has one.
    let infinity: UInt8?
    /// Bits of a NaN, where the format has one.
    let nan: UInt8?
    /// Bits of the largest finite value.
    let largest: UInt8
    /// Whether 0x80 is the only NaN and there is no negative zero.
    let isUnsignedZero: Bool
    /// The value of each bit pattern.
    let values: [Float]

    /// The format of a type below 16 bits, or nil.
    package static func of(_ type: ElementType) -> SmallFloatFormat? {
        switch type {
        case .float8e4m3fn: e4m3fn
        case .float8e4m3fnuz: e4m3fnuz
        case .float8e5m2: e5m2
        case .float8e5m2fnuz: e5m2fnuz
        case .float8e8m0: e8m0
        case .float4e2m1: e2m1
        case .float6e2m3: e2m3
        case .float6e3m2: e3m2
        default: nil
        }
    }

    private static let e4m3fn = SmallFloatFormat(4, 3, bias: 7, infinity: nil, nan: 0x7F, largest: 0x7E)
    private static let e4m3fnuz = SmallFloatFormat(4, 3, bias: 8, infinity: nil, nan: 0x80, largest: 0x7F, isUnsignedZero: true)
    private static let e5m2 = SmallFloatFormat(5, 2, bias: 15, infinity: 0x7C, nan: 0x7F, largest: 0x7B)
    private static let e5m2fnuz = SmallFloatFormat(5, 2, bias: 16, infinity: nil, nan: 0x80, largest: 0x7F, isUnsignedZero: true)
    private static let e8m0 = SmallFloatFormat(8, 0, bias: 127, infinity: nil, nan: 0xFF, largest: 0xFE, hasSign: false)
    private static let e2m1 = SmallFloatFormat(2, 1, bias: 1, infinity: nil, nan: nil, largest: 0x7)
    private static let e2m3 = SmallFloatFormat(2, 3, bias: 1, infinity: nil, nan: nil, largest: 0x1F)
    private static let e3m2 = SmallFloatFormat(3, 2, bias: 3, infinity: nil, nan: nil, largest: 0x1F)

    private init(
        _ exponentBits: Int, _ fractionBits: Int, bias: Int, infinity: UInt8?, nan: UInt8?, largest: UInt8, hasSign: Bool = true, isUnsignedZero: Bool = false
    ) {
        self.exponentBits = exponentBits
        self.fractionBits = fractionBits
        self.bias = bias
        self.hasSign = hasSign
        self.infinity = infinity
        self.nan = nan
        self.largest = largest
        self.isUnsignedZero = isUnsignedZero
        let bits = exponentBits + fractionBits + (hasSign ? 1 : 0)
        values = (0..<(1 << bits)).map { pattern in
            let sign: Float = hasSign && pattern >> (bits - 1) == 1 ? -1 : 1
            let magnitude = hasSign ? pattern & ((1 << (bits - 1)) - 1) : pattern
            if isUnsignedZero && sign < 0 && magnitude == 0 { return .nan }
            if let infinity, magnitude == Int(infinity) { return sign * .infinity }
            if !isUnsignedZero && nan != nil && magnitude > Int(largest) { return .nan }
            let exponent = magnitude >> fractionBits
            let fraction = Float(magnitude & ((1 << fractionBits) - 1)) / Float(1 << fractionBits)
            if exponentBits == 8 {
                return exponent == 0 ? Float(sign: .plus, exponent: -127, significand: 1) : Float(sign: .plus, exponent: exponent - bias, significand: 1)
            }
            if exponent == 0 { return sign * Float(sign: .plus, exponent: 1 - bias, significand: 1) * fraction }
            return sign * Float(sign: .plus, exponent: exponent - bias, significand: 1) * (1 + fraction)
        }
    }

    /// The value of a bit pattern; bits above the format's width are ignored.
    package func decode(_ bits: UInt8) -> Float { values[Int(bits) & (values.count - 1)] }

    /// The nearest value, ties to even. Above the largest, `saturate` gives the largest, otherwise infinity or NaN, whichever the format has.
    package func encode(_ value: Float, saturate: Bool = true) -> UInt8 {
        if exponentBits == 8 { return encodePowerOfTwo(value, saturate: saturate, rounding: .up) }
        let signBit = UInt8(1) << UInt8(exponentBits + fractionBits)
        let sign: UInt8 = value.sign == .minus ? signBit : 0
        guard !value.isNaN else { return nan.map { isUnsignedZero ? $0 : $0 | sign } ?? (signBit) }
        let beyond: UInt8 =
            if saturate || (infinity == nil && nan == nil) { largest } else { infinity ?? nan ?? largest }
        let magnitude = value.magnitude
        let scaledExponent = Swift.max(magnitude == 0 ? Int.min / 2 : Int(magnitude.isFinite ? magnitude.exponent : 128), 1 - bias)
        let overflow = isUnsignedZero && beyond == nan ? beyond : beyond | sign
        guard magnitude.isFinite else { return overflow }
        let quantum = Float(sign: .plus, exponent: scaledExponent - fractionBits, significand: 1)
        let rounded = (magnitude / quantum).rounded(.toNearestOrEven) * quantum
        guard rounded <= values[Int(largest)] else { return overflow }
        if rounded == 0 { return isUnsignedZero ? 0 : sign }
        let exponent = Int(rounded.exponent)
        if exponent < 1 - bias {
            return sign | UInt8(rounded / Float(sign: .plus, exponent: 1 - bias - fractionBits, significand: 1))
        }
        let fraction = (rounded / Float(sign: .plus, exponent: exponent, significand: 1) - 1) * Float(1 << fractionBits)
        return sign | UInt8((exponent + bias) << fractionBits) | UInt8(fraction)
    }

    /// How a value between two powers of two is rounded.
    package enum PowerOfTwoRounding: String, Sendable {
        case up, down, nearest
    }

    /// The power of two for `value`'s magnitude.
    package func encodePowerOfTwo(_ value: Float, saturate: Bool, rounding: PowerOfTwoRounding) -> UInt8 {
        guard !value.isNaN else { return 0xFF }
        let magnitude = value.magnitude
        guard magnitude.isFinite else { return saturate ? largest : 0xFF }
        guard magnitude > 0 else { return 0 }
        let exponent = Int(magnitude.exponent)
        let significand = magnitude.significand
        let up: Bool =
            switch rounding {
            case .up: significand > 1
            case .down: false
            case .nearest: significand >= 1.5
            }
        let biased = exponent + bias + (up ? 1 : 0)
        guard biased <= Int(largest) else { return saturate ? largest : 0xFF }
        return UInt8(Swift.max(biased, 0))
    }
}
