/// A text, or a pair of texts, as ids, with where each is from.
public struct Encoding: Sendable, Equatable {
    var records: TokenRecords
    /// Where each token is from in scalars; nil where that is as in bytes, as it is in ASCII.
    var scalars: [ScalarRange]?
    /// What truncation cut off, as further encodings of the same form.
    public internal(set) var overflowing: [Encoding] = []

    /// Of texts that aren't ASCII, `scalarsBefore` has how many scalars begin before each byte.
    init(_ records: TokenRecords, _ scalarsBefore: [[Int32]?]) {
        self.records = records
        guard scalarsBefore.contains(where: { $0 != nil }) else { return }
        scalars = records.map { record in
            guard Int(record.sequence) < scalarsBefore.count, let before = scalarsBefore[Int(record.sequence)] else {
                return ScalarRange(start: record.start, end: record.end)
            }
            return ScalarRange(start: before[Int(record.start)], end: before[Int(record.end)])
        }
    }

    /// How many tokens there are, padding among them.
    public var count: Int { records.count }

    /// The id of each token: the model's `input_ids`.
    public var ids: [Int32] { records.map(\.id) }

    /// 1 for a token, 0 for padding: the model's `attention_mask`.
    public var attentionMask: [Int32] { records.map { $0.isPadding ? 0 : 1 } }

    /// 0 for the first text, 1 for the second. DistilBERT doesn't take them; BERT's `token_type_ids`.
    public var typeIDs: [Int32] { records.map { Int32($0.type) } }

    /// 1 for a token that the template or padding added, 0 for one of the text.
    public var specialTokensMask: [Int32] { records.map { $0.isSpecial ? 1 : 0 } }

    /// Where in its text each token is from, in Unicode scalars (as Python counts); 0..<0 for one that was added.
    public var offsets: [Range<Int>] { scalars.map { $0.map { Int($0.start)..<max(Int($0.start), Int($0.end)) } } ?? byteOffsets }

    /// Where in its text each token is from, in bytes of UTF-8; 0..<0 for one that was added.
    public var byteOffsets: [Range<Int>] { records.map { Int($0.start)..<max(Int($0.start), Int($0.end)) } }

    /// The word of its text that each token belongs to, counted from 0; nil for one that was added.
    public var wordIDs: [Int?] { records.map { $0.word < 0 ? nil : Int($0.word) } }

    /// 0 or 1, the text that each token is from; nil for one that was added.
    public var sequenceIDs: [Int?] { records.map { $0.sequence > 1 ? nil : Int($0.sequence) } }
}

/// A stretch of a text, in Unicode scalars.
struct ScalarRange: Sendable, Equatable {
    var start: Int32 = 0
    var end: Int32 = 0
}

/// How texts that are too long are cut.
public struct Truncation: Sendable, Equatable {
    /// What is cut when a pair is too long.
    public enum Strategy: String, Sendable, CaseIterable {
        /// The longer of the two, until both are equally long; then both.
        case longestFirst = "longest_first"
        /// The first, or an error if that isn't enough.
        case onlyFirst = "only_first"
        /// The second, or an error if that isn't enough or there is none.
        case onlySecond = "only_second"
    }

    /// The most tokens that are left, special ones included.
    public var maxLength: Int
    /// What is cut when a pair is too long.
    public var strategy: Strategy
    /// How many tokens an overflowing encoding repeats of the one before.
    public var stride: Int
    /// The side that is cut off.
    public var side: Side
    /// Whether what is cut off is returned too, as `Encoding.overflowing`.
    public var returnsOverflow: Bool

    /// Cuts to `maxLength` tokens.
    public init(maxLength: Int, strategy: Strategy = .longestFirst, stride: Int = 0, side: Side = .right, returnsOverflow: Bool = false) {
        self.maxLength = maxLength
        self.strategy = strategy
        self.stride = stride
        self.side = side
        self.returnsOverflow = returnsOverflow
    }
}

/// How encodings are made equally long.
public struct Padding: Sendable, Equatable {
    /// The length that encodings are brought to.
    public enum Length: Sendable, Equatable {
        /// That of the longest of the batch.
        case longest
        /// So many tokens; longer encodings stay as they are.
        case fixed(Int)
    }

    /// The length that encodings are brought to.
    public var length: Length
    /// The side that padding is added on.
    public var side: Side
    /// Rounds the length up to a multiple of this.
    public var multipleOf: Int?

    /// Pads to `length`.
    public init(_ length: Length = .longest, side: Side = .right, multipleOf: Int? = nil) {
        self.length = length
        self.side = side
        self.multipleOf = multipleOf
    }
}

/// An end of a sequence of tokens.
public enum Side: String, Sendable, CaseIterable {
    /// The beginning.
    case left
    /// The end.
    case right
}
