/// A Swift type that elements of a tensor are read and written as.
public protocol TensorElement: BitwiseCopyable, Sendable {
    /// The ONNX type that it stands for.
    static var elementType: ElementType { get }
    /// Whether a tensor of `type` can be read as this type.
    static func reads(_ type: ElementType) -> Bool
}

extension TensorElement {
    /// By default only its own type.
    public static func reads(_ type: ElementType) -> Bool { type == elementType }
}

extension Float: TensorElement {
    /// float
    public static var elementType: ElementType { .float }
}

extension Double: TensorElement {
    /// double
    public static var elementType: ElementType { .double }
}

extension Int8: TensorElement {
    /// int8
    public static var elementType: ElementType { .int8 }
}

extension Int16: TensorElement {
    /// int16
    public static var elementType: ElementType { .int16 }
}

extension Int32: TensorElement {
    /// int32
    public static var elementType: ElementType { .int32 }
}

extension Int64: TensorElement {
    /// int64
    public static var elementType: ElementType { .int64 }
}

extension UInt16: TensorElement {
    /// uint16
    public static var elementType: ElementType { .uint16 }
}

extension UInt32: TensorElement {
    /// uint32
    public static var elementType: ElementType { .uint32 }
}

extension UInt64: TensorElement {
    /// uint64
    public static var elementType: ElementType { .uint64 }
}

extension Float16: TensorElement {
    /// float16
    public static var elementType: ElementType { .float16 }
}

extension UInt8: TensorElement {
    /// uint8
    public static var elementType: ElementType { .uint8 }
    /// Also bool, as 0 and 1.
    public static func reads(_ type: ElementType) -> Bool { type == .uint8 || type == .bool }
}

/// A truth value as ONNX stores it: a byte, of which any but 0 is true. Not Swift's `Bool`, for which other bytes are undefined.
@frozen
public struct TensorBool: TensorElement, Hashable, ExpressibleByBooleanLiteral {
    /// 0 or another byte.
    public var byte: UInt8
    /// From a truth value.
    @inlinable public init(_ value: Bool) { byte = value ? 1 : 0 }
    /// From a literal.
    @inlinable public init(booleanLiteral value: Bool) { self.init(value) }
    /// Whether the byte is not 0.
    @inlinable public var value: Bool { byte != 0 }
    /// bool
    public static var elementType: ElementType { .bool }
    /// True values are equal, whatever their byte.
    @inlinable public static func == (a: Self, b: Self) -> Bool { a.value == b.value }
    /// By truth.
    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// The upper half of a `Float`.
@frozen
public struct BFloat16: TensorElement, Hashable {
    /// Sign, 8 bits of exponent, 7 of fraction.
    public var bitPattern: UInt16

    /// From bits.
    @inlinable public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

    /// The nearest value, ties to even; a NaN stays one.
    @inlinable
    public init(_ value: Float) {
        let bits = value.bitPattern
        bitPattern = value.isNaN ? UInt16(truncatingIfNeeded: bits >> 16) | 0x40 : UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }

    /// The same value.
    @inlinable public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
    /// bfloat16
    public static var elementType: ElementType { .bfloat16 }
}
