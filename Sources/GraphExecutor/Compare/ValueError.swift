package import Bytes
package import Tensors

/// How far one value is from another that should be the same.
package struct ValueError: Sendable {
    /// How far is near enough: |a - b| <= absolute + relative x |b|, as NumPy's `assert_allclose`. Other than floats must be equal.
    package struct Tolerance: Sendable {
        package var absolute: Double
        package var relative: Double

        package init(absolute: Double = 1e-4, relative: Double = 1e-4) {
            self.absolute = absolute
            self.relative = relative
        }
    }

    /// An element of both.
    package struct Element: Sendable {
        package let index: [Int]
        package let a: Double
        package let b: Double
    }

    package private(set) var maxAbsolute = 0.0
    /// Relative to b.
    package private(set) var maxRelative = 0.0
    /// Steps from one number to the next of the element type; nil where it has none.
    package private(set) var maxULP: UInt64?
    /// How many elements are beyond the tolerance.
    package private(set) var beyondCount = 0
    package private(set) var count = 0
    /// The element that is furthest beyond the tolerance, or has the largest difference.
    package private(set) var worst: Element?
    /// What keeps the two from being compared: other types, shapes or kinds.
    package private(set) var mismatch: String?

    package var isBeyond: Bool { mismatch != nil || beyondCount > 0 }

    package init(_ a: Value, _ b: Value, _ tolerance: Tolerance) throws(ONNXError) {
        guard let x = a.tensor, let y = b.tensor else {
            if let difference = try Difference(a, b, absolute: tolerance.absolute, relative: tolerance.relative) { mismatch = difference.description }
            return
        }
        guard x.shape == y.shape, x.elementType == y.elementType || x.elementType.isFloatingPoint && y.elementType.isFloatingPoint else {
            mismatch = "\(x) against \(y)"
            return
        }
        count = x.count
        switch x.elementType {
        case .string, .complex64, .complex128: mismatch = try Difference(a, b, absolute: tolerance.absolute, relative: tolerance.relative)?.description
        default: try measure(x, y, tolerance)
        }
    }

    private mutating func measure(_ x: Tensor, _ y: Tensor, _ tolerance: Tolerance) throws(ONNXError) {
        let isFloat = x.elementType.isFloatingPoint
        let (p, q) = (try x.doubles(), try y.doubles())
        let position = x.elementType == y.elementType ? ULPs.position(in: x.elementType) : nil
        maxULP = position == nil ? nil : 0
        var furthest = -Double.infinity
        var place = 0
        for index in p.indices {
            let (a, b) = (p[index], q[index])
            if a == b || a.isNaN && b.isNaN { continue }
            let distance = abs(a - b)
            let excess = distance.isFinite ? distance - (isFloat ? tolerance.absolute + tolerance.relative * abs(b) : 0) : .infinity
            if excess > 0 { beyondCount += 1 }
            maxAbsolute = max(maxAbsolute, distance.isNaN ? .infinity : distance)
            maxRelative = max(maxRelative, b == 0 || !distance.isFinite ? .infinity : distance / abs(b))
            if let position, let highest = maxULP, !a.isNaN, !b.isNaN { maxULP = max(highest, UInt64((Int128(position(a)) - Int128(position(b))).magnitude)) }
            if excess > furthest { (furthest, place) = (excess, index) }
        }
        if furthest > -.infinity { worst = Element(index: Self.indices(of: place, in: x.shape), a: p[place], b: q[place]) }
    }

    private static func indices(of element: Int, in shape: [Int]) -> [Int] {
        var rest = element
        return shape.reversed().map { size in
            defer { rest /= max(1, size) }
            return rest % max(1, size)
        }.reversed()
    }
}

/// Floating-point numbers counted through: neighbours are 1 apart.
private enum ULPs {
    /// The place of a number among those of `type`, from 0 at zero.
    static func position(in type: ElementType) -> ((Double) -> Int64)? {
        switch type {
        case .float: { ordered(Int64(Float($0).bitPattern), sign: 1 << 31) }
        case .float16: { ordered(Int64(Float16($0).bitPattern), sign: 1 << 15) }
        case .bfloat16: { ordered(Int64(Float($0).bitPattern >> 16), sign: 1 << 15) }
        case .double: { $0.sign == .plus ? Int64(bitPattern: $0.bitPattern) : -Int64(bitPattern: $0.magnitude.bitPattern) }
        default: nil
        }
    }

    private static func ordered(_ bits: Int64, sign: Int64) -> Int64 { bits & sign == 0 ? bits : -(bits & (sign - 1)) }
}
