internal import Glibc

/// An open file of the operating system, closed with its owner. Calls that a signal interrupts are made again.
struct Descriptor: ~Copyable {
    let number: CInt

    init(adopting number: CInt) {
        self.number = number
    }

    /// Opens `path` for reading. Never blocks on a FIFO.
    static func forReading(_ path: String) throws(ONNXError) -> Descriptor {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw ONNXError(.io, "a path must not be empty or contain a NUL", place: [quoted(path)])
        }
        let number = retryingInterrupts { unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard number >= 0 else { throw systemError("cannot be opened", errno, path) }
        return Descriptor(adopting: number)
    }

    /// The size in bytes, if this is a regular file; else an error that says what it is.
    func regularFileSize(name: String) throws(ONNXError) -> Int {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { throw systemError("cannot be examined", errno, name) }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG else {
            throw ONNXError(.io, "is \(kindName(kind)), not a regular file", place: [quoted(name)], remedy: "give the path of a file")
        }
        guard status.st_size > 0 else { throw ONNXError(.malformed, "the file is empty (0 bytes)", place: [quoted(name)]) }
        return Int(status.st_size)
    }

    /// Reads up to `buffer.count` bytes; 0 at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, name: String) throws(ONNXError) -> Int {
        try unsafe readSome(number, into: buffer, name: name)
    }

    /// Another descriptor of the same open file.
    func duplicate(name: String) throws(ONNXError) -> Descriptor {
        let copy = retryingInterrupts { fcntl(number, F_DUPFD_CLOEXEC, 0) }
        guard copy >= 0 else { throw systemError("cannot be opened", errno, name) }
        return Descriptor(adopting: copy)
    }

    /// All bytes up to the end, `limit` of them at most.
    func readAll(name: String, limit: Int) throws(ONNXError) -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try unsafe part.withUnsafeMutableBufferPointer { buffer throws(ONNXError) in
                try unsafe read(into: UnsafeMutableRawBufferPointer(buffer), name: name)
            }
            guard count > 0 else { break }
            guard count <= limit - bytes.count else { throw ONNXError(.limit, "holds more than \(limit) bytes", place: [quoted(name)]) }
            bytes += part[..<count]
        }
        guard !bytes.isEmpty else { throw ONNXError(.malformed, "is empty (0 bytes)", place: [quoted(name)]) }
        return bytes
    }

    deinit {
        _ = close(number)
    }
}

/// Reads up to `buffer.count` bytes, waiting for them if need be; 0 at the end of the file.
func readSome(_ number: CInt, into buffer: UnsafeMutableRawBufferPointer, name: String) throws(ONNXError) -> Int {
    while true {
        let count = unsafe read(number, buffer.baseAddress, buffer.count)
        if count >= 0 { return count }
        if errno == EAGAIN {
            var waiting = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&waiting, 1, -1)
        } else if errno != EINTR {
            throw systemError("cannot be read", errno, name)
        }
    }
}

func retryingInterrupts(_ call: () -> CInt) -> CInt {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

func systemError(_ what: String, _ number: CInt, _ name: String) -> ONNXError {
    let reason = unsafe String(cString: strerror(number))
    let remedy: String? =
        switch number {
        case ENOENT: "check the path"
        case EACCES, EPERM: "check the permissions"
        case ENOSPC, EDQUOT: "free some space"
        default: nil
        }
    return ONNXError(.io, "\(what): \(reason)", place: [quoted(name)], remedy: remedy)
}

func kindName(_ kind: mode_t) -> String {
    switch kind {
    case S_IFDIR: "a directory"
    case S_IFIFO: "a FIFO"
    case S_IFSOCK: "a socket"
    case S_IFCHR, S_IFBLK: "a device"
    case S_IFLNK: "a symbolic link"
    default: "a special file"
    }
}

/// A name from outside as a message may show it: control characters escaped, overlong ones cut.
package func quoted(_ name: String) -> String {
    // Nearly every name is plain, and looking up properties is slow.
    if name.utf8.count <= 1024, name.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return name }
    var text = ""
    for scalar in name.unicodeScalars.prefix(1024) {
        text += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return name.unicodeScalars.count > 1024 ? text + "…" : text
}
