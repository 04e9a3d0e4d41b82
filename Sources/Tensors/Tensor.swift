public import Bytes

/// An n-dimensional array of one element type, row-major and immutable. Copies share their bytes.
public struct Tensor: Sendable {
    /// Where the elements are.
    package enum Contents: Sendable {
        case bytes(Storage, offset: Int)
        case strings([String])
    }

    /// The type of each element.
    public let elementType: ElementType
    /// The dimensions, outermost first; empty for a scalar.
    public let shape: [Int]
    /// The number of elements.
    public let count: Int
    package let contents: Contents

    /// A tensor over bytes of `storage`, which must hold them from `byteOffset` on.
    ///
    /// Throws `.malformed` or `.limit` for an impossible shape, `.shape` when the storage is too short.
    package init(_ type: ElementType, _ shape: [Int], _ storage: Storage, byteOffset: Int = 0) throws(ONNXError) {
        let count = try Shape.count(shape)
        let bytes = try Shape.byteCount(count, type)
        guard byteOffset >= 0, byteOffset <= storage.byteCount, bytes <= storage.byteCount - byteOffset else {
            throw ONNXError(.shape, "\(type)\(Shape.text(shape)) needs \(bytes) bytes, \(storage.byteCount - byteOffset) are there")
        }
        elementType = type
        self.shape = shape
        self.count = count
        contents = .bytes(storage, offset: byteOffset)
    }

    /// A string tensor.
    ///
    /// Throws `.shape` when the number of strings is not the product of `shape`.
    public init(strings: [String], shape: [Int]) throws(ONNXError) {
        let count = try Shape.count(shape)
        guard count == strings.count else {
            throw ONNXError(.shape, "shape \(Shape.text(shape)) holds \(count) strings, \(strings.count) were given")
        }
        elementType = .string
        self.shape = shape
        self.count = count
        contents = .strings(strings)
    }

    /// A tensor of a copy of `values`, in row-major order.
    ///
    /// Throws `.shape` when the number of values is not the product of `shape`.
    public init<T: TensorElement>(_ values: [T], shape: [Int]) throws(ONNXError) {
        let tensor = try MutableTensor(T.elementType, shape)
        guard tensor.count == values.count else {
            throw ONNXError(.shape, "shape \(Shape.text(shape)) holds \(tensor.count) elements, \(values.count) were given")
        }
        let elements = try tensor.elements(T.self)
        for (index, value) in values.enumerated() { elements[index] = value }
        self = tensor.tensor
    }

    /// A tensor without axes.
    public init<T: TensorElement>(scalar value: T) throws(ONNXError) {
        try self.init([value], shape: [])
    }

    /// The dimensions' number.
    public var rank: Int { shape.count }

    /// Bytes of the elements; of a string tensor, of their UTF-8.
    public var byteCount: Int {
        switch contents {
        case .bytes: (count &* elementType.bitWidth &+ 7) / 8
        case .strings(let strings): strings.reduce(0) { $0 &+ $1.utf8.count }
        }
    }

    /// Every element, in row-major order.
    ///
    /// Throws `.shape` when `T` is not the tensor's element type.
    public func array<T: TensorElement>(of type: T.Type = T.self) throws(ONNXError) -> [T] {
        Array(try elements(type))
    }

    /// Every string, in row-major order. Throws `.shape` when the tensor is not of strings.
    public func stringArray() throws(ONNXError) -> [String] {
        guard case .strings(let strings) = contents else {
            throw ONNXError(.shape, "strings expected, \(self) found")
        }
        return strings
    }

    /// The elements without a copy.
    ///
    /// Throws `.shape` when `T` is not the tensor's element type; bool reads as `UInt8` too, and so does each type by its bits' width.
    public func elements<T: TensorElement>(_ type: T.Type = T.self) throws(ONNXError) -> Elements<T> {
        guard case .bytes(let storage, let offset) = contents, T.reads(elementType) else {
            throw ONNXError(.shape, "tensor(\(T.elementType)) expected, \(self) found")
        }
        return Elements(storage, byteOffset: offset, count: count)
    }

    /// The raw bytes without a copy. Throws `.shape` for strings.
    package func bytes() throws(ONNXError) -> Elements<UInt8> {
        guard case .bytes(let storage, let offset) = contents else {
            throw ONNXError(.shape, "a tensor of fixed-size elements expected, \(self) found")
        }
        return Elements(storage, byteOffset: offset, count: byteCount)
    }

    /// Elements of `T`'s width over the same bits, whatever the element type means. Throws `.shape` when the widths differ.
    package func bits<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) throws(ONNXError) -> Elements<T> {
        guard case .bytes(let storage, let offset) = contents, elementType.bitWidth == T.bitWidth else {
            throw ONNXError(.shape, "\(T.bitWidth)-bit elements expected, \(self) found")
        }
        return Elements(storage, byteOffset: offset, count: count)
    }

    /// The same elements under another shape of equal count; no bytes move. Throws `.shape` when the counts differ.
    public func reshaped(_ shape: [Int]) throws(ONNXError) -> Tensor {
        let count = try Shape.count(shape)
        guard count == self.count else {
            throw ONNXError(.shape, "\(self) has \(self.count) elements and can't take shape \(Shape.text(shape)) of \(count)")
        }
        return Tensor(elementType, unchecked: shape, count: count, contents)
    }

    /// The same bits as another type of equal width. Throws `.shape` when the widths differ.
    package func reinterpreted(as type: ElementType) throws(ONNXError) -> Tensor {
        guard case .bytes = contents, type.bitWidth == elementType.bitWidth else {
            throw ONNXError(.shape, "\(self) can't be read as \(type)")
        }
        return Tensor(type, unchecked: shape, count: count, contents)
    }

    /// `count` indices of the first axis from `start`, without a copy where the element type is not packed or of strings.
    package func slice(_ start: Int, _ length: Int) throws(ONNXError) -> Tensor {
        guard let first = shape.first, start >= 0, length >= 0, start <= first, length <= first - start else {
            throw ONNXError(.shape, "rows \(start)..<\(start &+ length) are not in \(self)")
        }
        let row = first == 0 ? 0 : count / first
        let rows = [length] + shape.dropFirst()
        switch contents {
        case .strings(let strings):
            return try Tensor(strings: Array(strings[start * row..<(start + length) * row]), shape: rows)
        case .bytes(let storage, let offset):
            guard !elementType.isPacked else { return try unpacked().slice(start, length).packed(as: elementType) }
            return try Tensor(elementType, rows, storage, byteOffset: offset + start * row * (elementType.bitWidth / 8))
        }
    }

    /// The elements won't be read for a while: where they are mapped from a file, their memory may be used for something else.
    package func releasePages() {
        if case .bytes(let storage, let offset) = contents { storage.releasePages(offset, count: byteCount) }
    }

    /// Whether both are the same elements in the same memory.
    package func isSameMemory(as other: Tensor) -> Bool {
        guard elementType == other.elementType, shape == other.shape, case .bytes(let mine, let offset) = contents,
            case .bytes(let theirs, let start) = other.contents
        else { return false }
        return unsafe mine.base + offset == theirs.base + start
    }

    /// The storage that the elements fill from end to end.
    package var wholeStorage: Storage? {
        guard case .bytes(let storage, 0) = contents, storage.byteCount == byteCount else { return nil }
        return storage
    }

    /// A copy in memory of its own.
    package func copied() throws(ONNXError) -> Tensor {
        guard case .bytes = contents else { return self }
        let copy = try MutableTensor(elementType, shape)
        let source = try bytes()
        copy.rawBytes().copy(source, from: 0, count: source.count, to: 0)
        return copy.tensor
    }

    private init(_ type: ElementType, unchecked shape: [Int], count: Int, _ contents: Contents) {
        elementType = type
        self.shape = shape
        self.count = count
        self.contents = contents
    }

    package init(_ tensor: MutableTensor) {
        self.init(tensor.elementType, unchecked: tensor.shape, count: tensor.count, .bytes(tensor.storage, offset: tensor.byteOffset))
    }
}

extension Tensor: CustomStringConvertible {
    /// Type and shape: `float[2,3]`.
    public var description: String { "\(elementType)\(Shape.text(shape))" }
}

/// A tensor that is being written. A handle: copies write the same memory.
package struct MutableTensor: Sendable {
    package let elementType: ElementType
    package let shape: [Int]
    package let count: Int
    package let storage: Storage
    package let byteOffset: Int

    /// Fresh, uninitialised memory. Throws `.limit` when it can't be had.
    package init(_ type: ElementType, _ shape: [Int]) throws(ONNXError) {
        let bytes = try Shape.byteCount(try Shape.count(shape), type)
        try self.init(type, shape, try Storage(byteCount: bytes), byteOffset: 0)
    }

    /// A part of `storage`. Throws `.shape` when it is too short.
    package init(_ type: ElementType, _ shape: [Int], _ storage: Storage, byteOffset: Int) throws(ONNXError) {
        guard type != .string else { throw ONNXError(.shape, "strings have no fixed size") }
        count = try Shape.count(shape)
        let bytes = try Shape.byteCount(count, type)
        guard byteOffset >= 0, byteOffset <= storage.byteCount, bytes <= storage.byteCount - byteOffset else {
            throw ONNXError(.shape, "\(type)\(Shape.text(shape)) needs \(bytes) bytes, \(storage.byteCount - byteOffset) are there")
        }
        elementType = type
        self.shape = shape
        self.storage = storage
        self.byteOffset = byteOffset
    }

    /// The elements. Throws `.shape` when `T` is not the element type.
    package func elements<T: TensorElement>(_ type: T.Type = T.self) throws(ONNXError) -> MutableElements<T> {
        guard T.reads(elementType) else {
            throw ONNXError(.shape, "tensor(\(T.elementType)) expected, \(tensor) found")
        }
        return MutableElements(storage, byteOffset: byteOffset, count: count)
    }

    /// Elements of `T`'s width over the same bits. Throws `.shape` when the widths differ.
    package func bits<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) throws(ONNXError) -> MutableElements<T> {
        guard elementType.bitWidth == T.bitWidth else {
            throw ONNXError(.shape, "\(T.bitWidth)-bit elements expected, \(tensor) found")
        }
        return MutableElements(storage, byteOffset: byteOffset, count: count)
    }

    /// The raw bytes.
    package func rawBytes() -> MutableElements<UInt8> {
        MutableElements(storage, byteOffset: byteOffset, count: (count &* elementType.bitWidth &+ 7) / 8)
    }

    /// The same memory, read only.
    package var tensor: Tensor { Tensor(self) }
}
