/// Greedy longest match over the vocabulary, and how it fails.
struct WordPieceModel: Sendable {
    /// What a piece that continues a word begins with.
    let prefix: String
    /// Words of more scalars are unknown.
    let longestWord: Int
    let unknown: Int32
    let vocabulary: Vocabulary
    /// The node that pieces continuing a word start from, or -1 if there are none.
    let continuation: Int32

    init(vocabulary: Vocabulary, prefix: String, longestWord: Int, unknown: Int32) {
        self.vocabulary = vocabulary
        self.prefix = prefix
        self.longestWord = longestWord
        self.unknown = unknown
        continuation = vocabulary.trie.node(prefix.utf8)
    }
}

/// A token with where it is from, in bytes until `Encoding` is made.
struct TokenRecord: Sendable, Equatable {
    static let none: Int32 = -1

    var id: Int32
    var word: Int32 = none
    var start: Int32 = 0
    var end: Int32 = 0
    var scalarStart: Int32 = 0
    var scalarEnd: Int32 = 0
    var type: UInt8 = 0
    /// 0 or 1: which of the texts; 2 for neither.
    var sequence: UInt8 = 2
    var isSpecial = false
    var isPadding = false
}

/// Cuts normalized scalars into words at spaces and punctuation (Rust's BertPreTokenizer) and words into pieces.
struct WordSink: ScalarSink {
    private enum Kind: UInt8 { case letter, space, punctuation }

    private let model: WordPieceModel
    private let kinds = asciiKinds
    private var records: [TokenRecord] = []
    private var word: Int32 = 0

    // The word so far: its bytes and, for each, the bytes of the text that it comes from.
    private var bytes: [UInt8]
    private var starts: [Int32]
    private var ends: [Int32]
    private var count = 0
    private var scalars = 0

    init(_ model: WordPieceModel) {
        self.model = model
        let capacity = 4 * model.longestWord + 4
        bytes = [UInt8](repeating: 0, count: capacity)
        starts = [Int32](repeating: 0, count: capacity)
        ends = [Int32](repeating: 0, count: capacity)
    }

    @inline(__always)
    mutating func ascii(_ byte: UInt8, from start: Int) {
        switch kinds[Int(byte)] {
        case Kind.letter.rawValue: append(byte, start, start + 1)
        case Kind.space.rawValue: endWord()
        default:
            endWord()
            append(byte, start, start + 1)
            endWord()
        }
    }

    mutating func scalar(_ scalar: UInt32, _ flags: ScalarFlags, from start: Int, to end: Int) {
        if flags.contains(.space) { return endWord() }
        if flags.contains(.punctuation) {
            endWord()
            append(scalar, start, end)
            endWord()
        } else {
            append(scalar, start, end)
        }
    }

    /// The tokens of a text that is at its end, and an empty sink for the next.
    mutating func takeRecords() -> [TokenRecord] {
        let taken = records
        records = []
        records.reserveCapacity(taken.count)
        word = 0
        return taken
    }

    /// A token that was found as such in the text.
    mutating func added(_ id: Int32, from start: Int, to end: Int) {
        records.append(TokenRecord(id: id, word: word, start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: end)))
        word += 1
    }

    @inline(__always)
    private mutating func append(_ byte: UInt8, _ start: Int, _ end: Int) {
        if scalars < model.longestWord {
            put(byte, start, end)
        } else {
            ends[count - 1] = Int32(truncatingIfNeeded: end)
        }
        scalars += 1
    }

    private mutating func append(_ scalar: UInt32, _ start: Int, _ end: Int) {
        if scalars < model.longestWord {
            encodeScalar(scalar) { put($0, start, end) }
        } else {
            ends[count - 1] = Int32(truncatingIfNeeded: end)
        }
        scalars += 1
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8, _ start: Int, _ end: Int) {
        bytes[count] = byte
        starts[count] = Int32(truncatingIfNeeded: start)
        ends[count] = Int32(truncatingIfNeeded: end)
        count += 1
    }

    /// Cuts the word so far into pieces.
    mutating func endWord() {
        guard count > 0 else { return }
        if scalars > model.longestWord || !matchPieces() {
            records.append(TokenRecord(id: model.unknown, word: word, start: starts[0], end: ends[count - 1]))
        }
        word += 1
        count = 0
        scalars = 0
    }

    /// Appends the pieces of the word; without effect where there are none that make it up.
    private mutating func matchPieces() -> Bool {
        let nodes = model.vocabulary.trie.nodes
        let before = records.count
        var position = 0
        var start = ByteTrie.root
        while position < count {
            guard start >= 0, let (id, end) = longestPiece(nodes.span, from: start, at: position) else {
                records.removeLast(records.count - before)
                return false
            }
            records.append(TokenRecord(id: id, word: word, start: starts[position], end: ends[end - 1]))
            position = end
            start = model.continuation
        }
        return true
    }

    /// The longest piece of the word at `position` among the strings below the node `start`, and where it ends.
    @inline(__always)
    private func longestPiece(_ nodes: borrowing Span<ByteTrie.Node>, from start: Int32, at position: Int) -> (Int32, Int)? {
        var found: (Int32, Int)?
        var node = start
        var base = nodes[Int(start)].base
        for next in position..<count {
            let place = Int(base) + Int(bytes[next])
            let child = nodes[place]
            guard child.parent == node else { break }
            if child.value >= 0 { found = (child.value, next + 1) }
            node = Int32(truncatingIfNeeded: place)
            base = child.base
        }
        return found
    }
}

private let asciiKinds: [UInt8] = (0..<128).map { byte in
    let flags = UnicodeTable.shared.flags(UInt32(byte as Int))
    return flags.contains(.space) ? 1 : flags.contains(.punctuation) ? 2 : 0
}
