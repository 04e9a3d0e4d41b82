internal import Bytes
internal import TensorFiles
internal import Tensors

/// A tensor as PyTorch describes it: extents and strides over a storage, which it can't leave.
struct TorchView: Sendable {
    let shape: [Int]
    let elementType: ElementType
    let byteCount: Int
    private let storage: TorchStorage
    private let offset: Int
    private let strides: [Int]
    /// Elements of the storage from the first that the tensor uses to the last.
    private let span: Int

    init(over storage: TorchStorage, _ type: ElementType, offset: Int, shape: [Int], strides: [Int], limits: Limits) throws(ONNXError) {
        let text = "a tensor of size \(Shape.text(shape)), stride \(Shape.text(strides)) and offset \(offset)"
        guard shape.count <= limits.rank else {
            throw ONNXError(.limit, "a tensor of \(shape.count) dimensions is above the limit of \(limits.rank)", remedy: "raise the limit rank")
        }
        guard shape.count == strides.count, offset >= 0, !strides.contains(where: { $0 < 0 }), !shape.contains(where: { $0 < 0 }) else {
            throw ONNXError(.malformed, "\(text) is not possible")
        }
        let count = try Shape.count(shape)
        byteCount = try Shape.byteCount(count, type)
        let capacity = storage.byteCount / (type.bitWidth / 8)
        guard let last = lastElement(shape, strides, offset: offset, isEmpty: count == 0), last < capacity || (count == 0 && last <= capacity) else {
            throw ONNXError(.malformed, "\(text) leaves its storage \"\(storage.key)\" of \(capacity) elements")
        }
        span = count == 0 ? 0 : last - offset + 1
        guard count <= span || byteCount <= limits.expandedBytes else {
            throw ONNXError(
                .limit, "\(text) repeats \(span) elements to \(byteCount) bytes, above the limit of \(limits.expandedBytes)",
                remedy: "raise the limit expandedBytes")
        }
        (self.storage, self.shape, self.strides, self.offset) = (storage, shape, strides, offset)
        elementType = type
    }

    /// The values: mapped where they lie in row-major order, else gathered.
    func tensor() throws -> Tensor {
        let bytes = Storage(try storage.bytes())
        if isContiguous { return try Tensor(elementType, shape, bytes, byteOffset: offset * (elementType.bitWidth / 8)) }
        let source = try Tensor(elementType, [span], bytes, byteOffset: offset * (elementType.bitWidth / 8))
        switch elementType.bitWidth {
        case 8: return try gathered(source, UInt8.self)
        case 16: return try gathered(source, UInt16.self)
        case 32: return try gathered(source, UInt32.self)
        case 64: return try gathered(source, UInt64.self)
        default: return try gathered(source, UInt128.self)
        }
    }

    private var isContiguous: Bool {
        let expected = Shape.strides(shape)
        return span == 0 || shape.indices.allSatisfy { shape[$0] == 1 || strides[$0] == expected[$0] }
    }

    private func gathered<T: FixedWidthInteger & BitwiseCopyable>(_ source: Tensor, _ type: T.Type) throws -> Tensor {
        let result = try MutableTensor(elementType, shape)
        let (input, output) = (try source.bits(T.self), try result.bits(T.self))
        let rowLength = shape.last ?? 1
        let step = strides.last ?? 0
        var index = [Int](repeating: 0, count: max(0, shape.count - 1))
        var start = 0
        for row in 0..<(result.count / rowLength) {
            for column in 0..<rowLength { output[row * rowLength + column] = input[start + column * step] }
            var axis = index.count - 1
            while axis >= 0 {
                index[axis] += 1
                start += strides[axis]
                if index[axis] < shape[axis] { break }
                start -= shape[axis] * strides[axis]
                index[axis] = 0
                axis -= 1
            }
        }
        return result.tensor
    }
}

/// The element furthest into the storage, or nil where it is beyond counting.
private func lastElement(_ shape: [Int], _ strides: [Int], offset: Int, isEmpty: Bool) -> Int? {
    guard !isEmpty else { return offset }
    var last = offset
    for (extent, stride) in zip(shape, strides) {
        let (way, tooFar) = (extent - 1).multipliedReportingOverflow(by: stride)
        let (sum, tooLarge) = last.addingReportingOverflow(way)
        guard !tooFar, !tooLarge else { return nil }
        last = sum
    }
    return last
}
