import Bytes
import Foundation
import Testing
import Tokenizers

/// What another tokenizer made of texts: in a file of JSON, a line with the settings, then a line a text.
struct ReferenceCases {
    /// One text, and what was made of it.
    struct Case {
        let tokenizer: DistilBertTokenizer
        let text: String
        let pair: String?
        let truncation: JSONValue
        let wanted: JSONValue
        /// The ids as text again, where the file says it.
        let decoded: String?
    }

    /// Models/tokenizers/`file`, or the file that the environment names in `variable`.
    let file: String
    let variable: String
    /// Fewer are not the file that is meant.
    let least: Int

    /// Compares every text; `difference` says what was found where it isn't what is wanted.
    func compare(_ tokenizer: (JSONValue) throws -> DistilBertTokenizer, _ difference: (Case) throws -> String?) throws {
        let path = ProcessInfo.processInfo.environment[variable] ?? "\(fixtures)/\(file)"
        var lines = try LineReader(path: path, limit: 1 << 24)
        let settings = try #require(try lines.next().flatMap { try JSONValue(ByteRegion($0)).array })
        let tokenizers = try settings.map(tokenizer)
        var differences: [String] = []
        var compared = 0
        while let line = try lines.next() {
            let row = try #require(try JSONValue(ByteRegion(line)).array)
            let each = Case(
                tokenizer: tokenizers[try #require(row[0].int)], text: try #require(row[1].string), pair: row[2].string, truncation: row[3], wanted: row[4],
                decoded: row.count > 5 ? row[5].string : nil)
            compared += 1
            guard let found = try difference(each) else { continue }
            differences.append("\(row[0]) \(each.text.debugDescription) \(each.pair.debugDescription) \(row[3]): \(found), not \(row[4])")
        }
        #expect(compared >= least)
        #expect(differences.isEmpty, "\(differences.count) of \(compared) texts differ; the first: \(differences.prefix(3).joined(separator: "\n"))")
        print("TokenizersTests: \(compared) texts of \(path) compared, \(differences.count) differ")
    }

    /// The tokens that a setting adds.
    static func addedTokens(_ setting: JSONValue) -> [AddedToken] {
        (setting["added"]?.array ?? []).map { value in
            func flag(_ name: String) -> Bool { value[name]?.bool ?? false }
            return AddedToken(
                value["content"]?.string ?? "", lstrip: flag("lstrip"), rstrip: flag("rstrip"), singleWord: flag("single_word"),
                normalized: value["normalized"]?.bool, special: flag("special"))
        }
    }
}
