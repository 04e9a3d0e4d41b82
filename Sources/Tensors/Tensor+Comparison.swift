package import Bytes

extension Tensor {
    /// Every element as a double; integers beyond 53 bits are rounded. Throws `.shape` for strings and complex numbers.
    package func doubles() throws(ONNXError) -> [Double] {
        switch elementType {
        case .float: try elements(Float.self).map(Double.init)
        case .double: Array(try elements(Double.self))
        case .float16: try elements(Float16.self).map(Double.init)
        case .bfloat16: try elements(BFloat16.self).map { Double($0.float) }
        case .int8: try elements(Int8.self).map(Double.init)
        case .int16: try elements(Int16.self).map(Double.init)
        case .int32: try elements(Int32.self).map(Double.init)
        case .int64: try elements(Int64.self).map(Double.init)
        case .uint8: try elements(UInt8.self).map(Double.init)
        case .uint16: try elements(UInt16.self).map(Double.init)
        case .uint32: try elements(UInt32.self).map(Double.init)
        case .uint64: try elements(UInt64.self).map { Double($0) }
        case .bool: try elements(TensorBool.self).map { $0.value ? 1 : 0 }
        case .int4, .int2, .uint4, .uint2: try unpacked().doubles()
        case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1, .float6e2m3, .float6e3m2: try smallFloats()
        case .string, .complex64, .complex128: throw ONNXError(.shape, "\(self) has no real numbers")
        }
    }

    private func smallFloats() throws(ONNXError) -> [Double] {
        guard let format = SmallFloatFormat.of(elementType) else { return [] }
        return try unpacked().bits(UInt8.self).map { Double(format.decode($0)) }
    }
}

/// The first place where two values differ by more than a tolerance.
package struct Difference: Sendable, CustomStringConvertible {
    package let description: String

    /// Compares as NumPy's `assert_allclose`: |found - expected| <= absolute + relative * |expected|; NaN equals NaN. Nil when they agree.
    ///
    /// Throws `.shape` for a tensor that can't be read as what it says it is.
    package init?(_ found: Value, _ expected: Value, absolute: Double, relative: Double) throws(ONNXError) {
        switch (found, expected) {
        case (.tensor(let a), .tensor(let b)):
            guard let text = try Self.compare(a, b, absolute, relative) else { return nil }
            description = text
        case (.sequence(let a, _), .sequence(let b, _)):
            guard a.count == b.count else {
                description = "a sequence of \(a.count), \(b.count) expected"
                return
            }
            for (index, pair) in zip(a, b).enumerated() {
                guard let inner = try Difference(pair.0, pair.1, absolute: absolute, relative: relative) else { continue }
                description = "element \(index): \(inner)"
                return
            }
            return nil
        case (.optional(nil, _), .optional(nil, _)): return nil
        case (.optional(let a?, _), .optional(let b?, _)), (.optional(let a?, _), let b), (let a, .optional(let b?, _)):
            guard let inner = try Difference(a, b, absolute: absolute, relative: relative) else { return nil }
            self = inner
        default: description = "\(found.type) found, \(expected.type) expected"
        }
    }

    private static func compare(_ a: Tensor, _ b: Tensor, _ absolute: Double, _ relative: Double) throws(ONNXError) -> String? {
        guard a.elementType == b.elementType, a.shape == b.shape else { return "\(a) found, \(b) expected" }
        if a.elementType == .string {
            let (x, y) = (try a.stringArray(), try b.stringArray())
            return x.indices.first { x[$0] != y[$0] }.map { "element \($0) is \"\(x[$0])\", \"\(y[$0])\" expected" }
        }
        let (x, y) = (try a.realNumbers(), try b.realNumbers())
        for index in x.indices {
            let (found, expected) = (x[index], y[index])
            let agree =
                found == expected || found.isNaN && expected.isNaN
                || found.isFinite && expected.isFinite && abs(found - expected) <= absolute + relative * abs(expected)
            if !agree { return "element \(index) is \(found), \(expected) expected (tolerance \(absolute) + \(relative) x)" }
        }
        return nil
    }
}

extension Tensor {
    /// The elements as doubles, a complex number as two.
    fileprivate func realNumbers() throws(ONNXError) -> [Double] {
        switch contents {
        case .bytes(let storage, let offset) where elementType == .complex64:
            Elements<Float>(storage, byteOffset: offset, count: count * 2).map(Double.init)
        case .bytes(let storage, let offset) where elementType == .complex128:
            Array(Elements<Double>(storage, byteOffset: offset, count: count * 2))
        default: try doubles()
        }
    }
}
