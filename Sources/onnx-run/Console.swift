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

    /// Writes `text` and a newline to standard error.
    static func error(_ text: String) { write(text + "\n", to: 2) }

    /// Whether standard error is a terminal, so that progress may be shown.
    static var showsProgress: Bool { isatty(2) == 1 }

    /// Shows a line of progress in place of the one before; nothing where standard error is not a terminal.
    static func progress(_ text: String) {
        if showsProgress { write("\r\u{1B}[K" + text, to: 2) }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = unsafe Glibc.write(descriptor, bytes.baseAddress.map { unsafe $0 + sent }, bytes.count - sent)
                if count > 0 {
                    sent += count
                } else if errno == EPIPE {
                    exit(ExitStatus.success.rawValue)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
