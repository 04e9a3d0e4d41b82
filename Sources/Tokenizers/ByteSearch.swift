internal import Glibc

/// Where `byte` is in `bytes` for the first time from `start` on; the end if it isn't.
func firstIndex(of byte: UInt8, in bytes: borrowing Span<UInt8>, from start: Int) -> Int {
    guard start >= 0, start < bytes.count else { return bytes.count }
    let rest = bytes.extracting(start..<bytes.count)
    return unsafe rest.withUnsafeBytes { buffer in
        guard let base = buffer.baseAddress, let found = unsafe memchr(base, CInt(byte), buffer.count) else { return bytes.count }
        return start + (unsafe UnsafeRawPointer(found) - base)
    }
}

func isASCII(_ bytes: borrowing Span<UInt8>) -> Bool {
    var all: UInt8 = 0
    for index in bytes.indices { all |= bytes[index] }
    return all < 0x80
}
