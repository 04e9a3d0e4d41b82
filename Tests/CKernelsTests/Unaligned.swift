/// Elements one byte off any alignment, as in mapped files, between guards that a kernel must leave as they are.
@safe final class Unaligned<Element: BitwiseCopyable> {
    let count: Int
    let pointer: UnsafeMutablePointer<Element>
    private let memory: UnsafeMutableRawBufferPointer
    private static var guardBytes: Int { 65 }
    private static var guardByte: UInt8 { 0xA5 }

    init(_ elements: [Element]) {
        count = elements.count
        let size = elements.count * MemoryLayout<Element>.stride
        unsafe memory = .allocate(byteCount: size + 2 * Self.guardBytes, alignment: 64)
        for i in unsafe memory.indices { unsafe memory[i] = Self.guardByte }
        let start = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[Self.guardBytes..<Self.guardBytes + size])
        for (i, element) in elements.enumerated() { unsafe start.storeBytes(of: element, toByteOffset: i * MemoryLayout<Element>.stride, as: Element.self) }
        unsafe pointer = (memory.baseAddress.unsafelyUnwrapped + Self.guardBytes).assumingMemoryBound(to: Element.self)
    }

    convenience init(repeating element: Element, count: Int) { self.init(Array(repeating: element, count: count)) }

    deinit { unsafe memory.deallocate() }

    var elements: [Element] {
        (0..<count).map { unsafe memory.loadUnaligned(fromByteOffset: Self.guardBytes + $0 * MemoryLayout<Element>.stride, as: Element.self) }
    }

    var guardsAreIntact: Bool {
        let bytes = unsafe Array(memory)
        return (bytes.prefix(Self.guardBytes) + bytes.suffix(Self.guardBytes)).allSatisfy { $0 == Self.guardByte }
    }
}
