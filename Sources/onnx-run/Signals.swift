internal import Bytes

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Ends cleanly on Ctrl-C: unfinished files are removed.
enum Signals {
    static func install() {
        signal(SIGPIPE, SIG_IGN)
        // A file that would be too large is an error of write(2) then.
        signal(SIGXFSZ, SIG_IGN)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { number in
                AtomicFile.removeAll()
                _exit(128 &+ number)
            }
        }
    }
}
