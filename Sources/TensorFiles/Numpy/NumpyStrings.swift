internal import Bytes

/// Strings of fixed width, filled up with NULs.
enum NumpyStrings {
    static func decodeUnicode(_ data: ByteRegion, width: Int, isBigEndian: Bool) throws(ONNXError) -> [String] {
        var cursor = ByteCursor(data)
        var strings: [String] = []
        strings.reserveCapacity(data.count / (4 * width))
        while !cursor.isAtEnd {
            var text = ""
            var pendingNULs = 0
            for _ in 0..<width {
                let start = cursor
                let word = try cursor.uint32()
                guard let scalar = Unicode.Scalar(isBigEndian ? word.byteSwapped : word) else { throw start.error(.malformed, "no Unicode character") }
                if scalar == "\0" {
                    pendingNULs += 1
                } else {
                    text += String(repeating: "\0", count: pendingNULs)
                    pendingNULs = 0
                    text.unicodeScalars.append(scalar)
                }
            }
            strings.append(text)
        }
        return strings
    }

    static func decodeBytes(_ data: ByteRegion, width: Int) throws(ONNXError) -> [String] {
        var cursor = ByteCursor(data)
        var strings: [String] = []
        strings.reserveCapacity(data.count / width)
        while !cursor.isAtEnd {
            let start = cursor
            let bytes = try cursor.take(width).bytes()
            let end = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
            guard let text = String(validating: bytes[..<end], as: UTF8.self) else { throw start.error(.malformed, "a string that is not UTF-8") }
            strings.append(text)
        }
        return strings
    }

    /// The width that the longest string needs, 1 at least.
    static func width(_ strings: [String]) -> Int {
        strings.reduce(1) { max($0, $1.unicodeScalars.count) }
    }

    static func encode(_ strings: [String], width: Int, to sink: any ByteSink) throws(ONNXError) {
        let (size, overflow) = strings.count.multipliedReportingOverflow(by: 4 * width)
        guard !overflow, size <= 1 << 32 else {
            throw ONNXError(.limit, "\(strings.count) strings would each take the \(4 * width) bytes of the longest", remedy: "write JSON or safetensors")
        }
        for string in strings {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(4 * width)
            for scalar in string.unicodeScalars {
                for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: scalar.value >> shift)) }
            }
            bytes += [UInt8](repeating: 0, count: 4 * width - bytes.count)
            try sink.write(bytes)
        }
    }
}
