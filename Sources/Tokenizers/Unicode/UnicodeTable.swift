/// What a tokenizer asks about a code point. The names that begin with `slow` are Python's answers, the others those of the Rust crates.
struct ScalarFlags: OptionSet, Sendable {
    let rawValue: UInt16

    /// Removed by `clean_text`: U+0000, U+FFFD and what the crate calls "other".
    static let dropped = ScalarFlags(rawValue: 1)
    static let space = ScalarFlags(rawValue: 1 << 1)
    static let punctuation = ScalarFlags(rawValue: 1 << 2)
    /// Non-spacing mark, which `strip_accents` removes.
    static let mark = ScalarFlags(rawValue: 1 << 3)
    /// Part of a word, for an added token with `single_word`.
    static let word = ScalarFlags(rawValue: 1 << 4)
    /// Canonical order may move it, or what it decomposes into, although `strip_accents` keeps it.
    static let reorders = ScalarFlags(rawValue: 1 << 5)
    static let slowControl = ScalarFlags(rawValue: 1 << 6)
    static let slowSpace = ScalarFlags(rawValue: 1 << 7)
    static let slowPunctuation = ScalarFlags(rawValue: 1 << 8)
    static let slowMark = ScalarFlags(rawValue: 1 << 9)
    /// Where Python's `str.split()` splits.
    static let pythonSpace = ScalarFlags(rawValue: 1 << 10)
}

/// The pinned Unicode data, laid out for lookup.
struct UnicodeTable: Sendable {
    static let shared = UnicodeTable()

    struct Entry {
        let flags: ScalarFlags
        /// Where the scalar's mappings are, or 0 for none.
        let mapping: Int
    }

    private struct Mapping {
        var decomposition = 0..<0
        var lowercase = 0..<0
        var combiningClass: UInt8 = 0
    }

    private let blockOf: [UInt16]
    private let blocks: [UInt32]
    private let mappings: [Mapping]
    private let scalars: [UInt32]

    private init() {
        var scalars: [UInt32] = []
        let found = Self.readMappings(&scalars)
        var layout = BlockLayout()
        layout.readFlags()
        var mappings = [Mapping()]
        for (code, mapping) in found.sorted(by: { $0.key < $1.key }) {
            layout.setMapping(mappings.count, at: code)
            mappings.append(mapping)
        }
        self.scalars = scalars
        self.mappings = mappings
        blockOf = layout.blockOf
        blocks = layout.blocks
    }

    private static func readMappings(_ scalars: inout [UInt32]) -> [Int: Mapping] {
        var found: [Int: Mapping] = [:]
        func read(_ text: StaticString, _ field: WritableKeyPath<Mapping, Range<Int>>, _ scalars: inout [UInt32]) {
            var reader = NumberReader(text)
            var code = 0
            for _ in 0..<reader.next() {
                code += reader.next()
                let start = scalars.count
                for _ in 0..<reader.next() { scalars.append(UInt32(truncatingIfNeeded: code + reader.nextSigned())) }
                found[code, default: Mapping()][keyPath: field] = start..<scalars.count
            }
        }
        read(UnicodeData.decompositions, \.decomposition, &scalars)
        read(UnicodeData.lowercase, \.lowercase, &scalars)
        var reader = NumberReader(UnicodeData.combiningClasses)
        var code = 0
        for _ in 0..<reader.next() {
            let length = reader.next()
            let combiningClass = UInt8(truncatingIfNeeded: reader.next())
            if combiningClass > 0 {
                for code in code..<code + length { found[code, default: Mapping()].combiningClass = combiningClass }
            }
            code += length
        }
        return found
    }

    @inline(__always)
    func entry(_ scalar: UInt32) -> Entry {
        let value = blocks[Int(blockOf[Int(scalar >> 8)]) << 8 | Int(scalar & 255)]
        return Entry(flags: ScalarFlags(rawValue: UInt16(truncatingIfNeeded: value)), mapping: Int(value >> 16))
    }

    func flags(_ scalar: UInt32) -> ScalarFlags { entry(scalar).flags }

    func combiningClass(_ scalar: UInt32) -> UInt8 { mappings[entry(scalar).mapping].combiningClass }

    /// Calls `body` with each scalar of the full canonical decomposition, in the order of the data.
    @inline(__always)
    func decompose(_ scalar: UInt32, _ entry: Entry, _ body: (UInt32) -> Void) {
        if Hangul.syllables.contains(scalar) { return Hangul.decompose(scalar, body) }
        let range = mappings[entry.mapping].decomposition
        if range.isEmpty { return body(scalar) }
        for index in range { body(scalars[index]) }
    }

    /// Calls `body` with each scalar of the lower-case mapping.
    @inline(__always)
    func lowercase(_ scalar: UInt32, _ entry: Entry, _ body: (UInt32) -> Void) {
        let range = mappings[entry.mapping].lowercase
        if range.isEmpty { return body(scalar) }
        for index in range { body(scalars[index]) }
    }
}

/// Hangul syllables decompose by a rule (Unicode 3.12).
enum Hangul {
    static let syllables: ClosedRange<UInt32> = 0xAC00...0xD7A3

    static func decompose(_ syllable: UInt32, _ body: (UInt32) -> Void) {
        let index = syllable - syllables.lowerBound
        body(0x1100 + index / 588)
        body(0x1161 + index % 588 / 28)
        if index % 28 != 0 { body(0x11A7 + index % 28) }
    }
}

/// Blocks of 256 code points, equal ones shared: the low 16 bits of an entry are flags, the high ones the place of its mappings.
private struct BlockLayout {
    var blockOf: [UInt16] = []
    var blocks: [UInt32] = []
    private var isShared: [Bool] = []

    mutating func readFlags() {
        var reader = NumberReader(UnicodeData.flags)
        var uniform: [UInt32: UInt16] = [:]
        var partial: [UInt32] = []
        for _ in 0..<reader.next() {
            var length = reader.next()
            let flags = UInt32(truncatingIfNeeded: reader.next())
            while length > 0 {
                if partial.isEmpty, length >= 256 {
                    if uniform[flags] == nil { uniform[flags] = add([UInt32](repeating: flags, count: 256), shared: true) }
                    blockOf.append(uniform[flags] ?? 0)
                    length -= 256
                    continue
                }
                let part = min(length, 256 - partial.count)
                partial += repeatElement(flags, count: part)
                length -= part
                if partial.count == 256 {
                    blockOf.append(add(partial, shared: false))
                    partial.removeAll(keepingCapacity: true)
                }
            }
        }
    }

    mutating func setMapping(_ mapping: Int, at code: Int) {
        var block = Int(blockOf[code >> 8])
        if isShared[block] {
            let own = add(Array(blocks[block << 8..<(block + 1) << 8]), shared: false)
            blockOf[code >> 8] = own
            block = Int(own)
        }
        blocks[block << 8 | code & 255] |= UInt32(truncatingIfNeeded: mapping) << 16
    }

    private mutating func add(_ block: [UInt32], shared: Bool) -> UInt16 {
        blocks += block
        isShared.append(shared)
        return UInt16(truncatingIfNeeded: isShared.count - 1)
    }
}
