/// `DistilBertTokenizer` of transformers 4 or 2, which is written in Python, step by step. It tells no offsets.
///
/// Two steps differ: lower case is that of the pinned table, without context, and of added tokens that overlap the longest counts.
struct SlowTokenizer: Sendable {
    private let options: DistilBertTokenizer.Options
    private let model: WordPieceModel
    private let table = UnicodeTable.shared
    private let neverSplit: Set<[UInt32]>
    private let neverSplitOrSpecial: Set<[UInt32]>
    private let added: [[UInt32]: (id: Int32, token: AddedToken)]
    private let addedMatcher: AddedTokenMatcher
    private let keptMatcher: AddedTokenMatcher

    init(_ options: DistilBertTokenizer.Options, _ model: WordPieceModel, _ addedTokens: [Int32: AddedToken]) {
        self.options = options
        self.model = model
        let table = self.table
        var added: [[UInt32]: (id: Int32, token: AddedToken)] = [:]
        var special: Set<[UInt32]> = []
        var kept: [AddedTokenMatcher.Entry] = []
        for (id, token) in addedTokens {
            var content = token.content.unicodeScalars.map(\.value)
            if token.special { special.insert(content) }
            if !token.special, token.normalized, options.doLowerCase { content = lowercased(content, table) }
            if token.special || token.normalized { kept.append(plainEntry(content, id)) }
            added[content] = (id, token)
        }
        self.added = added
        addedMatcher = AddedTokenMatcher(added.map { plainEntry($0.key, $0.value.id) })
        keptMatcher = AddedTokenMatcher(kept)
        neverSplit = Set(options.neverSplit.map { $0.unicodeScalars.map(\.value) })
        neverSplitOrSpecial = neverSplit.union(special)
    }

    private var isV2: Bool { options.implementation == .v2 }

    func run<Output: ~Copyable>(_ bytes: borrowing Span<UInt8>, into sink: inout WordSink<Output>) {
        var text: [UInt32] = []
        for match in keptMatcher.split(bytes) {
            let part = scalars(bytes, match.range)
            text += match.id == nil && options.doLowerCase ? lowercased(part, table) : part
        }
        for piece in pieces(text) where !piece.isEmpty {
            if let known = added[piece] {
                sink.added(known.id, from: 0, to: 0)
            } else if options.doBasicTokenize {
                for word in basicWords(piece) {
                    if !isV2, neverSplit.contains(word) { sink.added(id(word), from: 0, to: 0) } else { put(word, into: &sink) }
                }
            } else {
                for word in split(piece) { put(word, into: &sink) }
            }
        }
    }

    /// The text cut at added tokens, white space and single words minded.
    private func pieces(_ text: [UInt32]) -> [[UInt32]] {
        let bytes = utf8(text)
        let span = bytes.span
        var pieces = addedMatcher.split(span).map { scalars(span, $0.range) }
        for index in pieces.indices {
            guard let token = added[pieces[index]]?.token else { continue }
            let left = index > 0 ? pieces[index - 1] : []
            let right = index + 1 < pieces.count ? pieces[index + 1] : []
            if token.rstrip, !right.isEmpty { pieces[index + 1] = Array(right.drop(while: isSpace)) }
            if token.lstrip, !left.isEmpty { pieces[index - 1] = Array(left.reversed().drop(while: isSpace).reversed()) }
            if token.singleWord, let last = left.last, last != 0x20 {
                pieces[index - 1] += pieces[index]
                pieces[index] = []
            } else if token.singleWord, let first = right.first, first != 0x20 {
                pieces[index + 1] = pieces[index] + pieces[index + 1]
                pieces[index] = []
            }
        }
        return pieces
    }

    /// Python's BasicTokenizer.
    private func basicWords(_ text: [UInt32]) -> [[UInt32]] {
        var clean: [UInt32] = []
        for scalar in text {
            let flags = table.flags(scalar)
            if scalar == 0 || scalar == 0xFFFD || flags.contains(.slowControl) { continue }
            if options.tokenizeChineseChars, isChinese(scalar) {
                clean += [0x20, scalar, 0x20]
            } else {
                clean.append(flags.contains(.slowSpace) ? 0x20 : scalar)
            }
        }
        var words: [[UInt32]] = []
        for token in split(isV2 ? clean : Composition.shared.composed(clean)) {
            var token = token
            if !neverSplitOrSpecial.contains(token) {
                if options.doLowerCase { token = lowercased(token, table) }
                if (isV2 ? nil : options.stripAccents) ?? options.doLowerCase {
                    token = Composition.shared.decomposed(token).filter { !table.flags($0).contains(.slowMark) }
                }
            }
            if !isV2, neverSplitOrSpecial.contains(token) { words.append(token) } else { splitAtPunctuation(token, &words) }
        }
        return words.flatMap(split)
    }

    private func splitAtPunctuation(_ token: [UInt32], _ words: inout [[UInt32]]) {
        var word: [UInt32] = []
        for scalar in token {
            guard table.flags(scalar).contains(.slowPunctuation) else {
                word.append(scalar)
                continue
            }
            if !word.isEmpty { words.append(word) }
            words.append([scalar])
            word = []
        }
        if !word.isEmpty { words.append(word) }
    }

    private func put<Output: ~Copyable>(_ word: [UInt32], into sink: inout WordSink<Output>) {
        for scalar in word { sink.scalar(scalar, [], from: 0, to: 0) }
        sink.endWord()
    }

    private func id(_ word: [UInt32]) -> Int32 { model.vocabulary.trie.value(of: utf8(word)) ?? model.unknown }

    /// Python's `str.split()`.
    private func split(_ text: [UInt32]) -> [[UInt32]] { text.split(whereSeparator: isSpace).map(Array.init) }

    private func isSpace(_ scalar: UInt32) -> Bool { table.flags(scalar).contains(.pythonSpace) }

    private func isChinese(_ scalar: UInt32) -> Bool { isChineseForCrate(scalar) || (0x2B820..<0x2B920).contains(scalar) }
}

private func plainEntry(_ content: [UInt32], _ id: Int32) -> AddedTokenMatcher.Entry {
    AddedTokenMatcher.Entry(pattern: utf8(content), id: id, token: AddedToken(""))
}

private func lowercased(_ text: [UInt32], _ table: UnicodeTable) -> [UInt32] {
    var result: [UInt32] = []
    result.reserveCapacity(text.count)
    for scalar in text { table.lowercase(scalar, table.entry(scalar)) { result.append($0) } }
    return result
}

private func utf8(_ text: [UInt32]) -> [UInt8] {
    var bytes: [UInt8] = []
    for scalar in text { encodeScalar(scalar) { bytes.append($0) } }
    return bytes
}

private func scalars(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt32] {
    var result: [UInt32] = []
    var position = range.lowerBound
    while position < range.upperBound { result.append(decodeScalar(bytes, &position)) }
    return result
}
