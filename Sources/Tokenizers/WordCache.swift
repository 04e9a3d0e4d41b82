internal import Parallelism

/// The pieces of words that were cut before, by the words' bytes. Of fixed size: a word takes the place of another. One thread at a time may use it.
final class WordCache: @unchecked Sendable {
    /// A word of 1 to 15 bytes, none of them 0, followed by zeros.
    struct Key: BitwiseCopyable {
        var low: UInt64 = 0
        var high: UInt64 = 0
    }

    /// One to four pieces; none for a word that isn't there.
    struct Pieces {
        var ids = SIMD4<Int32>()
        var count = 0
    }

    struct Entry: BitwiseCopyable {
        var low: UInt64
        /// The key's high part, and in its highest byte the number of pieces.
        var high: UInt64
        var ids: SIMD4<Int32>
    }

    static let longestKey = 15
    static let mostPieces = 4
    private static let bits: UInt64 = 15
    /// Two by two: both places of a word are in one cache line.
    private let entries = LineBuffer<Entry>(count: 2 << bits)

    init() {}

    /// Begins with what `other` has.
    init(copying other: WordCache) { entries.copy(other.entries, 0..<entries.count) }

    @inline(__always)
    func pieces(_ key: Key) -> Pieces {
        let place = place(key)
        let first = entries[place]
        // Without a branch: which of the two it is can't be foretold.
        let entry = entries[place + ((first.low ^ key.low) | (first.high ^ key.high) << 8 == 0 ? 0 : 1)]
        guard (entry.low ^ key.low) | (entry.high ^ key.high) << 8 == 0 else { return Pieces() }
        return Pieces(ids: entry.ids, count: Int(truncatingIfNeeded: entry.high >> 56))
    }

    func insert(_ pieces: Pieces, for key: Key) {
        let place = place(key)
        entries[place + 1] = entries[place]
        entries[place] = Entry(low: key.low, high: key.high | UInt64(pieces.count) << 56, ids: pieces.ids)
    }

    @inline(__always)
    private func place(_ key: Key) -> Int {
        let mixed = (key.low &* 0x9E37_79B9_7F4A_7C15) ^ (key.high &* 0xC2B2_AE3D_27D4_EB4F)
        return 2 * Int(truncatingIfNeeded: mixed >> (64 - Self.bits))
    }
}

extension WordCache.Key {
    /// Nil where `bytes` can't be a key.
    @inline(__always)
    init?(_ bytes: borrowing Span<UInt8>, count: Int) {
        guard count <= WordCache.longestKey else { return nil }
        self.init()
        for index in 0..<count {
            let byte = UInt64(bytes[index])
            if byte == 0 { return nil }
            if index < 8 { low |= byte << UInt64(8 * index) } else { high |= byte << UInt64(8 * index - 64) }
        }
    }

    /// The byte at `index`, of 0 to 14.
    func byte(_ index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: index < 8 ? low >> UInt64(8 * index) : high >> UInt64(8 * index - 64))
    }
}

extension WordPieceModel {
    /// A cache of the words that are one piece: a third of the words of a text that are new to a thread are of these.
    var wholeWords: WordCache {
        let cache = WordCache()
        for (id, token) in vocabulary.tokens.enumerated() {
            let (bytes, id) = (Array((token ?? "").utf8), Int32(truncatingIfNeeded: id))
            guard vocabulary.trie.value(of: bytes) == id, 1...longestWord ~= bytes.count, let key = WordCache.Key(bytes.span, count: bytes.count) else {
                continue
            }
            cache.insert(WordCache.Pieces(ids: SIMD4(id, 0, 0, 0), count: 1), for: key)
        }
        return cache
    }
}

/// What a tokenizer keeps from one call to the next: a cache for each thread that was at work, and its threads.
final class WorkMemory: Sendable {
    private let wholeWords: WordCache
    private let caches = Locked<[WordCache]>([])
    private let lastPool = Locked<ThreadPool?>(nil)

    /// Caches begin as `wholeWords`, into which nobody writes any more.
    init(_ wholeWords: WordCache) { self.wholeWords = wholeWords }

    /// A cache that nobody else has; to be given back.
    func takeCache() -> WordCache { caches.withLock { $0.popLast() } ?? WordCache(copying: wholeWords) }

    func giveBack(_ cache: WordCache) {
        caches.withLock { caches in
            if caches.count < 64 { caches.append(cache) }
        }
    }

    func pool(threads: Int?) -> ThreadPool {
        let pool = ThreadPool.shared(threads: threads)
        lastPool.withLock { $0 = pool }
        return pool
    }
}
