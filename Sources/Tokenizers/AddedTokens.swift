/// A token that is found in the text as it stands, before words are cut.
public struct AddedToken: Sendable, Equatable {
    /// The text of the token.
    public var content: String
    /// Whether it takes the white space on its left with it.
    public var lstrip: Bool
    /// Whether it takes the white space on its right with it.
    public var rstrip: Bool
    /// Whether it counts only where no letter, digit or underscore touches it.
    public var singleWord: Bool
    /// Whether it is looked for in the normalized text rather than in the text as given.
    public var normalized: Bool
    /// Whether decoding leaves it out with `skipSpecialTokens`.
    public var special: Bool

    /// A token with the flags that `transformers` calls `lstrip`, `rstrip`, `single_word`, `normalized` (by default unless special) and `special`.
    public init(
        _ content: String, lstrip: Bool = false, rstrip: Bool = false, singleWord: Bool = false, normalized: Bool? = nil, special: Bool = false
    ) {
        self.content = content
        self.lstrip = lstrip
        self.rstrip = rstrip
        self.singleWord = singleWord
        self.normalized = normalized ?? !special
        self.special = special
    }
}

/// Finds added tokens: of those that begin first the longest, as the crate's Aho-Corasick does.
struct AddedTokenMatcher: Sendable {
    struct Entry: Sendable {
        let pattern: [UInt8]
        let id: Int32
        let token: AddedToken
    }

    struct Match: Equatable {
        /// The token, or nil for text between tokens.
        let id: Int32?
        let range: Range<Int>
    }

    private let entries: [Entry]
    private let trie: ByteTrie
    private let canBegin: [Bool]
    /// The first byte of every token, if it is the same.
    private let onlyFirst: UInt8?

    var isEmpty: Bool { entries.isEmpty }

    init(_ entries: [Entry]) {
        let entries = entries.filter { !$0.pattern.isEmpty }
        self.entries = entries
        trie = ByteTrie(entries.enumerated().map { ($1.pattern, Int32(truncatingIfNeeded: $0)) })
        var canBegin = [Bool](repeating: false, count: 256)
        for entry in entries { canBegin[Int(entry.pattern[0])] = true }
        self.canBegin = canBegin
        let first = canBegin.firstIndex(of: true)
        onlyFirst = first == canBegin.lastIndex(of: true) ? first.map { UInt8(truncatingIfNeeded: $0) } : nil
    }

    /// False where certainly no token is in the text.
    func mayMatch(_ bytes: borrowing Span<UInt8>) -> Bool {
        guard let onlyFirst else { return !entries.isEmpty }
        var position = firstIndex(of: onlyFirst, in: bytes, from: 0)
        while position < bytes.count {
            if longest(bytes, at: position) != nil { return true }
            position = firstIndex(of: onlyFirst, in: bytes, from: position + 1)
        }
        return false
    }

    /// Tokens and the text between them, in order; empty stretches are left out.
    func split(_ bytes: borrowing Span<UInt8>) -> [Match] {
        var matches: [Match] = []
        var done = 0
        var spaces = 0..<0
        var position = 0
        while !entries.isEmpty, position < bytes.count {
            guard canBegin[Int(bytes[position])], let (index, matchEnd) = longest(bytes, at: position) else {
                position += 1
                continue
            }
            let entry = entries[index]
            var start = position
            var end = matchEnd
            if entry.token.singleWord, isWord(bytes, before: start) || isWord(bytes, after: end) {
                position = matchEnd
                continue
            }
            if entry.token.lstrip { start = max(done, spaceStart(bytes, before: start, notBefore: done)) }
            if entry.token.rstrip {
                if !spaces.contains(end) { spaces = end..<spaceEnd(bytes, after: end) }
                end = spaces.upperBound
            }
            if done < start { matches.append(Match(id: nil, range: done..<start)) }
            if start < end { matches.append(Match(id: entry.id, range: start..<end)) }
            done = end
            // As in the crate, the next token may begin in the white space that this one took.
            position = matchEnd
        }
        if done < bytes.count { matches.append(Match(id: nil, range: done..<bytes.count)) }
        return matches
    }

    private func longest(_ bytes: borrowing Span<UInt8>, at start: Int) -> (Int, Int)? {
        var node = ByteTrie.root
        var position = start
        var found: (Int, Int)?
        while position < bytes.count {
            node = trie.child(node, bytes[position])
            if node < 0 { break }
            position += 1
            if trie.value(node) >= 0 { found = (Int(trie.value(node)), position) }
        }
        return found
    }

    private func isWord(_ bytes: borrowing Span<UInt8>, before position: Int) -> Bool {
        guard position > 0 else { return false }
        var start = scalarStart(bytes, before: position)
        return UnicodeTable.shared.flags(decodeScalar(bytes, &start)).contains(.word)
    }

    private func isWord(_ bytes: borrowing Span<UInt8>, after position: Int) -> Bool {
        guard position < bytes.count else { return false }
        var position = position
        return UnicodeTable.shared.flags(decodeScalar(bytes, &position)).contains(.word)
    }

    private func spaceStart(_ bytes: borrowing Span<UInt8>, before position: Int, notBefore lowest: Int) -> Int {
        var position = position
        while position > lowest {
            let start = scalarStart(bytes, before: position)
            var next = start
            guard UnicodeTable.shared.flags(decodeScalar(bytes, &next)).contains(.space) else { break }
            position = start
        }
        return position
    }

    private func spaceEnd(_ bytes: borrowing Span<UInt8>, after position: Int) -> Int {
        var position = position
        while position < bytes.count {
            var next = position
            guard UnicodeTable.shared.flags(decodeScalar(bytes, &next)).contains(.space) else { break }
            position = next
        }
        return position
    }

    private func scalarStart(_ bytes: borrowing Span<UInt8>, before position: Int) -> Int {
        var start = position
        repeat { start -= 1 } while start > 0 && bytes[start] & 0xC0 == 0x80
        return start
    }
}

/// Keeps the normalized text whole, for added tokens that are looked for in it.
struct NormalizedText: ScalarSink {
    private(set) var bytes: [UInt8] = []
    private(set) var starts: [Int] = []
    private(set) var ends: [Int] = []

    mutating func ascii(_ byte: UInt8, from start: Int) { put(byte, start, start + 1) }

    mutating func scalar(_ scalar: UInt32, _ flags: ScalarFlags, from start: Int, to end: Int) {
        encodeScalar(scalar) { put($0, start, end) }
    }

    private mutating func put(_ byte: UInt8, _ start: Int, _ end: Int) {
        bytes.append(byte)
        starts.append(start)
        ends.append(end)
    }
}
