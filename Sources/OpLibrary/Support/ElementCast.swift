internal import Bytes
internal import Tensors

/// Values of one element type as those of another, by the rules of Cast.
///
/// Floats round to nearest even; beyond the range they become infinite, or as `saturates` says in the 8-bit types. To integers they truncate
/// towards zero; what doesn't fit (which the standard leaves open) saturates at 32 and 64 bits and keeps the low bits below, NaN gives 0.
/// Integers keep their low bits. Strings are read and written as decimal numbers, bool as 0 and 1.
struct ElementCast: Sendable {
    let saturates: Bool
    let rounding: SmallFloatFormat.PowerOfTwoRounding

    /// Casts `source` into output 0 of `context`.
    func run(_ source: Tensor, to type: ElementType, _ context: RunContext) throws {
        switch (source.elementType, type) {
        case (let from, _) where from == type: context.set(0, source)
        case (.string, _): try write(try parse(source, to: type, context), source, to: type, context)
        case (_, .string): context.set(0, try Tensor(strings: try texts(source, context), shape: source.shape))
        default:
            guard try !runDirectly(source, to: type, context) else { return }
            try write(try read(source, context), source, to: type, context)
        }
    }

    /// The pairs that models are full of, without a detour over 64 bits.
    private func runDirectly(_ source: Tensor, to type: ElementType, _ context: RunContext) throws -> Bool {
        func convert<S: TensorElement, T: TensorElement>(_ from: S.Type, _ to: T.Type, _ body: @Sendable (S) -> T) throws -> Bool {
            try context.map(try source.elements(S.self), to: try context.output().elements(T.self), body)
            return true
        }
        switch (source.elementType, type) {
        case (.float, .double): return try convert(Float.self, Double.self) { Double($0) }
        case (.double, .float): return try convert(Double.self, Float.self) { Float($0) }
        case (.int32, .float): return try convert(Int32.self, Float.self) { Float($0) }
        case (.int64, .float): return try convert(Int64.self, Float.self) { Float($0) }
        case (.float, .int64): return try convert(Float.self, Int64.self) { Int64(saturating: Double($0)) }
        case (.float, .int32): return try convert(Float.self, Int32.self) { Int32(saturating: Double($0)) }
        case (.int32, .int64): return try convert(Int32.self, Int64.self) { Int64($0) }
        case (.int64, .int32): return try convert(Int64.self, Int32.self) { Int32(truncatingIfNeeded: $0) }
        case (.int64, .bool): return try convert(Int64.self, TensorBool.self) { TensorBool($0 != 0) }
        case (.float, .bool): return try convert(Float.self, TensorBool.self) { TensorBool($0 != 0) }
        case (.bool, .float): return try convert(TensorBool.self, Float.self) { $0.value ? 1 : 0 }
        case (.bool, .int64): return try convert(TensorBool.self, Int64.self) { $0.value ? 1 : 0 }
        case (.bool, .int32): return try convert(TensorBool.self, Int32.self) { $0.value ? 1 : 0 }
        case (.float16, .float): return try convert(Float16.self, Float.self) { Float($0) }
        case (.float, .float16): return try convert(Float.self, Float16.self) { Float16($0) }
        case (.bfloat16, .float): return try convert(BFloat16.self, Float.self) { $0.float }
        case (.float, .bfloat16): return try convert(Float.self, BFloat16.self) { BFloat16($0) }
        default: return false
        }
    }

    /// Elements in the widest type of their kind.
    private enum Wide {
        case reals(Elements<Double>)
        case signed(Elements<Int64>)
        case unsigned(Elements<UInt64>)
    }

    private func read(_ source: Tensor, _ context: RunContext) throws -> Wide {
        func widen<S: TensorElement, T: TensorElement>(_ from: S.Type, _ to: T.Type, _ body: @Sendable (S) -> T) throws -> Elements<T> {
            let wide = try context.scratch(T.self, count: source.count)
            try context.map(try source.elements(S.self), to: wide, body)
            return wide.elements
        }
        switch source.elementType {
        case .double: return .reals(try source.elements())
        case .float: return .reals(try widen(Float.self, Double.self) { Double($0) })
        case .float16: return .reals(try widen(Float16.self, Double.self) { Double($0) })
        case .bfloat16: return .reals(try widen(BFloat16.self, Double.self) { Double($0.float) })
        case .int64: return .signed(try source.elements())
        case .int32: return .signed(try widen(Int32.self, Int64.self) { Int64($0) })
        case .int16: return .signed(try widen(Int16.self, Int64.self) { Int64($0) })
        case .int8: return .signed(try widen(Int8.self, Int64.self) { Int64($0) })
        case .uint8: return .signed(try widen(UInt8.self, Int64.self) { Int64($0) })
        case .uint16: return .signed(try widen(UInt16.self, Int64.self) { Int64($0) })
        case .uint32: return .signed(try widen(UInt32.self, Int64.self) { Int64($0) })
        case .bool: return .signed(try widen(TensorBool.self, Int64.self) { $0.value ? 1 : 0 })
        case .uint64: return .unsigned(try source.elements())
        default:
            guard let format = SmallFloatFormat.of(source.elementType) else { return try read(try source.unpacked(), context) }
            let wide = try context.scratch(Double.self, count: source.count)
            let bits = try source.unpacked().bits(UInt8.self)
            ElementLoop.map(bits, to: wide, in: 0..<wide.count) { Double(format.decode($0)) }
            return .reals(wide.elements)
        }
    }

    private func parse(_ source: Tensor, to type: ElementType, _ context: RunContext) throws -> Wide {
        let strings = try source.stringArray()
        func fill<T: TensorElement>(_ type: T.Type, _ body: (String) -> T?) throws -> Elements<T> {
            let wide = try context.scratch(T.self, count: source.count)
            for (index, string) in strings.enumerated() {
                guard let value = body(string) else {
                    throw ONNXError(.shape, "element \(index) is '\(string.prefix(40))', which is no number, or one beyond its type")
                }
                wide[index] = value
            }
            return wide.elements
        }
        switch type {
        case .uint64: return .unsigned(try fill(UInt64.self) { UInt64($0) ?? DecimalText.wholeNumber($0) })
        case _ where type.isInteger: return .signed(try fill(Int64.self) { Int64($0) ?? DecimalText.wholeNumber($0) })
        case .float: return .reals(try fill(Double.self) { Float($0).map { Double($0) } })
        default: return .reals(try fill(Double.self) { Double($0) })
        }
    }

    private func texts(_ source: Tensor, _ context: RunContext) throws -> [String] {
        // Counts the strings' handles against the budget before there are any.
        _ = try context.scratch(.complex128, source.shape)
        switch source.elementType {
        case .bool: return try source.elements(TensorBool.self).map { $0.value ? "1" : "0" }
        case .float: return try source.elements(Float.self).map { DecimalText.of($0) }
        case .float16: return try source.elements(Float16.self).map { DecimalText.of($0) }
        default:
            switch try read(source, context) {
            case .reals(let elements): return elements.map { source.elementType == .double ? DecimalText.of($0) : DecimalText.of(Float($0)) }
            case .signed(let elements): return elements.map { String($0) }
            case .unsigned(let elements): return elements.map { String($0) }
            }
        }
    }

    private func write(_ wide: Wide, _ source: Tensor, to type: ElementType, _ context: RunContext) throws {
        let output = try context.output()
        switch type {
        case .float: try fill(try output.elements(Float.self), wide, context)
        case .double: try fill(try output.elements(Double.self), wide, context)
        case .float16: try fill(try output.elements(Float16.self), wide, context)
        case .bfloat16: try fill(try output.elements(BFloat16.self), wide, context)
        case .int8: try fill(try output.elements(Int8.self), wide, context)
        case .int16: try fill(try output.elements(Int16.self), wide, context)
        case .int32: try fill(try output.elements(Int32.self), wide, context)
        case .int64: try fill(try output.elements(Int64.self), wide, context)
        case .uint8: try fill(try output.elements(UInt8.self), wide, context)
        case .uint16: try fill(try output.elements(UInt16.self), wide, context)
        case .uint32: try fill(try output.elements(UInt32.self), wide, context)
        case .uint64: try fill(try output.elements(UInt64.self), wide, context)
        case .bool: try fill(try output.elements(TensorBool.self), wide, context)
        default: try writeNarrow(wide, source.shape, to: output, context)
        }
    }

    private func fill<T: CastTarget>(_ target: MutableElements<T>, _ wide: Wide, _ context: RunContext) throws {
        switch wide {
        case .reals(let elements): try context.map(elements, to: target) { T(real: $0) }
        case .signed(let elements): try context.map(elements, to: target) { T(signed: $0) }
        case .unsigned(let elements): try context.map(elements, to: target) { T(unsigned: $0) }
        }
    }

    /// Types of at most 8 bits that no Swift type stands for: one a byte first, then packed.
    private func writeNarrow(_ wide: Wide, _ shape: [Int], to output: MutableTensor, _ context: RunContext) throws {
        let bytes = try context.scratch(.uint8, shape)
        let target = try bytes.elements(UInt8.self)
        if let format = SmallFloatFormat.of(output.elementType) {
            let isPowerOfTwo = output.elementType == .float8e8m0
            let encode = { (x: Double) in isPowerOfTwo ? encodePowerOfTwo(x, format) : format.encode(Self.oddRounded(x), saturate: saturates) }
            switch wide {
            case .reals(let elements): ElementLoop.map(elements, to: target, in: 0..<target.count) { encode($0) }
            case .signed(let elements): ElementLoop.map(elements, to: target, in: 0..<target.count) { encode(Double($0)) }
            case .unsigned(let elements): ElementLoop.map(elements, to: target, in: 0..<target.count) { encode(Double($0)) }
            }
        } else {
            try fill(target, wide, context)
        }
        let packed = try bytes.tensor.packed(as: output.elementType).bytes()
        output.rawBytes().copy(packed, from: 0, count: packed.count, to: 0)
    }

    private func encodePowerOfTwo(_ value: Double, _ format: SmallFloatFormat) -> UInt8 {
        let float = Self.oddRounded(value)
        let least = Float(sign: .plus, exponent: -127, significand: 1)
        if !saturates && float.magnitude < least { return 0xFF }
        return format.encodePowerOfTwo(float, saturate: saturates, rounding: rounding)
    }

    /// Rounded to odd, so that rounding to a narrower type afterwards gives what rounding once gives.
    fileprivate static func oddRounded(_ value: Double) -> Float {
        let nearest = Float(value)
        guard !value.isNaN, value.isFinite, Double(nearest) != value else { return nearest }
        let truncated = Double(nearest).magnitude > value.magnitude ? Float(bitPattern: nearest.bitPattern &- 1) : nearest
        return Float(bitPattern: truncated.bitPattern | 1)
    }
}

/// A type that Cast writes.
private protocol CastTarget: TensorElement {
    init(real: Double)
    init(signed: Int64)
    init(unsigned: UInt64)
}

extension CastTarget where Self: FixedWidthInteger & Arithmetic {
    init(real: Double) { self = Self.bitWidth < 32 ? Self(truncatingIfNeeded: Int64(saturating: real)) : Self(saturating: real) }
    init(signed: Int64) { self.init(truncatingIfNeeded: signed) }
    init(unsigned: UInt64) { self.init(truncatingIfNeeded: unsigned) }
}

extension CastTarget where Self: BinaryFloatingPoint {
    init(real: Double) { self.init(real) }
    init(signed: Int64) { self.init(signed) }
    init(unsigned: UInt64) { self.init(unsigned) }
}

extension Float: CastTarget {}
extension Double: CastTarget {}
extension Float16: CastTarget {}
extension Int8: CastTarget {}
extension Int16: CastTarget {}
extension Int32: CastTarget {}
extension Int64: CastTarget {}
extension UInt8: CastTarget {}
extension UInt16: CastTarget {}
extension UInt32: CastTarget {}
extension UInt64: CastTarget {}

extension BFloat16: CastTarget {
    init(real: Double) { self.init(ElementCast.oddRounded(real)) }
    init(signed: Int64) { self.init(real: Double(signed)) }
    init(unsigned: UInt64) { self.init(real: Double(unsigned)) }
}

extension TensorBool: CastTarget {
    init(real: Double) { self.init(real != 0) }
    init(signed: Int64) { self.init(signed != 0) }
    init(unsigned: UInt64) { self.init(unsigned != 0) }
}
