package import Bytes

/// Types below 8 bits share bytes. Operators see them one element a byte, between `unpacked` and `packed`.
extension Tensor {
    /// One element a byte: int8 for signed integers (sign extended), uint8 for the rest (float4e2m1 by its bits). Other tensors are returned as they are.
    package func unpacked() throws(ONNXError) -> Tensor {
        guard elementType.isPacked else { return self }
        let width = elementType.bitWidth
        let perByte = 8 / width
        let mask = UInt8((1 << width) - 1)
        let isSigned = elementType.isSignedInteger
        let source = try bytes()
        let result = try MutableTensor(isSigned ? .int8 : .uint8, shape)
        let elements = result.rawBytes()
        for index in 0..<count {
            var element = source[index / perByte] >> UInt8(index % perByte * width) & mask
            if isSigned && element >> UInt8(width - 1) == 1 { element |= ~mask }
            elements[index] = element
        }
        return result.tensor
    }

    /// The low bits of each byte, packed as `type`; the reverse of `unpacked`. Types that are not packed are only renamed.
    package func packed(as type: ElementType) throws(ONNXError) -> Tensor {
        guard type.isPacked else { return try reinterpreted(as: type) }
        let width = type.bitWidth
        let perByte = 8 / width
        let mask = UInt8((1 << width) - 1)
        guard elementType.bitWidth == 8 else { throw ONNXError(.shape, "one element a byte expected, \(self) found") }
        let source = try bytes()
        let result = try MutableTensor(type, shape)
        let packed = result.rawBytes()
        packed.fill(0)
        for index in 0..<count {
            packed[index / perByte] |= (source[index] & mask) << UInt8(index % perByte * width)
        }
        return result.tensor
    }
}
