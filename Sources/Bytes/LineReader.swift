internal import Glibc

/// Lines of a file or a pipe, one at a time, as they come: what JSON Lines is read with.
package struct LineReader: ~Copyable {
    /// The number of the last line, from 1.
    package private(set) var line = 0
    private let file: Descriptor
    private let name: String
    private let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    /// Lines of `limit` bytes at most.
    package init(path: String, limit: Int) throws(ONNXError) {
        let file = try Descriptor.forReading(path)
        _ = try file.regularFileSize(name: path)
        self.file = file
        name = path
        self.limit = limit
    }

    /// Lines of an open descriptor, such as standard input, which stays open.
    package init(descriptor: CInt, name: String, limit: Int) throws(ONNXError) {
        let copy = retryingInterrupts { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
        guard copy >= 0 else { throw systemError("cannot be read", errno, name) }
        file = Descriptor(adopting: copy)
        self.name = name
        self.limit = limit
    }

    /// The next line that is not blank, without its end, named "name, line n"; nil after the last.
    package mutating func next() throws -> MappedFile? {
        while let bytes = try nextBytes() {
            if bytes.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) {
                return try MappedFile(name: "\(name), line \(line)", copying: Array(bytes))
            }
        }
        return nil
    }

    /// The next line as text, blank ones too, without its end; nil after the last.
    ///
    /// Throws `.malformed` for bytes that are no UTF-8.
    package mutating func nextText() throws(ONNXError) -> String? {
        guard var bytes = try nextBytes() else { return nil }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ONNXError(.malformed, "the line is not UTF-8", place: ["\(quoted(name)), line \(line)"], remedy: "convert the text, with iconv for instance")
        }
        return text
    }

    /// The next lines, whole and with their ends: about `count` bytes where so many are there, at least one line; nil after the last.
    package mutating func nextBlock(of count: Int) throws(ONNXError) -> [UInt8]? {
        guard let first = try nextBytes() else { return nil }
        let begin = first.startIndex
        while buffer.count - begin < count, !isAtEnd, hasInput { try fill() }
        let end = buffer[begin...].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? buffer.count
        start = isAtEnd ? buffer.count : max(end, start)
        let block = Array(buffer[begin..<start])
        line += block.count { $0 == UInt8(ascii: "\n") } - 1
        return block
    }

    /// Whether something can be read without waiting: a line that is there already, or what a pipe holds.
    package var isReady: Bool {
        isAtEnd || buffer[start...].contains(UInt8(ascii: "\n")) || hasInput
    }

    private var hasInput: Bool {
        var waiting = pollfd(fd: file.number, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&waiting, 1, 0) > 0
    }

    private mutating func nextBytes() throws(ONNXError) -> ArraySlice<UInt8>? {
        var scanned = start
        while true {
            if let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                line += 1
                return buffer[start..<end]
            }
            if isAtEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                line += 1
                return buffer[start...]
            }
            buffer.removeFirst(start)
            scanned = buffer.count
            start = 0
            guard buffer.count <= limit else {
                throw ONNXError(.limit, "a line has more than \(limit) bytes", place: [quoted(name), "line \(line + 1)"], remedy: "raise the limit jsonBytes")
            }
            try fill()
        }
    }

    private mutating func fill() throws(ONNXError) {
        var part = [UInt8](repeating: 0, count: 1 << 16)
        let (file, name) = (file.number, name)
        let count = try unsafe part.withUnsafeMutableBufferPointer { bytes throws(ONNXError) in
            try unsafe readSome(file, into: UnsafeMutableRawBufferPointer(bytes), name: name)
        }
        isAtEnd = count == 0
        buffer += part[..<count]
    }
}
