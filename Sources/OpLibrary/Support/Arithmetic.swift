internal import Bytes
package import Tensors

/// The element types that kernels are written for; narrower ones are widened to them.
package protocol Arithmetic: TensorElement, Comparable, Numeric {
    static var lowest: Self { get }
    static var highest: Self { get }
    static var isFloatingPoint: Bool { get }
    /// Integers wrap around, floats round.
    static func add(_ a: Self, _ b: Self) -> Self
    static func subtract(_ a: Self, _ b: Self) -> Self
    static func multiply(_ a: Self, _ b: Self) -> Self
    static func negate(_ a: Self) -> Self
    /// Integers truncate; by 0 they give 0, as does no processor's own instruction.
    static func divide(_ a: Self, _ b: Self) -> Self
    /// The nearest value of this type; integers truncate towards zero and saturate, NaN gives 0.
    init(saturating value: Double)
    var asDouble: Double { get }
    var isNotANumber: Bool { get }
}

extension Arithmetic where Self: FixedWidthInteger {
    @inlinable package static var lowest: Self { .min }
    @inlinable package static var highest: Self { .max }
    @inlinable package static var isFloatingPoint: Bool { false }
    @inlinable package static func add(_ a: Self, _ b: Self) -> Self { a &+ b }
    @inlinable package static func subtract(_ a: Self, _ b: Self) -> Self { a &- b }
    @inlinable package static func multiply(_ a: Self, _ b: Self) -> Self { a &* b }
    @inlinable package static func negate(_ a: Self) -> Self { 0 &- a }
    @inlinable package static func divide(_ a: Self, _ b: Self) -> Self { b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue }
    @inlinable package var asDouble: Double { Double(self) }
    @inlinable package var isNotANumber: Bool { false }
    @inlinable
    package init(saturating value: Double) {
        if value.isNaN {
            self = 0
        } else if value <= Double(Self.min) {
            self = .min
        } else if value >= Double(Self.max) {
            self = .max
        } else {
            self = Self(value)
        }
    }
}

extension Arithmetic where Self: BinaryFloatingPoint {
    @inlinable package static var lowest: Self { -.infinity }
    @inlinable package static var highest: Self { .infinity }
    @inlinable package static var isFloatingPoint: Bool { true }
    @inlinable package static func add(_ a: Self, _ b: Self) -> Self { a + b }
    @inlinable package static func subtract(_ a: Self, _ b: Self) -> Self { a - b }
    @inlinable package static func multiply(_ a: Self, _ b: Self) -> Self { a * b }
    @inlinable package static func negate(_ a: Self) -> Self { -a }
    @inlinable package static func divide(_ a: Self, _ b: Self) -> Self { a / b }
    @inlinable package init(saturating value: Double) { self = Self(value) }
    @inlinable package var asDouble: Double { Double(self) }
    @inlinable package var isNotANumber: Bool { isNaN }
}

extension Arithmetic {
    /// The greater of two values; NaN where one is.
    @inlinable package static func greater(_ a: Self, _ b: Self) -> Self { a > b || a.isNotANumber ? a : b }
    /// The lesser of two values; NaN where one is.
    @inlinable package static func lesser(_ a: Self, _ b: Self) -> Self { a < b || a.isNotANumber ? a : b }
}

extension Float: Arithmetic {}
extension Double: Arithmetic {}
extension Int8: Arithmetic {}
extension Int16: Arithmetic {}
extension Int32: Arithmetic {}
extension Int64: Arithmetic {}
extension UInt8: Arithmetic {}
extension UInt16: Arithmetic {}
extension UInt32: Arithmetic {}
extension UInt64: Arithmetic {}

/// Generic code that is to run for the Swift type of an element type. A struct, so that each instance is specialised.
package protocol ElementVisitor {
    associatedtype Result
    func visit<T: Arithmetic>(_ type: T.Type) throws -> Result
}

/// Generic code for floating-point element types.
package protocol FloatVisitor {
    associatedtype Result
    func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws -> Result
}

/// Generic code for integer element types.
package protocol IntegerVisitor {
    associatedtype Result
    func visit<T: Arithmetic & FixedWidthInteger>(_ type: T.Type) throws -> Result
}

extension ElementType {
    private func refused(_ what: String) -> ONNXError { ONNXError(.unsupported, "element type \(self) has no \(what)") }

    /// Runs `visitor` for this type; bool counts as uint8. Throws `.unsupported` for strings, complex and narrow types.
    @inline(__always)
    package func visit<V: ElementVisitor>(_ visitor: V) throws -> V.Result {
        switch self {
        case .float: try visitor.visit(Float.self)
        case .double: try visitor.visit(Double.self)
        case .int8: try visitor.visit(Int8.self)
        case .int16: try visitor.visit(Int16.self)
        case .int32: try visitor.visit(Int32.self)
        case .int64: try visitor.visit(Int64.self)
        case .uint8, .bool: try visitor.visit(UInt8.self)
        case .uint16: try visitor.visit(UInt16.self)
        case .uint32: try visitor.visit(UInt32.self)
        case .uint64: try visitor.visit(UInt64.self)
        default: throw refused("arithmetic")
        }
    }

    /// Runs `visitor` for float or double. Throws `.unsupported` for the rest.
    @inline(__always)
    package func visitFloat<V: FloatVisitor>(_ visitor: V) throws -> V.Result {
        switch self {
        case .float: try visitor.visit(Float.self)
        case .double: try visitor.visit(Double.self)
        default: throw refused("floating-point arithmetic")
        }
    }

    /// Runs `visitor` for an integer type; bool counts as uint8. Throws `.unsupported` for the rest.
    @inline(__always)
    package func visitInteger<V: IntegerVisitor>(_ visitor: V) throws -> V.Result {
        switch self {
        case .int8: try visitor.visit(Int8.self)
        case .int16: try visitor.visit(Int16.self)
        case .int32: try visitor.visit(Int32.self)
        case .int64: try visitor.visit(Int64.self)
        case .uint8, .bool: try visitor.visit(UInt8.self)
        case .uint16: try visitor.visit(UInt16.self)
        case .uint32: try visitor.visit(UInt32.self)
        case .uint64: try visitor.visit(UInt64.self)
        default: throw refused("integer arithmetic")
        }
    }
}
