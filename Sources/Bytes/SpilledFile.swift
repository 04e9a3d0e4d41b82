internal import Glibc

/// Bytes that are kept in a file without a name instead of memory: it goes with its last user.
package final class SpilledFile: ByteSink {
    private let file: Descriptor
    private let name: String

    /// A file in the folder that holds `path`; `name` stands for it in messages.
    package init(besides path: String, name: String) throws(ONNXError) {
        let temporary = "\(folder(of: path))/.\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
        let number = retryingInterrupts { unsafe open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        guard number >= 0 else { throw systemError("cannot be created", errno, temporary) }
        file = Descriptor(adopting: number)
        _ = unsafe unlink(temporary)
        self.name = name
    }

    package func write(_ bytes: borrowing RawSpan) throws(ONNXError) {
        let failure = unsafe bytes.withUnsafeBytes { unsafe writeAll(file.number, $0) }
        guard failure == 0 else { throw systemError("cannot be written", failure, name) }
    }

    /// What was written, mapped.
    package func mapped() throws(ONNXError) -> MappedFile { try MappedFile(file, name: name, mode: .map) }
}
