internal import Glibc

/// Something that bytes are written to, front to back.
package protocol ByteSink: AnyObject {
    func write(_ bytes: borrowing RawSpan) throws(ONNXError)
}

extension ByteSink {
    package func write(_ bytes: [UInt8]) throws(ONNXError) {
        try unsafe write(bytes.span.bytes)
    }
}

/// A file that appears under its name only when it is complete: written beside it, synced, renamed.
///
/// Until `commit` the old file, if any, stays as it was; a file that is never committed leaves nothing behind.
package final class AtomicFile: ByteSink {
    package let path: String
    /// Bytes written so far.
    package private(set) var position = 0
    private let temporary: String
    private let file: Descriptor
    private let liveSlot: Int?
    private var buffer: [UInt8] = []
    private var isCommitted = false

    package init(path: String) throws(ONNXError) {
        guard !path.isEmpty, !path.hasSuffix("/"), !path.utf8.contains(0) else {
            throw ONNXError(.io, "is not the path of a file", place: [quoted(path)])
        }
        try refuseUnwritable(path)
        let temporary = "\(folder(of: path))/.\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
        // Listed before it exists, so that no signal comes between; the name is random, so it is nobody else's.
        let slot = LiveFiles.add(temporary)
        let number = retryingInterrupts { unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666) }
        guard number >= 0 else {
            let failure = errno
            LiveFiles.remove(slot)
            throw systemError("cannot be created", failure, path)
        }
        file = Descriptor(adopting: number)
        self.path = path
        self.temporary = temporary
        liveSlot = slot
    }

    package func write(_ bytes: borrowing RawSpan) throws(ONNXError) {
        var done = 0
        while done < bytes.byteCount {
            let left = bytes.byteCount - done
            let count: Int
            if position % blockSize == 0, left >= blockSize {
                count = left / blockSize * blockSize
                try put(bytes.extracting(done..<done + count), at: nil)
            } else {
                count = min(left, blockSize - position % blockSize)
                unsafe bytes.extracting(done..<done + count).withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
            }
            position += count
            done += count
            if position % blockSize == 0 { try flush() }
        }
    }

    /// Writes zeros up to the next multiple of `alignment`.
    package func pad(to alignment: Int) throws(ONNXError) {
        let over = position % alignment
        if over > 0 { try write([UInt8](repeating: 0, count: alignment - over)) }
    }

    /// Writes over bytes that were written before.
    package func replace(at offset: Int, with bytes: [UInt8]) throws(ONNXError) {
        guard offset >= 0, bytes.count <= position, offset <= position - bytes.count else {
            throw ONNXError(.usage, "\(bytes.count) bytes at \(offset) were not written yet", place: [quoted(path)])
        }
        try flush()
        try unsafe put(bytes.span.bytes, at: offset)
    }

    /// Makes the file appear under its name. After an error nothing has changed, unless the error is that the folder could not be synced.
    package func commit() throws(ONNXError) {
        guard !isCommitted else { return }
        try flush()
        guard retryingInterrupts({ fsync(file.number) }) == 0 else { throw systemError("cannot be synced", errno, path) }
        let directory = try openParent(of: path)
        guard retryingInterrupts({ unsafe rename(temporary, path) }) == 0 else { throw systemError("cannot be put in place", errno, path) }
        isCommitted = true
        LiveFiles.remove(liveSlot)
        try sync(directory, of: path)
    }

    /// Removes every file and folder that is being written. For signal handlers: it neither allocates nor locks.
    package static func removeAll() {
        LiveFiles.removeAll()
    }

    private func flush() throws(ONNXError) {
        try unsafe buffer.withUnsafeBufferPointer { buffer throws(ONNXError) in try unsafe put(UnsafeRawBufferPointer(buffer).bytes, at: nil) }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes all of `bytes` at the end, or at `offset`.
    private func put(_ bytes: borrowing RawSpan, at offset: Int?) throws(ONNXError) {
        let failure = unsafe bytes.withUnsafeBytes { unsafe writeAll(file.number, $0, at: offset) }
        guard failure == 0 else { throw systemError("cannot be written", failure, path) }
    }

    deinit {
        if !isCommitted {
            _ = unsafe unlink(temporary)
            LiveFiles.remove(liveSlot)
        }
    }
}

/// A file is written in whole blocks of this size, at multiples of it: then Linux may keep each as one large page, and mapping the file costs a page fault
/// a block where it would cost 32.
private let blockSize = 1 << 21

/// Writes all of `bytes` at the end, or at `offset`; 0, or the number of the error.
func writeAll(_ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: Int? = nil) -> CInt {
    var done = 0
    while done < bytes.count {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
        let count =
            if let offset {
                unsafe pwrite(file, rest.baseAddress, rest.count, off_t(offset + done))
            } else {
                unsafe Glibc.write(file, rest.baseAddress, rest.count)
            }
        if count > 0 { done += count } else if count == 0 { return ENOSPC } else if errno != EINTR { return errno }
    }
    return 0
}

/// The folder that holds `path`, to be synced once `path` is in place.
func openParent(of path: String) throws(ONNXError) -> Descriptor {
    let number = retryingInterrupts { unsafe open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard number >= 0 else { throw systemError("cannot be put in place", errno, path) }
    return Descriptor(adopting: number)
}

/// Makes the renaming of `path` last. Some file systems can't sync a folder and say EINVAL.
func sync(_ directory: borrowing Descriptor, of path: String) throws(ONNXError) {
    guard retryingInterrupts({ fsync(directory.number) }) == 0 || errno == EINVAL else {
        throw systemError("is complete, but its folder cannot be synced", errno, path)
    }
}

/// The path of the folder that holds `path`.
func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// What is there already may be replaced only if it is a file that may be written: no link is followed or lost.
private func refuseUnwritable(_ path: String) throws(ONNXError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else {
        if errno == ENOENT { return }
        throw systemError("cannot be created", errno, path)
    }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG else {
        let remedy = kind == S_IFLNK ? "give the path that it leads to" : "give the path of a file"
        throw ONNXError(.io, "is \(kindName(kind)), which is not written over", place: [quoted(path)], remedy: remedy)
    }
    guard unsafe access(path, W_OK) == 0 else { throw systemError("cannot be replaced", errno, path) }
}
