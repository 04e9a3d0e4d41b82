internal import Glibc

/// The bytes of a file: mapped read-only, or copied into memory of our own. They stay as long as this object does.
///
/// A mapped file that somebody shortens meanwhile ends the process with SIGBUS, as with every use of `mmap`; `.copy` covers that.
@safe package final class MappedFile: Sendable {
    package enum Mode: Sendable {
        case map
        case copy
    }

    /// The name for messages; a path, where there is one.
    package let name: String
    package let count: Int
    /// The first byte. Whoever keeps it must keep this object too.
    package nonisolated(unsafe) let unsafeBase: UnsafeRawPointer
    private let isMapped: Bool

    /// Opens the regular file at `path`.
    package convenience init(path: String, mode: Mode = .map) throws(ONNXError) {
        try self.init(Descriptor.forReading(path), name: path, mode: mode)
    }

    init(_ file: borrowing Descriptor, name: String, mode: Mode) throws(ONNXError) {
        let count = try file.regularFileSize(name: name)
        self.name = name
        self.count = count
        switch mode {
        case .map:
            guard let base = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, file.number, 0), unsafe base != MAP_FAILED else {
                throw systemError("cannot be mapped", errno, name)
            }
            unsafe unsafeBase = UnsafeRawPointer(base)
            isMapped = true
        case .copy:
            let buffer = try unsafe allocateBytes(count, name: name)
            do throws(ONNXError) {
                try unsafe fill(buffer, from: file, name: name)
            } catch {
                unsafe free(buffer.baseAddress)
                throw error
            }
            unsafe unsafeBase = UnsafeRawPointer(buffer.baseAddress.unsafelyUnwrapped)
            isMapped = false
        }
    }

    /// Memory of its own, of `count` bytes aligned to 64, that `body` fills.
    package init<E: Error>(name: String, count: Int, filledBy body: (inout MutableRawSpan) throws(E) -> Void) throws {
        let buffer = try unsafe allocateBytes(count, name: name)
        do {
            unsafe memset(buffer.baseAddress.unsafelyUnwrapped, 0, count)
            var span = unsafe buffer.mutableBytes
            try body(&span)
        } catch {
            unsafe free(buffer.baseAddress)
            throw error
        }
        self.name = name
        self.count = count
        unsafe unsafeBase = UnsafeRawPointer(buffer.baseAddress.unsafelyUnwrapped)
        isMapped = false
    }

    /// A copy of `bytes`.
    package convenience init(name: String, copying bytes: [UInt8]) throws {
        try self.init(name: name, count: bytes.count) { span in
            unsafe span.withUnsafeMutableBytes { unsafe $0.copyBytes(from: bytes) }
        }
    }

    /// Everything that `descriptor` (standard input, a pipe) still holds, `limit` bytes at most.
    package convenience init(readingAll descriptor: CInt, name: String, limit: Int) throws {
        let copy = retryingInterrupts { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
        guard copy >= 0 else { throw systemError("cannot be read", errno, name) }
        try self.init(name: name, copying: Descriptor(adopting: copy).readAll(name: name, limit: limit))
    }

    /// Lends all bytes.
    package func withBytes<R, E: Error>(_ body: (borrowing RawSpan) throws(E) -> R) throws(E) -> R {
        let bytes = unsafe UnsafeRawBufferPointer(start: unsafeBase, count: count)
        return try body(unsafe bytes.bytes)
    }

    /// The `count` bytes from `offset`.
    package func slice(offset: Int, count: Int) throws(ONNXError) -> ByteRegion {
        try ByteRegion(self).slice(offset: offset, count: count)
    }

    /// `range` will be read here and there: no reading ahead.
    package func adviseRandom(_ range: Range<Int>) {
        advise(range, MADV_RANDOM)
    }

    /// Ends `adviseRandom`.
    package func adviseNormal(_ range: Range<Int>) {
        advise(range, MADV_NORMAL)
    }

    /// Most of the file will be read, in this process or the next: keep it in large pages, where the system can. What is in memory already stays as it is.
    package func preferLargePages() {
        advise(0..<count, MADV_HUGEPAGE)
    }

    /// `range` will be read soon: start reading it from the disk.
    package func willNeed(_ range: Range<Int>) {
        advise(range, MADV_WILLNEED)
    }

    /// `range` won't be read for a while: its memory may be used for something else.
    package func dontNeed(_ range: Range<Int>) {
        advise(range, MADV_DONTNEED)
    }

    private func advise(_ range: Range<Int>, _ advice: CInt) {
        // On memory of our own MADV_DONTNEED would lose the bytes.
        guard isMapped else { return }
        let range = range.clamped(to: 0..<count)
        let page = sysconf(CInt(_SC_PAGESIZE))
        let start = range.lowerBound / page * page
        guard start < range.upperBound else { return }
        _ = unsafe madvise(UnsafeMutableRawPointer(mutating: unsafeBase + start), range.upperBound - start, advice)
    }

    deinit {
        let base = unsafe UnsafeMutableRawPointer(mutating: unsafeBase)
        if isMapped {
            _ = unsafe munmap(base, count)
        } else {
            unsafe free(base)
        }
    }
}

/// `count` bytes aligned to 64; an error, not a trap, where there is no memory.
private func allocateBytes(_ count: Int, name: String) throws(ONNXError) -> UnsafeMutableRawBufferPointer {
    var base: UnsafeMutableRawPointer?
    guard count >= 0, unsafe posix_memalign(&base, 64, max(count, 1)) == 0 else {
        throw ONNXError(.limit, "needs \(count) bytes of memory, which this machine doesn't have", place: [quoted(name)])
    }
    return unsafe UnsafeMutableRawBufferPointer(start: base, count: count)
}

private func fill(_ buffer: UnsafeMutableRawBufferPointer, from file: borrowing Descriptor, name: String) throws(ONNXError) {
    var done = 0
    while done < buffer.count {
        let count = try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]), name: name)
        guard count > 0 else {
            throw ONNXError(.io, "was shortened while it was read: \(done) of \(buffer.count) bytes are left", place: [quoted(name)])
        }
        done += count
    }
}
