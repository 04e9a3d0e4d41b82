/// Memory for the records of many texts. A place is written before anybody else learns of it, and never again.
final class RecordBlock: @unchecked Sendable {
    let places: LineBuffer<TokenRecord>

    init(count: Int) { places = LineBuffer(count: count) }
}

/// The tokens of a text, in a block that texts share: where each had memory of its own, half of the time went to new pages.
struct TokenRecords: RandomAccessCollection, Sendable, Equatable {
    private let block: RecordBlock
    private let range: Range<Int>

    init(_ block: RecordBlock, _ range: Range<Int>) {
        self.block = block
        self.range = range
    }

    /// In a block of their own.
    init(_ records: [TokenRecord]) {
        self.init(RecordBlock(count: Swift.max(1, records.count)), records.indices)
        for index in range { block.places[index] = records[index] }
    }

    var startIndex: Int { 0 }
    var endIndex: Int { range.count }

    subscript(index: Int) -> TokenRecord {
        precondition(index >= 0 && index < range.count)
        return block.places[range.lowerBound + index]
    }

    static func == (left: TokenRecords, right: TokenRecords) -> Bool { left.elementsEqual(right) }
}

/// Keeps all that is known of a token.
struct RecordOutput: TokenOutput, ~Copyable {
    static let wantsPlaces = true
    /// Blocks become larger up to one huge page: a text that somebody keeps keeps no more than that of the others'.
    private static let largestBlock = hugePage / MemoryLayout<TokenRecord>.stride

    private var block = RecordBlock(count: 1 << 8)
    private var start = 0
    private var count = 0
    /// Of the tokens to come: which of the texts they are from, and its type.
    var sequence: UInt8 = 0
    var type: UInt8 = 0

    @inline(__always)
    mutating func put(_ id: Int32, word: Int32, from start: Int32, to end: Int32) {
        append(TokenRecord(id: id, word: word, start: start, end: end, type: type, sequence: sequence))
    }

    mutating func put(_ pieces: WordCache.Pieces) {}

    mutating func put(special ids: [Int32], type: UInt8) {
        for id in ids { append(TokenRecord(id: id, type: type, isSpecial: true)) }
    }

    @inline(__always)
    private mutating func append(_ record: TokenRecord) {
        if count == block.places.count { beginBlock() }
        block.places[count] = record
        count &+= 1
    }

    /// Takes what there is of the text under way along.
    @inline(never)
    private mutating func beginBlock() {
        let next = RecordBlock(count: max(min(2 * block.places.count, Self.largestBlock), 2 * (count - start)))
        next.places.copy(block.places, start..<count)
        (block, start, count) = (next, 0, count - start)
    }

    /// Hands over what was put since the last time.
    mutating func take() -> TokenRecords {
        defer { start = count }
        return TokenRecords(block, start..<count)
    }
}
