public import Bytes
internal import Parallelism

/// The ids of many texts, one after another in one array: what a model needs of a text, at the least expense.
public struct TokenBatch: Sendable, Equatable {
    /// The ids of all texts.
    public internal(set) var ids: [Int32] = []
    /// Where each text's ids begin in `ids`; and at last where they end.
    public internal(set) var starts: [Int] = [0]

    /// How many texts there are.
    public var count: Int { starts.count - 1 }

    /// The ids of a text.
    public subscript(row: Int) -> ArraySlice<Int32> { ids[starts[row]..<starts[row + 1]] }
}

extension DistilBertTokenizer {
    /// The ids alone of many texts, in their order, on `threads` threads (by default as many as the machine has): `Encoding.ids` of each, faster.
    ///
    /// What `truncation` cuts off is not returned. Throws as `encode` does.
    public func ids(of texts: [String], addSpecialTokens: Bool = true, truncation: Truncation? = nil, threads: Int? = nil) throws(ONNXError) -> TokenBatch {
        let rows = RowTemplate(template, isFilled: addSpecialTokens, truncation)
        return try join(units(texts.map(\.utf8.count)), threads) { range, sink throws(ONNXError) in
            var starts = [0]
            starts.reserveCapacity(range.count + 1)
            for index in range {
                let start = sink.output.count
                do throws(ONNXError) {
                    sink.output.put(rows.before)
                    try run(texts[index].utf8Span.span, into: &sink)
                    try rows.finish(&sink.output, from: start)
                } catch {
                    throw error.at("text \(index)")
                }
                starts.append(sink.output.count)
            }
            return starts
        }
    }

    /// The ids alone of the lines of `bytes`, each a text. What isn't UTF-8 counts as U+FFFD. A line feed at the end begins no line.
    public func ids(lines bytes: [UInt8], addSpecialTokens: Bool = true, truncation: Truncation? = nil, threads: Int? = nil) throws(ONNXError) -> TokenBatch {
        let rows = RowTemplate(template, isFilled: addSpecialTokens, truncation)
        return try join(lineUnits(bytes.span), threads) { range, sink throws(ONNXError) in
            let span = bytes.span
            var starts = [0]
            var position = range.lowerBound
            while position < range.upperBound {
                let end = lineEnd(span, from: position)
                let start = sink.output.count
                sink.output.put(rows.before)
                try run(unchecked: span.extracting(position..<end), into: &sink)
                try rows.finish(&sink.output, from: start)
                starts.append(sink.output.count)
                position = end + 1
            }
            return starts
        }
    }

    /// As `run`, for bytes that may not be UTF-8.
    private func run(unchecked bytes: borrowing Span<UInt8>, into sink: inout WordSink<IDOutput>) throws(ONNXError) {
        guard !isASCII(bytes) else { return try run(bytes, into: &sink) }
        let text = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        try run(text.utf8Span.span, into: &sink)
    }

    /// Gives each of `units` to `body` on some thread, and puts together what they make; `body` returns where the rows begin, and the end of the last.
    private func join(
        _ units: [Range<Int>], _ threads: Int?, _ body: @Sendable (Range<Int>, inout WordSink<IDOutput>) throws(ONNXError) -> [Int]
    ) throws(ONNXError) -> TokenBatch {
        let pool = memory.pool(threads: threads)
        let made = try inTurns(units.count, on: pool, IDOutput.init) { unit, sink throws(ONNXError) in
            let starts = try body(units[unit], &sink)
            return TokenBatch(ids: sink.output.take(), starts: starts)
        }
        var batch = TokenBatch()
        batch.ids = Array(joining: made.map(\.ids), on: pool)
        batch.starts.reserveCapacity(made.reduce(1) { $0 + $1.count })
        var base = 0
        for part in made {
            for start in part.starts.dropFirst() { batch.starts.append(base + start) }
            base += part.ids.count
        }
        return batch
    }
}

/// What is put around the ids of a single text.
private struct RowTemplate: Sendable {
    let before: [Int32]
    private let after: [Int32]
    private let truncation: Truncation?

    init(_ template: Template, isFilled: Bool, _ truncation: Truncation?) {
        var before: [Int32] = []
        var after: [Int32] = []
        var isBehind = false
        for piece in isFilled ? template.single : [] {
            switch piece {
            case .sequence: isBehind = true
            case .special(let ids, _): if isBehind { after += ids } else { before += ids }
            }
        }
        (self.before, self.after, self.truncation) = (before, after, truncation)
    }

    /// Cuts the row that begins at `start`, and puts its end behind it.
    func finish(_ ids: inout IDOutput, from start: Int) throws(ONNXError) {
        if let truncation {
            let added = before.count + after.count
            try truncation.checkStride(added: added)
            let first = start + before.count
            ids.keep(try truncation.windows(ids.count - first, nil, added: added, tie: .second).first[0], from: first)
        }
        ids.put(after)
    }
}

private func lineUnits(_ bytes: borrowing Span<UInt8>) -> [Range<Int>] {
    var units: [Range<Int>] = []
    var start = 0
    while start < bytes.count {
        let end = min(bytes.count, lineEnd(bytes, from: min(start + unitBytes, bytes.count)) + 1)
        units.append(start..<end)
        start = end
    }
    return units
}

private func lineEnd(_ bytes: borrowing Span<UInt8>, from start: Int) -> Int { firstIndex(of: UInt8(ascii: "\n"), in: bytes, from: start) }
