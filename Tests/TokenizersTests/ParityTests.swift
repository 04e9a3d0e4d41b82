import Bytes
import Foundation
import Testing
import Tokenizers

/// What the `tokenizers` package makes of random texts, pairs, truncations: Models/tokenizers/cases.jsonl, or the file that
/// `Tools/parity tokenizer` names in SWIFT_ONNX_TOKENIZER_CASES.
struct ParityTests {
    @Test func idsOffsetsAndWordsAreThoseOfThePackage() throws {
        let path = ProcessInfo.processInfo.environment["SWIFT_ONNX_TOKENIZER_CASES"] ?? fixtures + "/cases.jsonl"
        var lines = try LineReader(path: path, limit: 1 << 24)
        let settings = try #require(try lines.next().flatMap { try JSONValue(ByteRegion($0)).array })
        let tokenizers = try settings.map(tokenizer)
        var differences: [String] = []
        var compared = 0
        while let line = try lines.next() {
            let row = try #require(try JSONValue(ByteRegion(line)).array)
            let tokenizer = tokenizers[try #require(row[0].int)]
            let text = try #require(row[1].string)
            let pair = row[2].string
            let found = result(tokenizer, text, pair, try truncation(row[3]))
            let wanted = row[4].array.map { windows in windows.map { $0.array.map { $0.map { $0.int ?? .min } } ?? [] } }
            compared += 1
            var isEqual = found?.windows == wanted && found?.bytesAgree != false
            if let found, pair == nil { isEqual = try isEqual && idsAlone(tokenizer, text, try truncation(row[3])) == found.ids }
            if let found, row.count > 5, let decoded = row[5].string {
                isEqual = isEqual && tokenizer.join(found.ids.compactMap { tokenizer.token(of: $0) }) == decoded
            }
            guard !isEqual else { continue }
            differences.append(
                "\(row[0]) \(text.debugDescription) \(pair.debugDescription) \(row[3]): \(found.debugDescription), not \(wanted.debugDescription)")
        }
        #expect(compared >= 1000)
        #expect(differences.isEmpty, "\(differences.count) of \(compared) texts differ; the first: \(differences.prefix(3).joined(separator: "\n"))")
        print("TokenizersTests: \(compared) texts compared, \(differences.count) differ")
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
        try tokenizer.addTokens(
            (setting["added"]?.array ?? []).map { value in
                func flag(_ name: String) -> Bool { value[name]?.bool ?? false }
                return AddedToken(
                    value["content"]?.string ?? "", lstrip: flag("lstrip"), rstrip: flag("rstrip"), singleWord: flag("single_word"),
                    normalized: flag("normalized"), special: flag("special"))
            })
        return tokenizer
    }
}
