internal import Bytes

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Standard output and standard error.
enum Console {
    /// Writes `text` and a newline to standard output. A closed pipe ends the process quietly.
    static func print(_ text: String) { write(text + "\n", to: 1) }

    /// Writes `text` as it is to standard output.
    static func output(_ text: String) { write(text, to: 1) }

    /// Writes `bytes` to standard output.
    static func output(_ bytes: [UInt8]) { unsafe bytes.withUnsafeBufferPointer { unsafe write($0, to: 1) } }

    /// Writes `text` and a newline to standard error.
    static func error(_ text: String) { write(text + "\n", to: 2) }

    /// Whether standard error is a terminal, so that progress may be shown.
    static var showsProgress: Bool { isatty(2) == 1 }

    /// Shows a line of progress in place of the one before; nothing where standard error is not a terminal.
    static func progress(_ text: String) {
        if showsProgress { write("\r\u{1B}[K" + text, to: 2) }
    }

    /// Whether writing may be tried again after `failure`. Standard output that is lost ends the process: quietly where its reader has gone.
    private static func recovers(_ failure: Int32, _ descriptor: Int32) -> Bool {
        if failure == EAGAIN {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            return unsafe poll(&waiting, 1, -1) >= 0
        }
        guard descriptor == 1 else { return false }
        AtomicFile.removeAll()
        if failure == EPIPE { exit(ExitStatus.success.rawValue) }
        error("onnx-run: standard output: cannot be written: \(unsafe String(cString: strerror(failure)))")
        exit(ExitStatus.io.rawValue)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { unsafe write($0, to: descriptor) }
    }

    private static func write(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe Glibc.write(descriptor, bytes.baseAddress.map { unsafe $0 + sent }, bytes.count - sent)
            if count > 0 {
                sent += count
            } else if errno != EINTR, !recovers(errno, descriptor) {
                return
            }
        }
    }
}
