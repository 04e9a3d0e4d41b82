internal import Bytes

/// What takes normalized scalars, one at a time, each with the bytes of the text that it comes from.
protocol ScalarSink: ~Copyable {
    mutating func ascii(_ byte: UInt8, from start: Int)
    mutating func scalar(_ scalar: UInt32, _ flags: ScalarFlags, from start: Int, to end: Int)
}

/// A normalized scalar and the bytes of the text that it comes from.
struct AlignedScalar: Equatable {
    var value: UInt32
    var start: Int
    var end: Int
}

/// Rust's BertNormalizer: clean text, spaces around CJK, NFD without marks, lower case.
struct Normalizer: Sendable {
    let cleansText: Bool
    let spacesCJK: Bool
    let stripsAccents: Bool
    let lowercases: Bool
    private let table = UnicodeTable.shared
    /// What each ASCII byte becomes; 0xFF for nothing.
    private let asciiTable: [UInt8]

    init(cleansText: Bool, spacesCJK: Bool, stripsAccents: Bool, lowercases: Bool) {
        self.cleansText = cleansText
        self.spacesCJK = spacesCJK
        self.stripsAccents = stripsAccents
        self.lowercases = lowercases
        let table = self.table
        asciiTable = (0..<128).map { (byte: UInt8) in
            let flags = table.flags(UInt32(byte))
            if cleansText, flags.contains(.dropped) { return 0xFF }
            if cleansText, flags.contains(.space) { return 0x20 }
            return lowercases && (0x41...0x5A).contains(byte) ? byte + 0x20 : byte
        }
    }

    /// What an ASCII byte becomes; nil for nothing.
    func asciiMap(_ byte: UInt8) -> UInt8? { asciiTable[Int(byte)] == 0xFF ? nil : asciiTable[Int(byte)] }

    /// Hands the normalized scalars of `range`, which must begin and end between scalars, to `sink`.
    func run(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, into sink: inout some ScalarSink & ~Copyable) {
        var position = range.lowerBound
        while position < range.upperBound {
            let byte = bytes[position]
            if byte < 0x80 {
                let mapped = asciiTable[Int(byte)]
                if mapped != 0xFF { sink.ascii(mapped, from: position) }
                position += 1
                continue
            }
            let start = position
            let scalar = decodeScalar(bytes, &position)
            let entry = table.entry(scalar)
            if stripsAccents, entry.flags.contains(.reorders) {
                // Only a run of marks is put in order, but it begins at the scalar before.
                position = runInOrder(bytes, at: start, in: range, into: &sink)
                continue
            }
            emit(scalar, entry, from: start, to: position, into: &sink)
        }
    }

    @inline(__always)
    private func emit(_ scalar: UInt32, _ entry: UnicodeTable.Entry, from start: Int, to end: Int, into sink: inout some ScalarSink & ~Copyable) {
        if cleansText {
            if entry.flags.contains(.dropped) { return }
            if entry.flags.contains(.space) { return sink.scalar(0x20, .space, from: start, to: end) }
        }
        let isCJK = spacesCJK && isChineseForCrate(scalar)
        if isCJK { sink.scalar(0x20, .space, from: start, to: end) }
        fold(scalar, entry, from: start, to: end, into: &sink)
        if isCJK { sink.scalar(0x20, .space, from: start, to: end) }
    }

    @inline(__always)
    private func fold(_ scalar: UInt32, _ entry: UnicodeTable.Entry, from start: Int, to end: Int, into sink: inout some ScalarSink & ~Copyable) {
        if entry.mapping == 0, !Hangul.syllables.contains(scalar) || !stripsAccents {
            if !stripsAccents || !entry.flags.contains(.mark) { sink.scalar(scalar, entry.flags, from: start, to: end) }
            return
        }
        guard stripsAccents else { return lower(scalar, entry, from: start, to: end, into: &sink) }
        table.decompose(scalar, entry) { part in
            let entry = table.entry(part)
            if !entry.flags.contains(.mark) { lower(part, entry, from: start, to: end, into: &sink) }
        }
    }

    @inline(__always)
    private func lower(_ scalar: UInt32, _ entry: UnicodeTable.Entry, from start: Int, to end: Int, into sink: inout some ScalarSink & ~Copyable) {
        guard lowercases else { return sink.scalar(scalar, entry.flags, from: start, to: end) }
        table.lowercase(scalar, entry) { sink.scalar($0, table.flags($0), from: start, to: end) }
    }
}

// Canonical order, which matters only where marks are stripped and yet some scalar of a combining class stays.
extension Normalizer {
    private struct Part {
        let value: UInt32
        let order: UInt8
        /// Not the first of its decomposition: it takes the place of no scalar of the text.
        let isAdded: Bool
    }

    /// Handles the run of combining scalars around the one at `position`, and says where it ends.
    ///
    /// As in the crate's `NormalizedString`, what a scalar comes from is told by its place in the ordered run.
    private func runInOrder(_ bytes: borrowing Span<UInt8>, at position: Int, in range: Range<Int>, into sink: inout some ScalarSink & ~Copyable) -> Int {
        var start = position
        if leadingClass(scalar(bytes, at: position)) != 0 { start = runStart(bytes, before: position, notBefore: range.lowerBound) }
        var origins: [Range<Int>] = []
        var parts: [Part] = []
        var next = start
        while next < range.upperBound {
            let from = next
            let scalar = decodeScalar(bytes, &next)
            let entry = table.entry(scalar)
            if cleansText, entry.flags.contains(.dropped) { continue }
            if from > position, leadingClass(scalar) == 0 {
                next = from
                break
            }
            origins.append(from..<next)
            var isAdded = false
            table.decompose(scalar, entry) { part in
                parts.append(Part(value: part, order: table.combiningClass(part), isAdded: isAdded))
                isAdded = true
            }
        }
        var used = 0
        for index in parts.indices.sorted(by: { (parts[$0].order, $0) < (parts[$1].order, $1) }) {
            let part = parts[index]
            if !part.isAdded { used += 1 }
            let origin = origins[max(0, used - 1)]
            let entry = table.entry(part.value)
            if !entry.flags.contains(.mark) { lower(part.value, entry, from: origin.lowerBound, to: origin.upperBound, into: &sink) }
        }
        return next
    }

    /// The start of the combining scalars right before `position`; a scalar that is removed anyway doesn't end them.
    private func runStart(_ bytes: borrowing Span<UInt8>, before position: Int, notBefore lowest: Int) -> Int {
        var start = position
        var candidate = position
        while candidate > lowest {
            repeat { candidate -= 1 } while candidate > lowest && bytes[candidate] & 0xC0 == 0x80
            let scalar = scalar(bytes, at: candidate)
            if leadingClass(scalar) != 0 {
                start = candidate
            } else if !cleansText || !table.flags(scalar).contains(.dropped) {
                break
            }
        }
        return start
    }

    /// The combining class of the first scalar that `scalar` decomposes into.
    private func leadingClass(_ scalar: UInt32) -> UInt8 {
        var first: UInt32?
        table.decompose(scalar, table.entry(scalar)) { first = first ?? $0 }
        return table.combiningClass(first ?? scalar)
    }

    private func scalar(_ bytes: borrowing Span<UInt8>, at position: Int) -> UInt32 {
        var position = position
        return decodeScalar(bytes, &position)
    }
}

/// The blocks that get spaces around them. The crate begins one of them at U+2B920, not U+2B820.
func isChineseForCrate(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F: true
    default: false
    }
}

/// The scalar at `position`, which moves behind it. The bytes must be UTF-8, as those of a String are.
@inline(__always)
func decodeScalar(_ bytes: borrowing Span<UInt8>, _ position: inout Int) -> UInt32 {
    let lead = UInt32(bytes[position])
    let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    var scalar = length == 1 ? lead : lead & (0x7F >> UInt32(length))
    for index in 1..<max(1, length) { scalar = scalar << 6 | UInt32(bytes[position + index] & 0x3F) }
    position += length
    return scalar
}

/// Appends `scalar` in UTF-8.
@inline(__always)
func encodeScalar(_ scalar: UInt32, _ append: (UInt8) -> Void) {
    switch scalar {
    case 0..<0x80: append(UInt8(truncatingIfNeeded: scalar))
    case 0x80..<0x800:
        append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
        append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
    case 0x800..<0x10000:
        append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
        append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
        append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
    default:
        append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
        append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
        append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
        append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
    }
}
