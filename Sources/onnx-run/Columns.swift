#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Text in columns, as reports have it. Foundation would do this too, and make every start of the command 2 ms longer.
extension String {
    /// With spaces after it, `width` characters in all.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    /// With spaces before it, `width` characters in all.
    func aligned(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}

extension Double {
    /// With so many digits after the point.
    func text(decimals: Int) -> String { printed("%.*f", decimals) }

    /// With so many digits in all, or as a power of ten.
    func text(digits: Int) -> String { printed("%.*g", digits) }

    private func printed(_ format: String, _ precision: Int) -> String {
        // The longest Double has 309 digits before the point.
        var text = [UInt8](repeating: 0, count: 512)
        let count = unsafe withVaList([Int32(clamping: precision), self]) { arguments in
            unsafe text.withUnsafeMutableBytes { unsafe vsnprintf($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, format, arguments) }
        }
        return String(decoding: text.prefix(Int(count)), as: UTF8.self)
    }
}
