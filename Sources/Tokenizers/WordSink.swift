/// Cuts normalized scalars into words at spaces and punctuation (Rust's BertPreTokenizer) and words into pieces.
struct WordSink<Output: TokenOutput & ~Copyable>: ScalarSink, ~Copyable {
    private let model: WordPieceModel
    private let kinds = asciiKinds
    var output: Output
    private let cache: WordCache
    private var word: Int32 = 0

    // The word so far: its bytes and, for each, the bytes of the text that it comes from.
    private var bytes: [UInt8]
    private var starts: [Int32]
    private var ends: [Int32]
    private var count = 0
    private var scalars = 0
    private var pieces: [WordPieceModel.Piece] = []

    /// Words that were found and not yet looked up: one after another waits for memory, many at once wait together.
    private let found = LineBuffer<FoundWord>(count: 64)
    private var foundCount = 0

    init(_ model: WordPieceModel, _ output: consuming Output, cache: WordCache) {
        self.model = model
        self.output = output
        self.cache = cache
        let capacity = max(4 * model.longestWord, WordCache.longestKey) + 4
        bytes = [UInt8](repeating: 0, count: capacity)
        starts = [Int32](repeating: 0, count: capacity)
        ends = [Int32](repeating: 0, count: capacity)
    }

    /// The next word is the first of its text.
    mutating func beginText() { word = 0 }

    @inline(__always)
    mutating func ascii(_ byte: UInt8, from start: Int) {
        switch kinds[Int(byte)] {
        case AsciiKind.letter.rawValue: append(byte, start, start + 1)
        case AsciiKind.space.rawValue: endWord()
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

    /// A token that is a word of its own: one found as such in the text.
    mutating func added(_ id: Int32, from start: Int, to end: Int) {
        output.put(id, word: word, from: Int32(truncatingIfNeeded: start), to: Int32(truncatingIfNeeded: end))
        word &+= 1
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
}

// Words into pieces.
extension WordSink where Output: ~Copyable {
    /// A whole word of normalized ASCII, one byte of the text each. It comes out with `flush` at the latest.
    @inline(__always)
    mutating func word(_ key: WordCache.Key, count: Int, at start: Int) {
        found[foundCount] = FoundWord(key: key, start: Int32(truncatingIfNeeded: start), count: Int32(truncatingIfNeeded: count))
        foundCount &+= 1
        if foundCount == found.count { flush() }
    }

    /// Looks up the words that were found; to be called before anything else is put.
    mutating func flush() {
        for index in 0..<foundCount {
            let found = found[index]
            let pieces = cache.pieces(found.key)
            if pieces.count == 0 {
                uncached(found)
                continue
            }
            if Output.wantsPlaces { put(pieces, found) } else { output.put(pieces) }
            word &+= 1
        }
        foundCount = 0
    }

    @inline(never)
    private mutating func uncached(_ found: FoundWord) {
        let count = Int(found.count)
        if count > model.longestWord || !model.cut(count: count, into: &pieces, byte: { found.key.byte($0) }) { pieces = [model.unknown(count)] }
        remember(for: found.key)
        var start = found.start
        for piece in pieces {
            let end = found.start + Int32(truncatingIfNeeded: piece.end)
            output.put(piece.id, word: word, from: start, to: end)
            start = end
        }
        word &+= 1
    }

    @inline(__always)
    private mutating func put(_ pieces: WordCache.Pieces, _ found: FoundWord) {
        var position = found.start
        for index in 0..<pieces.count {
            let id = pieces.ids[index]
            let end = index == pieces.count - 1 ? found.start + found.count : position + model.length(id, continues: index > 0)
            output.put(id, word: word, from: position, to: end)
            position = end
        }
    }

    /// Cuts the word so far into pieces.
    mutating func endWord() {
        guard count > 0 else { return }
        defer {
            count = 0
            scalars = 0
        }
        let key = scalars <= model.longestWord ? WordCache.Key(bytes.span, count: count) : nil
        let known = key.map(cache.pieces) ?? WordCache.Pieces()
        if known.count > 0, !Output.wantsPlaces {
            output.put(known)
        } else if known.count == 1 {
            output.put(known.ids[0], word: word, from: starts[0], to: ends[count - 1])
        } else {
            cut(key)
        }
        word &+= 1
    }

    private mutating func cut(_ key: WordCache.Key?) {
        let bytes = bytes
        if scalars > model.longestWord || !model.cut(count: count, into: &pieces, byte: { bytes[$0] }) { pieces = [model.unknown(count)] }
        if let key { remember(for: key) }
        var position = 0
        for piece in pieces {
            output.put(piece.id, word: word, from: starts[position], to: ends[piece.end - 1])
            position = piece.end
        }
    }

    private func remember(for key: WordCache.Key) {
        guard pieces.count <= WordCache.mostPieces else { return }
        var entry = WordCache.Pieces(count: pieces.count)
        for index in pieces.indices { entry.ids[index] = pieces[index].id }
        cache.insert(entry, for: key)
    }
}

/// A word whose bytes are those of the text from `start` on.
struct FoundWord: BitwiseCopyable {
    let key: WordCache.Key
    let start: Int32
    let count: Int32
}

private enum AsciiKind: UInt8 { case letter, space, punctuation }

private let asciiKinds: [UInt8] = (0..<128).map { byte in
    let flags = UnicodeTable.shared.flags(UInt32(byte as Int))
    return (flags.contains(.space) ? AsciiKind.space : flags.contains(.punctuation) ? .punctuation : .letter).rawValue
}
