package import Bytes

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Bytes that tensors live in: allocated here on a 64-byte boundary, or lent by an owner that is kept alive.
///
/// The one place of this room that holds a raw pointer. Writers have exclusive use of their range by the executor's plan.
@safe
@usableFromInline
package final class Storage: @unchecked Sendable {
    @usableFromInline package let base: UnsafeMutableRawPointer
    @usableFromInline package let byteCount: Int
    private let owner: AnyObject?

    /// Uninitialised bytes on a 64-byte boundary.
    package init(byteCount: Int) throws(ONNXError) {
        let size = Swift.max(byteCount, 1)
        guard byteCount >= 0, size <= Int.max - 63, let base = unsafe aligned_alloc(64, (size + 63) & ~63) else {
            throw ONNXError(.limit, "\(byteCount) bytes of memory could not be had")
        }
        unsafe self.base = base
        self.byteCount = byteCount
        owner = nil
        if size >= Self.large { askForLargePages() }
    }

    /// From so many bytes on memory is a mapping of its own, in which large pages are worth asking for: reading weights through small ones costs 5 %.
    private static let large = 1 << 20

    /// A hint, which may go unheard. It covers the whole pages around the bytes, so that neighbouring blocks can share a large one.
    private func askForLargePages() {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let offset = unsafe Int(bitPattern: base) % page
        _ = unsafe madvise(base - offset, (offset + byteCount + page - 1) / page * page, MADV_HUGEPAGE)
    }

    /// Bytes that `owner` keeps valid; they may have any alignment. `writable` memory may be written through `MutableTensor`.
    package init(borrowing base: UnsafeMutableRawPointer, byteCount: Int, owner: AnyObject) {
        unsafe self.base = base
        self.byteCount = byteCount
        self.owner = owner
    }

    deinit {
        if owner == nil { unsafe free(base) }
    }

    /// Whether the bytes are a part of a file or of somebody else's memory.
    package var isBorrowed: Bool { owner != nil }

    /// The bytes won't be read for a while: where they are a file's, their memory may be used for something else.
    package func releasePages(_ offset: Int, count: Int) {
        guard let file = owner as? MappedFile else { return }
        let start = unsafe UnsafeRawPointer(address(offset, count: count)) - file.unsafeBase
        file.dontNeed(start..<start + count)
    }

    /// The address of byte `offset`, after checking that `count` bytes follow it.
    @inlinable
    package func address(_ offset: Int, count: Int) -> UnsafeMutableRawPointer {
        precondition(offset >= 0 && count >= 0 && offset <= byteCount && count <= byteCount - offset, "bytes outside of their storage")
        return unsafe base + offset
    }
}
