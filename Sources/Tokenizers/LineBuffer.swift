/// Memory for plain values, all bits 0 at first, that begins at a cache line. The one place of this room that handles pointers.
@safe struct LineBuffer<Element: BitwiseCopyable>: ~Copyable {
    private let base: UnsafeMutablePointer<Element>
    let count: Int

    init(count: Int) {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        precondition(count > 0 && !overflow)
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        unsafe raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        unsafe base = raw.assumingMemoryBound(to: Element.self)
        self.count = count
    }

    deinit { unsafe UnsafeMutableRawPointer(base).deallocate() }

    subscript(index: Int) -> Element {
        @inline(__always) get {
            precondition(index >= 0 && index < count)
            return unsafe base[index]
        }
        @inline(__always) nonmutating set {
            precondition(index >= 0 && index < count)
            unsafe base[index] = newValue
        }
    }

    /// Copies `count` elements from `start` on into an array.
    func array(_ range: Range<Int>) -> [Element] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return unsafe Array(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    /// Takes over the first `count` elements of `other`.
    func copy(_ other: borrowing LineBuffer, count: Int) {
        precondition(count <= self.count && count <= other.count)
        unsafe base.update(from: other.base, count: count)
    }
}

extension LineBuffer<Int32> {
    /// Writes four elements from `index` on.
    @inline(__always)
    func store(_ four: SIMD4<Int32>, at index: Int) {
        precondition(index >= 0 && index <= count &- 4)
        unsafe UnsafeMutableRawPointer(base + index).storeBytes(of: four, as: SIMD4<Int32>.self)
    }
}
