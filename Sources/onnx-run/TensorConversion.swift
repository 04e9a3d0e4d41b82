internal import Bytes
internal import Tensors

extension Tensor {
    /// The same values in another type: whole numbers exactly, others rounded to a narrower one.
    ///
    /// Throws `.shape` for the first whole number that the type can't hold, a fraction for an integer type, or between strings and numbers.
    func converted(losslesslyTo type: ElementType) throws(ONNXError) -> Tensor {
        let lost = ONNXError(.shape, "\(self) found, tensor(\(type)) expected")
        guard elementType != .string, type != .string else { throw lost }
        switch type {
        case .int64: return try Tensor(try wholeNumbers(), shape: shape)
        case .int32: return try Tensor(try exact(Int32.self), shape: shape)
        case .int16: return try Tensor(try exact(Int16.self), shape: shape)
        case .int8: return try Tensor(try exact(Int8.self), shape: shape)
        case .uint8: return try Tensor(try exact(UInt8.self), shape: shape)
        case .uint16: return try Tensor(try exact(UInt16.self), shape: shape)
        case .uint32: return try Tensor(try exact(UInt32.self), shape: shape)
        case .uint64: return try Tensor(try exact(UInt64.self), shape: shape)
        case .bool: return try Tensor(try exact(UInt8.self).map { TensorBool($0 != 0) }, shape: shape)
        case .float: return try Tensor(try rounded(back: { Double($0) }, from: { Float($0) }), shape: shape)
        case .double: return try Tensor(try rounded(back: { $0 }, from: { $0 }), shape: shape)
        case .float16: return try Tensor(try rounded(back: { Double($0) }, from: { Float16($0) }), shape: shape)
        case .bfloat16: return try Tensor(try rounded(back: { Double($0.float) }, from: { BFloat16(Float($0)) }), shape: shape)
        default: throw lost
        }
    }

    /// Floats; those that come from whole numbers are exactly them.
    private func rounded<T>(back: (T) -> Double, from: (Double) -> T) throws(ONNXError) -> [T] {
        guard elementType.isInteger else { return try doubles().map(from) }
        var result: [T] = []
        for (index, value) in try wholeNumbers().enumerated() {
            let float = from(Double(value))
            guard Int64(exactly: back(float)) == value else {
                throw ONNXError(.shape, "element \(index) is \(value), which \("\(T.self)".lowercased()) can't hold exactly")
            }
            result.append(float)
        }
        return result
    }

    private func wholeNumbers() throws(ONNXError) -> [Int64] {
        if elementType == .int64 { return try array(of: Int64.self) }
        if elementType == .uint64 { return try Self.exact(try array(of: UInt64.self), Int64.self) }
        return try Self.exact(try doubles(), Int64.self)
    }

    private func exact<T: FixedWidthInteger>(_ type: T.Type) throws(ONNXError) -> [T] { try Self.exact(try wholeNumbers(), type) }

    private static func exact<S: BinaryInteger, T: FixedWidthInteger>(_ values: [S], _ type: T.Type) throws(ONNXError) -> [T] {
        var result: [T] = []
        result.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard let exact = T(exactly: value) else { throw ONNXError(.shape, "element \(index) is \(value), which \("\(T.self)".lowercased()) can't hold") }
            result.append(exact)
        }
        return result
    }

    private static func exact<T: FixedWidthInteger>(_ values: [Double], _ type: T.Type) throws(ONNXError) -> [T] {
        var result: [T] = []
        result.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard let exact = T(exactly: value) else {
                throw ONNXError(.shape, "element \(index) is \(value), which \("\(T.self)".lowercased()) can't hold; a whole number expected")
            }
            result.append(exact)
        }
        return result
    }
}
