/// A token with where it is from, in bytes.
struct TokenRecord: Sendable, Equatable {
    static let none: Int32 = -1

    var id: Int32
    var word: Int32 = none
    var start: Int32 = 0
    var end: Int32 = 0
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

/// Keeps ids alone.
struct IDOutput: TokenOutput, ~Copyable {
    static let wantsPlaces = false
    private var ids = GrowingBuffer<Int32>()

    var count: Int { ids.count }

    @inline(__always)
    mutating func put(_ id: Int32, word: Int32, from start: Int32, to end: Int32) { ids.append(id) }

    @inline(__always)
    mutating func put(_ pieces: WordCache.Pieces) { ids.append(pieces.ids, count: pieces.count) }

    mutating func put(_ ids: [Int32]) {
        for id in ids { self.ids.append(id) }
    }

    /// Keeps of what was put since `start` only `kept`, counted from there.
    mutating func keep(_ kept: Range<Int>, from start: Int) { ids.keep(kept, from: start) }

    /// Hands over what was put, and begins anew.
    mutating func take() -> [Int32] { ids.take() }
}
