import Bytes
import Testing
import Tokenizers

/// What the `tokenizers` package makes of random texts, pairs, truncations: Models/tokenizers/cases.jsonl, or the file that
/// `Tools/parity tokenizer` names in SWIFT_ONNX_TOKENIZER_CASES.
struct ParityTests {
    @Test func idsOffsetsAndWordsAreThoseOfThePackage() throws {
        try ReferenceCases(file: "cases.jsonl", variable: "SWIFT_ONNX_TOKENIZER_CASES", least: 1000).compare(tokenizer) { each in
            let (tokenizer, text, truncation) = (each.tokenizer, each.text, try truncation(each.truncation))
            let found = result(tokenizer, text, each.pair, truncation)
            let wanted = each.wanted.array.map { windows in windows.map { $0.array.map { $0.map { $0.int ?? .min } } ?? [] } }
            var isEqual = found?.windows == wanted && found?.bytesAgree != false
            if let found, each.pair == nil { isEqual = try isEqual && idsAlone(tokenizer, text, truncation) == found.ids }
            if let found, let decoded = each.decoded { isEqual = isEqual && tokenizer.join(found.ids.compactMap { tokenizer.token(of: $0) }) == decoded }
            return isEqual ? nil : found.debugDescription
        }
    }

    /// The ids, by the ways that tell nothing else.
    private func idsAlone(_ tokenizer: DistilBertTokenizer, _ text: String, _ truncation: Truncation?) throws -> [Int32] {
        let ids = Array(try tokenizer.ids(of: [text], truncation: truncation, threads: 1)[0])
        guard !text.utf8.contains(UInt8(ascii: "\n")), !text.isEmpty else { return ids }
        let lines = try tokenizer.ids(lines: Array("x\n\(text)\nx".utf8), truncation: truncation, threads: 1)
        #expect(lines.count == 3 && Array(lines[1]) == ids)
        return ids
    }

    private struct Found {
        var ids: [Int32]
        var windows: [[Int]]
        var bytesAgree: Bool
    }

    /// Nil where it is refused.
    private func result(_ tokenizer: DistilBertTokenizer, _ text: String, _ pair: String?, _ truncation: Truncation?) -> Found? {
        guard let encoding = try? tokenizer.encode(text, pair: pair, truncation: truncation) else { return nil }
        let texts = [text, pair ?? ""].map { scalarStarts($0) }
        var found = Found(ids: encoding.ids, windows: [], bytesAgree: true)
        for window in [encoding] + encoding.overflowing {
            let (ids, offsets, bytes, words, sequences) = (window.ids, window.offsets, window.byteOffsets, window.wordIDs, window.sequenceIDs)
            found.windows.append(ids.indices.flatMap { [Int(ids[$0]), offsets[$0].lowerBound, offsets[$0].upperBound, words[$0] ?? -1] })
            for index in ids.indices {
                guard let sequence = sequences[index] else { continue }
                let starts = texts[sequence]
                if starts[offsets[index].lowerBound] != bytes[index].lowerBound || starts[offsets[index].upperBound] != bytes[index].upperBound {
                    found.bytesAgree = false
                }
            }
        }
        return found
    }

    /// Where each scalar begins in UTF-8, and the end.
    private func scalarStarts(_ text: String) -> [Int] {
        var starts = [0]
        for scalar in text.unicodeScalars { starts.append((starts.last ?? 0) + String(scalar).utf8.count) }
        return starts
    }

    private func truncation(_ value: JSONValue) throws -> Truncation? {
        guard value != .null else { return nil }
        return Truncation(
            maxLength: try #require(value["max_length"]?.int), strategy: try #require(Truncation.Strategy(rawValue: value["strategy"]?.string ?? "")),
            stride: try #require(value["stride"]?.int), side: try #require(Side(rawValue: value["direction"]?.string ?? "")), returnsOverflow: true)
    }

    private func tokenizer(_ setting: JSONValue) throws -> DistilBertTokenizer {
        var options = DistilBertTokenizer.Options()
        options.cleanText = try #require(setting["clean"]?.bool as Bool?)
        options.tokenizeChineseChars = try #require(setting["cjk"]?.bool as Bool?)
        options.stripAccents = setting["strip"]?.bool
        options.doLowerCase = try #require(setting["lower"]?.bool as Bool?)
        var tokenizer = try DistilBertTokenizer(vocabulary: fixtures + "/vocab.txt", options: options)
        try tokenizer.addTokens(ReferenceCases.addedTokens(setting))
        return tokenizer
    }
}
