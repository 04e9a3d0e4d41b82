package import Bytes

/// Types below 8 bits share bytes. Operators see them one element a byte, between `unpacked` and `packed`.
extension Tensor {
    /// One element a byte: int8 for signed integers (sign extended), uint8 for the rest (floats by their bits). Other tensors are returned as they are.
    package func unpacked() throws(ONNXError) -> Tensor {
        guard elementType.isPacked else { return self }
        let width = elementType.bitWidth
        let mask = UInt8((1 << width) - 1)
        let isSigned = elementType.isSignedInteger
        let source = try bytes()
        let result = try MutableTensor(isSigned ? .int8 : .uint8, shape)
        let elements = result.rawBytes()
        for index in 0..<count {
            let (byte, shift) = (index * width / 8, index * width % 8)
            var element = source[byte] >> UInt8(shift)
            if shift + width > 8 { element |= source[byte + 1] << UInt8(8 - shift) }
            element &= mask
            if isSigned && element >> UInt8(width - 1) == 1 { element |= ~mask }
            elements[index] = element
        }
        return result.tensor
    }

    /// The low bits of each byte, packed as `type`; the reverse of `unpacked`. Types that are not packed are only renamed.
    package func packed(as type: ElementType) throws(ONNXError) -> Tensor {
        guard type.isPacked else { return try elementType == type ? self : reinterpreted(as: type) }
        let width = type.bitWidth
        let mask = UInt8((1 << width) - 1)
        guard elementType.bitWidth == 8 else { throw ONNXError(.shape, "one element a byte expected, \(self) found") }
        let source = try bytes()
        let result = try MutableTensor(type, shape)
        let packed = result.rawBytes()
        packed.fill(0)
        for index in 0..<count {
            let (byte, shift) = (index * width / 8, index * width % 8)
            let element = source[index] & mask
            packed[byte] |= element << UInt8(shift)
            if shift + width > 8 { packed[byte + 1] |= element >> UInt8(8 - shift) }
        }
        return result.tensor
    }
}
