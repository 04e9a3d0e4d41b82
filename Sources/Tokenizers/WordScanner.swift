/// Finds words of plain ASCII eight bytes at a time. A word that isn't plain goes through `Normalizer`, from its beginning to the next ASCII space or
/// punctuation: the normalized form of what lies between two of these depends on nothing else.
struct WordScanner: Sendable {
    private enum Kind: UInt8 { case letter, space, punctuation, other }

    private let normalizer: Normalizer
    private let kinds: [UInt8]
    /// The bit that makes a letter lower-case, in each byte, or 0.
    private let caseBits: UInt64

    init(_ normalizer: Normalizer) {
        self.normalizer = normalizer
        kinds = (0...255).map { (byte: UInt8) in
            guard byte < 0x80, let mapped = normalizer.asciiMap(byte) else { return Kind.other.rawValue }
            let flags = UnicodeTable.shared.flags(UInt32(mapped))
            let kind: Kind = flags.contains(.space) ? .space : flags.contains(.punctuation) ? .punctuation : isAlphanumeric(byte) ? .letter : .other
            return kind.rawValue
        }
        caseBits = normalizer.lowercases ? repeated(0x20) : 0
    }

    /// Hands the words of `range`, which must begin and end between scalars, to `sink`.
    func run<Output: ~Copyable>(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, into sink: inout WordSink<Output>) {
        let kinds = kinds.span
        var position = range.lowerBound
        while position < range.upperBound {
            let byte = bytes[position]
            switch kinds[Int(byte)] {
            case Kind.letter.rawValue:
                if let end = plainWord(bytes, position, range.upperBound, kinds, &sink) { position = end } else { fallthrough }
            case Kind.other.rawValue:
                sink.flush()
                let start = position
                while position < range.upperBound, isWordOrOther(kinds[Int(bytes[position])]) { position += 1 }
                normalizer.run(bytes, start..<position, into: &sink)
                sink.endWord()
            case Kind.punctuation.rawValue:
                sink.word(WordCache.Key(low: UInt64(byte)), count: 1, at: position)
                position &+= 1
            default:
                position &+= 1
            }
        }
        sink.flush()
    }

    @inline(__always)
    private func isWordOrOther(_ kind: UInt8) -> Bool { kind == Kind.letter.rawValue || kind == Kind.other.rawValue }

    /// Hands on the word at `start` if it is plain and short, and says where to go on: behind the space after it, if there is one.
    @inline(__always)
    private func plainWord<Output: ~Copyable>(
        _ bytes: borrowing Span<UInt8>, _ start: Int, _ limit: Int, _ kinds: borrowing Span<UInt8>, _ sink: inout WordSink<Output>
    ) -> Int? {
        var (low, stops) = letters(bytes, at: start, limit)
        var high: UInt64 = 0
        var length = stops.trailingZeroBitCount >> 3
        if stops != 0 {
            low &= (1 << UInt64(8 * length)) &- 1
        } else {
            (high, stops) = letters(bytes, at: start &+ 8, limit)
            guard stops != 0 else { return nil }
            length = stops.trailingZeroBitCount >> 3
            high &= (1 << UInt64(8 * length)) &- 1
            length += 8
        }
        let end = start &+ length
        let next = end < limit ? kinds[Int(bytes[end])] : Kind.punctuation.rawValue
        if next == Kind.other.rawValue { return nil }
        sink.word(WordCache.Key(low: low, high: high), count: length, at: start)
        return next == Kind.space.rawValue ? end &+ 1 : end
    }

    /// Eight bytes, letters in lower case if so asked; and the highest bit of each byte that is neither letter nor digit.
    @inline(__always)
    private func letters(_ bytes: borrowing Span<UInt8>, at position: Int, _ limit: Int) -> (UInt64, stops: UInt64) {
        let word = load(bytes, at: position, limit)
        let low7 = word & repeated(0x7F)
        let folded = low7 | repeated(0x20)
        let isLetter = (folded &+ repeated(0x80 - 0x61)) & ~(folded &+ repeated(0x80 - 0x7B))
        let isDigit = (low7 &+ repeated(0x80 - 0x30)) & ~(low7 &+ repeated(0x80 - 0x3A))
        return (word | (isLetter & repeated(0x80)) >> 2 & caseBits, (~(isLetter | isDigit) | word) & repeated(0x80))
    }

    /// Eight bytes from `position`, zero from `limit` on.
    @inline(__always)
    private func load(_ bytes: borrowing Span<UInt8>, at position: Int, _ limit: Int) -> UInt64 {
        if position <= limit &- 8 { return UInt64(littleEndian: unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)) }
        return loadEnd(bytes, at: position, limit)
    }

    @inline(never)
    private func loadEnd(_ bytes: borrowing Span<UInt8>, at position: Int, _ limit: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in 0..<max(0, limit - position) { word |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        return word
    }
}

@inline(__always)
private func repeated(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

private func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
}
