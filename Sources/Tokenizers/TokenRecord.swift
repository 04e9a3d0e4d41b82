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

/// What takes the tokens of a text, each with its word and the bytes that it comes from.
protocol TokenOutput: ~Copyable, SendableMetatype {
    /// Whether it looks at anything but the id.
    static var wantsPlaces: Bool { get }
    mutating func put(_ id: Int32, word: Int32, from start: Int32, to end: Int32)
    /// The pieces of one word; called only where places are not wanted.
    mutating func put(_ pieces: WordCache.Pieces)
}

/// Keeps all that is known of a token.
struct RecordOutput: TokenOutput {
    static let wantsPlaces = true
    var records: [TokenRecord] = []

    @inline(__always)
    mutating func put(_ id: Int32, word: Int32, from start: Int32, to end: Int32) {
        records.append(TokenRecord(id: id, word: word, start: start, end: end))
    }

    mutating func put(_ pieces: WordCache.Pieces) {}
}

/// Keeps ids alone.
struct IDOutput: TokenOutput, ~Copyable {
    static let wantsPlaces = false
    private var buffer = LineBuffer<Int32>(count: 1 << 12)
    private(set) var count = 0

    @inline(__always)
    mutating func put(_ id: Int32, word: Int32, from start: Int32, to end: Int32) {
        if count > buffer.count &- WordCache.mostPieces { grow() }
        buffer[count] = id
        count &+= 1
    }

    @inline(__always)
    mutating func put(_ pieces: WordCache.Pieces) {
        if count > buffer.count &- WordCache.mostPieces { grow() }
        buffer.store(pieces.ids, at: count)
        count &+= pieces.count
    }

    @inline(never)
    private mutating func grow() {
        let larger = LineBuffer<Int32>(count: 2 * buffer.count)
        larger.copy(buffer, count: count)
        buffer = larger
    }

    mutating func put(_ ids: [Int32]) {
        for id in ids { put(id, word: 0, from: 0, to: 0) }
    }

    /// Keeps of what was put since `start` only `kept`, counted from there.
    mutating func keep(_ kept: Range<Int>, from start: Int) {
        for index in kept where kept.lowerBound > 0 { buffer[start + index - kept.lowerBound] = buffer[start + index] }
        count = start + kept.count
    }

    /// Hands over what was put, and begins anew.
    mutating func takeIDs() -> [Int32] {
        defer { count = 0 }
        return buffer.array(0..<count)
    }
}
