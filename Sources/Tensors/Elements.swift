/// The elements of a tensor, read with a bound check; memory of any alignment.
@safe
@frozen
public struct Elements<T: BitwiseCopyable>: @unchecked Sendable, RandomAccessCollection {
    @usableFromInline let base: UnsafeRawPointer
    /// How many there are.
    public let count: Int
    @usableFromInline let owner: Storage

    @inlinable
    package init(_ storage: Storage, byteOffset: Int, count: Int) {
        unsafe base = UnsafeRawPointer(storage.address(byteOffset, count: count &* MemoryLayout<T>.stride))
        self.count = count
        owner = storage
    }

    /// 0.
    @inlinable public var startIndex: Int { 0 }
    /// The count.
    @inlinable public var endIndex: Int { count }

    /// Element `index` in row-major order.
    @inlinable
    public subscript(_ index: Int) -> T {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "element index out of range")
        return unsafe base.loadUnaligned(fromByteOffset: index &* MemoryLayout<T>.stride, as: T.self)
    }

    /// Lends the memory of elements `range` to a kernel. It may have any alignment.
    @inlinable
    package func withPointer<R, E: Error>(_ range: Range<Int>, _ body: (UnsafePointer<T>) throws(E) -> R) throws(E) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "elements out of range")
        defer { withExtendedLifetime(owner) {} }
        return try unsafe body((base + range.lowerBound &* MemoryLayout<T>.stride).assumingMemoryBound(to: T.self))
    }

    /// Lends all of the memory to a kernel.
    @inlinable
    package func withPointer<R, E: Error>(_ body: (UnsafePointer<T>) throws(E) -> R) throws(E) -> R {
        try unsafe withPointer(0..<count, body)
    }
}

/// The elements of a tensor that is being written, with a bound check.
///
/// A handle, not a value: copies write the same memory, so that the ranges of a parallel loop can share one.
@safe
@frozen
public struct MutableElements<T: BitwiseCopyable>: @unchecked Sendable {
    @usableFromInline let base: UnsafeMutableRawPointer
    /// How many there are.
    public let count: Int
    @usableFromInline let owner: Storage

    @inlinable
    package init(_ storage: Storage, byteOffset: Int, count: Int) {
        unsafe base = storage.address(byteOffset, count: count &* MemoryLayout<T>.stride)
        self.count = count
        owner = storage
    }

    /// Element `index` in row-major order.
    @inlinable
    public subscript(_ index: Int) -> T {
        get {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "element index out of range")
            return unsafe base.loadUnaligned(fromByteOffset: index &* MemoryLayout<T>.stride, as: T.self)
        }
        nonmutating set {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "element index out of range")
            unsafe base.storeBytes(of: newValue, toByteOffset: index &* MemoryLayout<T>.stride, as: T.self)
        }
    }

    /// Every index.
    @inlinable public var indices: Range<Int> { 0..<count }

    /// Writes `value` to every element of `range`.
    @inlinable
    package func fill(_ value: T, in range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "elements out of range")
        for index in range { self[index] = value }
    }

    /// Writes `value` to every element.
    @inlinable
    package func fill(_ value: T) { fill(value, in: 0..<count) }

    /// Copies `count` elements of `source` from `from` to `to`.
    @inlinable
    package func copy(_ source: Elements<T>, from: Int, count: Int, to: Int) {
        precondition(from >= 0 && count >= 0 && to >= 0 && from <= source.count - count && to <= self.count - count, "elements out of range")
        unsafe (base + to &* MemoryLayout<T>.stride).copyMemory(
            from: source.base + from &* MemoryLayout<T>.stride, byteCount: count &* MemoryLayout<T>.stride)
    }

    /// Lends the memory of elements `range` to a kernel.
    @inlinable
    package func withPointer<R, E: Error>(_ range: Range<Int>, _ body: (UnsafeMutablePointer<T>) throws(E) -> R) throws(E) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "elements out of range")
        defer { withExtendedLifetime(owner) {} }
        return try unsafe body((base + range.lowerBound &* MemoryLayout<T>.stride).assumingMemoryBound(to: T.self))
    }

    /// Lends all of the memory to a kernel.
    @inlinable
    package func withPointer<R, E: Error>(_ body: (UnsafeMutablePointer<T>) throws(E) -> R) throws(E) -> R {
        try unsafe withPointer(0..<count, body)
    }

    /// The same elements, read only.
    @inlinable
    package var elements: Elements<T> {
        Elements(owner, byteOffset: unsafe UnsafeRawPointer(base) - UnsafeRawPointer(owner.base), count: count)
    }
}

extension Elements {
    /// The last `count` elements, as elements of their own.
    package func tail(_ count: Int) -> Elements<T> {
        precondition(count >= 0 && count <= self.count, "elements out of range")
        let start = unsafe base + (self.count - count) &* MemoryLayout<T>.stride
        return Elements(owner, byteOffset: unsafe start - UnsafeRawPointer(owner.base), count: count)
    }
}
