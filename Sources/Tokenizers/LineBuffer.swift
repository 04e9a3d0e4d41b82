internal import Glibc
internal import Parallelism

let hugePage = 1 << 21

/// Memory for plain values, all bits 0 at first, that begins at a cache line. The one place of this room that handles pointers.
@safe struct LineBuffer<Element: BitwiseCopyable>: ~Copyable {
    private let base: UnsafeMutablePointer<Element>
    let count: Int

    init(count: Int) {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        precondition(count > 0 && !overflow)
        // A huge page takes one page fault instead of 512, and one entry in the processor's table of pages. One may be short of it by less than a line.
        let hugePages = (bytes + 63) / hugePage
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, hugePages * hugePage), alignment: hugePages > 0 ? hugePage : 64)
        if hugePages > 0 { unsafe madvise(raw, hugePages * hugePage, MADV_HUGEPAGE) }
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

    /// Takes over the elements of `other` in `range`, to the beginning.
    func copy(_ other: borrowing LineBuffer, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= other.count && range.count <= count)
        unsafe base.update(from: other.base + range.lowerBound, count: range.count)
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

/// Plain values one after another: what an array would be, with less to check at each.
struct GrowingBuffer<Element: BitwiseCopyable>: ~Copyable {
    private var places = LineBuffer<Element>(count: 1 << 10)
    private(set) var count = 0

    @inline(__always)
    mutating func append(_ element: Element) {
        reserve(1)
        places[count] = element
        count &+= 1
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if count > places.count &- more { grow() }
    }

    @inline(never)
    private mutating func grow() {
        let larger = LineBuffer<Element>(count: 2 * places.count)
        larger.copy(places, 0..<count)
        places = larger
    }

    /// Keeps of what was put since `start` only `kept`, counted from there.
    mutating func keep(_ kept: Range<Int>, from start: Int) {
        for index in kept where kept.lowerBound > 0 { places[start + index - kept.lowerBound] = places[start + index] }
        count = start + kept.count
    }

    /// Hands over what was put, and begins anew.
    mutating func take() -> [Element] {
        defer { count = 0 }
        return places.array(0..<count)
    }
}

extension GrowingBuffer<Int32> {
    /// Puts the first `count` of `four`.
    @inline(__always)
    mutating func append(_ four: SIMD4<Int32>, count: Int) {
        reserve(4)
        places.store(four, at: self.count)
        self.count &+= count
    }
}

extension [Int32] {
    /// `parts` one behind the other, copied by the threads of `pool`: most of the time goes to the pages of the new memory.
    init(joining parts: [[Int32]], on pool: ThreadPool) {
        let starts = parts.reduce(into: [0]) { starts, part in starts.append(starts[starts.count - 1] + part.count) }
        unsafe self.init(unsafeUninitializedCapacity: starts[parts.count]) { buffer, count in
            let places = unsafe Places(buffer: buffer)
            pool.parallel(parts.count) { range in
                for index in range { _ = unsafe places.buffer[starts[index]...].initialize(from: parts[index]) }
            }
            count = starts[parts.count]
        }
    }
}

/// Threads write to places of their own.
@safe private struct Places: @unchecked Sendable {
    let buffer: UnsafeMutableBufferPointer<Int32>
}
