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
    private let prefixLength: Int32
    private let lengths: [Int32]

    init(vocabulary: Vocabulary, prefix: String, longestWord: Int, unknown: Int32) {
        self.vocabulary = vocabulary
        self.prefix = prefix
        self.longestWord = longestWord
        self.unknown = unknown
        continuation = vocabulary.trie.node(prefix.utf8)
        prefixLength = Int32(truncatingIfNeeded: prefix.utf8.count)
        lengths = vocabulary.tokens.map { Int32(truncatingIfNeeded: $0?.utf8.count ?? 0) }
    }

    /// How many bytes of a word the token `id` stands for.
    func length(_ id: Int32, continues: Bool) -> Int32 { lengths[Int(id)] - (continues ? prefixLength : 0) }

    /// A part of a word.
    struct Piece {
        let id: Int32
        /// Where it ends in the word.
        let end: Int
    }

    /// The only piece of a word of `count` bytes that the vocabulary can't express.
    func unknown(_ count: Int) -> Piece { Piece(id: unknown, end: count) }

    /// Puts the pieces of a word of `count` bytes into `pieces`; false where there are none that make it up.
    @inline(__always)
    func cut(count: Int, into pieces: inout [Piece], byte: (Int) -> UInt8) -> Bool {
        pieces.removeAll(keepingCapacity: true)
        let nodes = vocabulary.trie.nodes
        var position = 0
        var start = ByteTrie.root
        while position < count {
            guard start >= 0, let piece = longestPiece(nodes.span, count, from: start, at: position, byte) else { return false }
            pieces.append(piece)
            position = piece.end
            start = continuation
        }
        return true
    }

    /// The longest piece of the word at `position` among the strings below the node `start`.
    @inline(__always)
    private func longestPiece(_ nodes: borrowing Span<ByteTrie.Node>, _ count: Int, from start: Int32, at position: Int, _ byte: (Int) -> UInt8) -> Piece? {
        var found: Piece?
        var node = start
        var base = nodes[Int(start)].base
        for next in position..<count {
            let place = Int(base) + Int(byte(next))
            let child = nodes[place]
            guard child.parent == node else { break }
            if child.value >= 0 { found = Piece(id: child.value, end: next + 1) }
            node = Int32(truncatingIfNeeded: place)
            base = child.base
        }
        return found
    }
}
