package import Bytes
package import Tensors

extension Tensor {
    /// A copy with the two axes exchanged; a tensor of another rank as it is.
    func transposed() throws(ONNXError) -> Tensor {
        guard shape.count == 2 else { return self }
        switch elementType.bitWidth {
        case 8: return try transposed(UInt8.self)
        case 16: return try transposed(UInt16.self)
        case 32: return try transposed(UInt32.self)
        case 64: return try transposed(UInt64.self)
        default: throw ONNXError(.unsupported, "\(self) can't be transposed")
        }
    }

    private func transposed<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(ONNXError) -> Tensor {
        let (rows, columns) = (shape[0], shape[1])
        let result = try MutableTensor(elementType, [columns, rows])
        let (source, target) = (try bits(T.self), try result.bits(T.self))
        // Square blocks, so that both sides stay within the cache.
        let block = 32
        for top in stride(from: 0, to: rows, by: block) {
            for left in stride(from: 0, to: columns, by: block) {
                for row in top..<min(top + block, rows) {
                    for column in left..<min(left + block, columns) { target[column * rows + row] = source[row * columns + column] }
                }
            }
        }
        return result.tensor
    }

    /// The values as `type`, each rounded to the nearest, ties to even; the tensor itself where it has that type or is not of floating-point numbers.
    ///
    /// Throws `.unsupported` for a floating-point type of 8 bits or less.
    package func cast(to type: ElementType) throws(ONNXError) -> Tensor {
        guard elementType.isFloatingPoint, elementType != type else { return self }
        switch elementType {
        case .float: return try cast(from: Float.self, to: type) { $0 }
        case .double:
            // Through Float, as PyTorch rounds.
            return type == .double ? self : try cast(from: Double.self, to: type) { Float($0) }
        case .float16: return try cast(from: Float16.self, to: type) { Float($0) }
        case .bfloat16: return try cast(from: BFloat16.self, to: type) { $0.float }
        default: throw ONNXError(.unsupported, "\(self) can't be made \(type)")
        }
    }

    private func cast<S: TensorElement>(from source: S.Type, to type: ElementType, _ float: (S) -> Float) throws(ONNXError) -> Tensor {
        let values = try elements(source)
        let result = try MutableTensor(type, shape)
        switch type {
        case .float: fill(try result.elements(Float.self), values, float)
        case .float16: fill(try result.elements(Float16.self), values) { Float16(float($0)) }
        case .bfloat16: fill(try result.elements(BFloat16.self), values) { BFloat16(float($0)) }
        case .double: fill(try result.elements(Double.self), values) { Double(float($0)) }
        default: throw ONNXError(.unsupported, "\(self) can't be made \(type)")
        }
        return result.tensor
    }

    private func fill<S, T>(_ target: MutableElements<T>, _ values: Elements<S>, _ convert: (S) -> T) {
        for index in 0..<values.count { target[index] = convert(values[index]) }
    }

    /// A copy with the one row of `row` added to each row, rounded to this tensor's type.
    func addingToRows(_ row: Tensor) throws(ONNXError) -> Tensor {
        let addend = try row.doubles()
        let sums = try doubles().enumerated().map { Float($1 + addend[$0 % addend.count]) }
        return try Tensor(sums, shape: shape).cast(to: elementType)
    }

    /// Whether type, shape and bytes are equal.
    func hasSameBits(as other: Tensor) throws(ONNXError) -> Bool {
        guard elementType == other.elementType, shape == other.shape else { return false }
        return try bytes().elementsEqual(other.bytes())
    }
}
