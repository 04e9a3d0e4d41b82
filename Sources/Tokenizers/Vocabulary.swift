internal import Bytes

/// Tokens and their ids, both ways.
struct Vocabulary: Sendable {
    private(set) var trie: ByteTrie
    /// The token of each id; nil where an id is not used.
    private(set) var tokens: [String?]
    /// How many ids have a token.
    private(set) var count: Int

    /// Of a token that occurs twice the last id counts, as in transformers.
    init(_ entries: [(token: [UInt8], id: Int32)], name: String) throws(ONNXError) {
        let highest = entries.lazy.map(\.id).max() ?? -1
        guard Int(highest) < 4 * entries.count + 1_000_000 else {
            throw ONNXError(.malformed, "the id \(highest) is far beyond the \(entries.count) tokens that there are", place: [name])
        }
        trie = ByteTrie(entries.map { ($0.token, $0.id) })
        tokens = [String?](repeating: nil, count: Int(highest) + 1)
        count = 0
        for entry in entries where trie.value(of: entry.token) == entry.id {
            if tokens[Int(entry.id)] == nil { count += 1 }
            tokens[Int(entry.id)] = String(decoding: entry.token, as: UTF8.self)
        }
    }

    func id(_ token: String) -> Int32? { trie.value(of: token.utf8) }

    func token(_ id: Int32) -> String? { tokens.indices.contains(Int(id)) ? tokens[Int(id)] : nil }
}
