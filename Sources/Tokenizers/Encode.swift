public import Bytes
internal import Parallelism

extension DistilBertTokenizer {
    /// The tokens of `text`, without special ones around.
    public func tokenize(_ text: String) throws(ONNXError) -> [String] {
        try withSink(RecordOutput()) { sink throws(ONNXError) in try records(text, &sink).map { token(of: $0.id) ?? "" } }
    }

    /// The ids of a text or a pair, with special tokens around unless told otherwise.
    ///
    /// Without `truncation` nothing is cut, without `padding` nothing is added. Throws if a text is longer than 2 GB or truncation can't do what it is asked.
    public func encode(
        _ text: String, pair: String? = nil, addSpecialTokens: Bool = true, truncation: Truncation? = nil, padding: Padding? = nil
    ) throws(ONNXError) -> Encoding {
        var encodings = [
            try withSink(RecordOutput()) { sink throws(ONNXError) in try encode(Input(text, pair: pair), addSpecialTokens, truncation, &sink) }
        ]
        try padding?.apply(&encodings, id: padTokenID)
        return encodings[0]
    }

    /// The ids of many texts or pairs, in their order, on `threads` threads (by default as many as the machine has).
    ///
    /// The encodings share memory: one that is kept may keep 2 MB.
    public func encode(
        _ inputs: [Input], addSpecialTokens: Bool = true, truncation: Truncation? = nil, padding: Padding? = nil, threads: Int? = nil
    ) throws(ONNXError) -> [Encoding] {
        let units = units(inputs.map { $0.text.utf8.count + ($0.pair?.utf8.count ?? 0) })
        let made = try inTurns(units.count, on: memory.pool(threads: threads), RecordOutput.init) { unit, sink throws(ONNXError) in
            var part: [Encoding] = []
            part.reserveCapacity(units[unit].count)
            for index in units[unit] {
                do throws(ONNXError) {
                    part.append(try encode(inputs[index], addSpecialTokens, truncation, &sink))
                } catch {
                    throw error.at("text \(index)")
                }
            }
            return part
        }
        var encodings: [Encoding] = []
        encodings.reserveCapacity(inputs.count)
        for part in made { encodings += part }
        try padding?.apply(&encodings, id: padTokenID)
        return encodings
    }

    private func encode(_ input: Input, _ addSpecialTokens: Bool, _ truncation: Truncation?, _ sink: inout WordSink<RecordOutput>) throws(ONNXError) -> Encoding
    {
        guard input.pair != nil || truncation != nil else { return try encodeWhole(input.text, addSpecialTokens, &sink) }
        let first = try records(input.text, &sink)
        let second = try input.pair.map { pair throws(ONNXError) in try records(pair, &sink) }
        let scalarsBefore = [scalarsBefore(input.text), input.pair.flatMap(scalarsBefore)]
        guard let truncation else {
            return Encoding(template.fill([first[...]] + (second.map { [$0[...]] } ?? []), special: addSpecialTokens), scalarsBefore)
        }
        try truncation.checkStride(added: template.added(isPair: false))
        let added = addSpecialTokens ? template.added(isPair: second != nil) : 0
        let windows = try truncation.windows(first.count, second?.count, added: added, tie: options.implementation == .fast ? .second : .first)
        func fill(_ a: Range<Int>, _ b: Range<Int>?) -> Encoding {
            var texts = [first[a]]
            if let second, let b { texts.append(second[b]) }
            return Encoding(template.fill(texts, special: addSpecialTokens), scalarsBefore)
        }
        guard let second else {
            var encoding = fill(windows.first[0], nil)
            encoding.overflowing = windows.first.dropFirst().map { fill($0, nil) }
            return encoding
        }
        try checkCombinations(windows.first, windows.second, of: first.count + second.count)
        var encoding = fill(windows.first[0], windows.second[0])
        // Every window of the first with every one of the second; the first's own come last.
        for a in windows.first.dropFirst() + windows.first.prefix(1) {
            for b in windows.second where a != windows.first[0] || b != windows.second[0] { encoding.overflowing.append(fill(a, b)) }
        }
        return encoding
    }

    private func checkCombinations(_ first: [Range<Int>], _ second: [Range<Int>], of count: Int) throws(ONNXError) {
        let longest = (first.map(\.count).max() ?? 0) + (second.map(\.count).max() ?? 0)
        let (windows, overflow) = first.count.multipliedReportingOverflow(by: second.count)
        guard !overflow, windows <= Truncation.overflowLimit / max(1, longest) else {
            throw ONNXError(
                .limit, "the \(first.count) windows of one text with the \(second.count) of the other are too many",
                remedy: "cut only one of the texts, by only_first or only_second")
        }
    }

    /// A single text that is not cut: its tokens are put down where the template has them, and copied once.
    private func encodeWhole(_ text: String, _ addSpecialTokens: Bool, _ sink: inout WordSink<RecordOutput>) throws(ONNXError) -> Encoding {
        for piece in template.single {
            switch piece {
            case .special(let ids, let type): if addSpecialTokens { sink.output.put(special: ids, type: type) }
            case .sequence(0, let type):
                sink.output.type = type
                try run(text.utf8Span.span, into: &sink)
            case .sequence: continue
            }
        }
        return Encoding(sink.output.take(), [scalarsBefore(text)])
    }

    /// The tokens of a text.
    private func records(_ text: String, _ sink: inout WordSink<RecordOutput>) throws(ONNXError) -> TokenRecords {
        try run(text.utf8Span.span, into: &sink)
        return sink.output.take()
    }

    /// Hands `body` a sink with a cache that nobody else has.
    func withSink<Output: ~Copyable, R>(_ output: consuming Output, _ body: (inout WordSink<Output>) throws(ONNXError) -> R) throws(ONNXError) -> R {
        let cache = memory.takeCache()
        defer { memory.giveBack(cache) }
        var sink = WordSink(model, output, cache: cache)
        return try body(&sink)
    }

    /// Hands the tokens of a text in UTF-8 to `sink`.
    func run<Output: ~Copyable>(_ bytes: borrowing Span<UInt8>, into sink: inout WordSink<Output>) throws(ONNXError) {
        guard bytes.count < Int32.max else { throw ONNXError(.limit, "a text of \(bytes.count) bytes is above the limit of 2 GB", remedy: "cut it up") }
        sink.beginText()
        if let slow { return slow.run(bytes, into: &sink) }
        if normalizedMatcher.isEmpty, !rawMatcher.mayMatch(bytes) { return scanner.run(bytes, 0..<bytes.count, into: &sink) }
        for match in rawMatcher.split(bytes) {
            if let id = match.id {
                sink.added(id, from: match.range.lowerBound, to: match.range.upperBound)
            } else if normalizedMatcher.isEmpty {
                scanner.run(bytes, match.range, into: &sink)
            } else {
                findNormalized(bytes, match.range, into: &sink)
            }
        }
    }

    private func findNormalized<Output: ~Copyable>(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, into sink: inout WordSink<Output>) {
        var text = NormalizedText()
        normalizer.run(bytes, range, into: &text)
        let span = text.bytes.span
        for match in normalizedMatcher.split(span) {
            if let id = match.id {
                sink.added(id, from: text.starts[match.range.lowerBound], to: text.ends[match.range.upperBound - 1])
                continue
            }
            var position = match.range.lowerBound
            while position < match.range.upperBound {
                let start = position
                let scalar = decodeScalar(span, &position)
                sink.scalar(scalar, UnicodeTable.shared.flags(scalar), from: text.starts[start], to: text.ends[start])
            }
            sink.endWord()
        }
    }

    /// How many scalars of `text` begin before each byte, and at last all; nil if as many as bytes, or if no offsets are told.
    private func scalarsBefore(_ text: String) -> [Int32]? {
        let bytes = text.utf8Span.span
        guard options.implementation == .fast, !isASCII(bytes) else { return nil }
        var scalarsBefore: [Int32] = []
        scalarsBefore.reserveCapacity(bytes.count + 1)
        var scalars: Int32 = 0
        for index in bytes.indices {
            scalarsBefore.append(scalars)
            let next = index + 1
            if next == bytes.count || bytes[next] & 0xC0 != 0x80 { scalars += 1 }
        }
        scalarsBefore.append(scalars)
        return scalarsBefore
    }
}
