internal import Bytes
internal import Tensors

/// Elements in int32_data, int64_data or uint64_data: varints, each checked to be in the range of its type.
struct VarintElements {
    private let file: MappedFile
    private let pieces: [Range<Int>]
    private let field: String

    init(_ file: MappedFile, _ pieces: [Range<Int>], _ field: String) {
        self.file = file
        self.pieces = pieces
        self.field = field
    }

    /// Types below 8 bits come packed, one byte an integer; floats by their bits.
    func tensor(_ type: ElementType, _ shape: [Int], _ byteCount: Int) throws(ONNXError) -> Tensor {
        // An element takes a byte of the file at least, which bounds the memory before it is taken.
        let available = pieces.reduce(0) { $0 + $1.count }
        let count = type.isPacked ? byteCount : byteCount / (type.bitWidth / 8)
        guard count <= available else { throw wrongCount("at most \(available)", type, shape, count) }
        let result = try MutableTensor(type, shape)
        switch type {
        case .int64, .uint64: try fill(try result.bits(UInt64.self), Int64.min...Int64.max, shape, type)
        case .int32: try fill(try result.bits(UInt32.self), Int64(Int32.min)...Int64(Int32.max), shape, type)
        case .uint32: try fill(try result.bits(UInt32.self), 0...Int64(UInt32.max), shape, type)
        case .int16: try fill(try result.bits(UInt16.self), Int64(Int16.min)...Int64(Int16.max), shape, type)
        case .uint16, .float16, .bfloat16: try fill(try result.bits(UInt16.self), 0...0xFFFF, shape, type)
        case .int8: try fill(result.rawBytes(), -128...127, shape, type)
        case .bool: try fill(result.rawBytes(), 0...1, shape, type)
        case .int4, .int2: try fill(result.rawBytes(), -128...255, shape, type)
        default: try fill(result.rawBytes(), 0...255, shape, type)
        }
        return result.tensor
    }

    private func fill<T: FixedWidthInteger & BitwiseCopyable & UnsignedInteger>(
        _ elements: MutableElements<T>, _ range: ClosedRange<Int64>, _ shape: [Int], _ type: ElementType
    ) throws(ONNXError) {
        var index = 0
        for piece in pieces {
            var cursor = ByteCursor(try file.slice(offset: piece.lowerBound, count: piece.count))
            while !cursor.isAtEnd {
                var value = Int64(bitPattern: try cursor.varint())
                // As protobuf reads an int32.
                if field == "int32_data" { value = Int64(Int32(truncatingIfNeeded: value)) }
                guard range.contains(value) else { throw cursor.error(.malformed, "\(field) has \(value), which no \(type) can be (\(range))") }
                guard index < elements.count else { throw wrongCount("more", type, shape, elements.count) }
                elements[index] = T(truncatingIfNeeded: value)
                index += 1
            }
        }
        guard index == elements.count else { throw wrongCount("\(index)", type, shape, elements.count) }
    }

    private func wrongCount(_ found: String, _ type: ElementType, _ shape: [Int], _ needed: Int) -> ONNXError {
        ONNXError(.malformed, "\(field) has \(found) elements where \(type)\(Shape.text(shape)) needs \(needed)")
    }
}
