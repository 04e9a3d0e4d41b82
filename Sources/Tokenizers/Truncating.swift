internal import Bytes

/// How a pair's odd token is divided when both texts are cut.
enum TieRule: Sendable {
    /// The crate's: the second text gets it.
    case second
    /// Python's: tokens are taken away one by one, from the second text where both are equally long.
    case first
}

extension Truncation {
    /// The most tokens that the windows of one encoding may have together.
    static let overflowLimit = 1 << 26

    /// Refuses a stride that no window could have, as the crate does, whether or not anything is cut.
    func checkStride(added: Int) throws(ONNXError) {
        guard stride >= 0, stride <= maxLength.subtractingReportingOverflow(added).partialValue else {
            throw ONNXError(
                .usage, "the stride of \(stride) must be less than the length of \(maxLength) without its \(added) special tokens",
                remedy: "ask for a smaller stride")
        }
    }

    /// The windows of each text, the first of which stays: what the crate's `truncate_encodings` does. `added` counts the special tokens to come.
    func windows(_ first: Int, _ second: Int?, added: Int, tie: TieRule) throws(ONNXError) -> (first: [Range<Int>], second: [Range<Int>]) {
        guard maxLength >= added, maxLength <= Int32.max else {
            throw ONNXError(.usage, "a length of \(maxLength) can't hold the \(added) special tokens", remedy: "ask for a greater length")
        }
        let (limit, whole) = (maxLength - added, first + (second ?? 0))
        let all = ([0..<first], second.map { [0..<$0] } ?? [])
        guard whole > limit else { return all }
        var lengths = (first, second ?? 0)
        switch strategy {
        case _ where limit == 0: lengths = (0, 0)
        case .longestFirst: lengths = second.map { longestFirst(first, $0, limit, tie) } ?? (limit, 0)
        case .onlyFirst: lengths.0 = first - (whole - limit)
        case .onlySecond:
            guard let second else { throw ONNXError(.usage, "only_second, but there is no second text", remedy: "use longest_first") }
            lengths.1 = second - (whole - limit)
        }
        guard lengths.0 > 0 || strategy != .onlyFirst || limit == 0, lengths.1 > 0 || strategy != .onlySecond || limit == 0 else {
            throw ONNXError(
                .usage, "\(strategy.rawValue) has to take away \(whole - limit) tokens, which is all of that text or more",
                remedy: "use longest_first or a greater length")
        }
        return (try cut(first, to: lengths.0), try second.map { count throws(ONNXError) in try cut(count, to: lengths.1) } ?? [])
    }

    private func longestFirst(_ first: Int, _ second: Int, _ limit: Int, _ tie: TieRule) -> (Int, Int) {
        let short = min(first, second)
        if limit - short >= short { return first <= second ? (short, limit - short) : (limit - short, short) }
        let (half, rest) = (limit / 2, limit - limit / 2)
        return tie == .second && first <= second ? (half, rest) : (rest, half)
    }

    private func cut(_ count: Int, to length: Int) throws(ONNXError) -> [Range<Int>] {
        guard length < count else { return [0..<count] }
        guard length > 0 else { return returnsOverflow ? [0..<0, 0..<count] : [0..<0] }
        guard stride < length else {
            throw ONNXError(
                .usage, "the stride of \(stride) must be less than the \(length) tokens that are left of a text", remedy: "ask for a smaller stride")
        }
        guard returnsOverflow else { return [side == .right ? 0..<length : count - length..<count] }
        guard count / (length - stride) < Self.overflowLimit / length else {
            throw ONNXError(.limit, "the windows of \(count) tokens would have more than \(Self.overflowLimit) tokens", remedy: "ask for a smaller stride")
        }
        var windows: [Range<Int>] = []
        var start = 0
        repeat {
            windows.append(start..<min(start + length, count))
            start += length - stride
        } while (windows.last?.upperBound ?? count) < count
        return side == .right ? windows : windows.map { count - $0.upperBound..<count - $0.lowerBound }
    }
}

/// What is put around the texts.
struct Template: Sendable {
    enum Piece: Sendable, Equatable {
        case sequence(Int, type: UInt8)
        case special([Int32], type: UInt8)
    }

    var single: [Piece]
    var pair: [Piece]

    /// [CLS] A [SEP], and B [SEP] of type 1 behind it.
    init(classify: Int32, separate: Int32) {
        single = [.special([classify], type: 0), .sequence(0, type: 0), .special([separate], type: 0)]
        pair = single + [.sequence(1, type: 1), .special([separate], type: 1)]
    }

    init(single: [Piece], pair: [Piece]) {
        self.single = single
        self.pair = pair
    }

    func pieces(isPair: Bool) -> [Piece] { isPair ? pair : single }

    /// How many tokens the template adds.
    func added(isPair: Bool) -> Int {
        pieces(isPair: isPair).reduce(0) { count, piece in
            if case .special(let ids, _) = piece { count + ids.count } else { count }
        }
    }

    func fill(_ texts: [Slice<TokenRecords>], special: Bool) -> TokenRecords {
        var records: [TokenRecord] = []
        records.reserveCapacity(texts.reduce(4) { $0 + $1.count })
        for piece in pieces(isPair: texts.count > 1) {
            switch piece {
            case .special(let ids, let type):
                if special { for id in ids { records.append(TokenRecord(id: id, type: type, isSpecial: true)) } }
            case .sequence(let index, let type):
                guard texts.indices.contains(index) else { continue }
                for var record in texts[index] {
                    record.type = type
                    record.sequence = UInt8(truncatingIfNeeded: index)
                    records.append(record)
                }
            }
        }
        return TokenRecords(records)
    }
}

extension Padding {
    /// Makes the encodings, and what overflows of them, as long as asked.
    func apply(_ encodings: inout [Encoding], id: Int32) throws(ONNXError) {
        var length =
            switch self.length {
            case .longest: encodings.lazy.map(\.count).max() ?? 0
            case .fixed(let length): length
            }
        if let multipleOf, multipleOf > 0, length > 0, length % multipleOf > 0 { length += multipleOf - length % multipleOf }
        let (total, overflow) = length.multipliedReportingOverflow(by: encodings.reduce(0) { $0 + 1 + $1.overflowing.count })
        guard !overflow, total <= Truncation.overflowLimit * 4 else {
            throw ONNXError(.limit, "padding to \(length) would make more than \(Truncation.overflowLimit * 4) tokens", remedy: "ask for a smaller length")
        }
        let padding = TokenRecord(id: id, isSpecial: true, isPadding: true)
        for index in encodings.indices {
            fill(&encodings[index], length, padding)
            for part in encodings[index].overflowing.indices { fill(&encodings[index].overflowing[part], length, padding) }
        }
    }

    private func fill(_ encoding: inout Encoding, _ length: Int, _ padding: TokenRecord) {
        guard encoding.count < length else { return }
        let missing = length - encoding.count
        let place = side == .right ? encoding.count : 0
        encoding.scalars?.insert(contentsOf: repeatElement(ScalarRange(), count: missing), at: place)
        var records = Array(encoding.records)
        records.insert(contentsOf: repeatElement(padding, count: missing), at: place)
        encoding.records = TokenRecords(records)
    }
}
