extension DistilBertTokenizer {
    /// The text of `ids`: pieces put together to words, words joined by spaces; an id without a token is left out.
    ///
    /// `cleansUpSpaces` takes away the space before punctuation and in contractions, as `clean_up_tokenization_spaces` does.
    public func decode(_ ids: [Int32], skipSpecialTokens: Bool = false, cleansUpSpaces: Bool = true) -> String {
        let tokens = ids.compactMap { id in
            token(of: id).flatMap { skipSpecialTokens && addedTokens[id]?.special == true ? nil : $0 }
        }
        let text = join(tokens, cleansUpSpaces: cleansUpSpaces)
        return cleansUpSpaces ? cleanedUp(text, textRules) : text
    }

    /// Pieces put together to words, words joined by spaces: `convert_tokens_to_string` of transformers.
    ///
    /// `cleansUpSpaces` takes away the space before punctuation that is a token of its own.
    public func join(_ tokens: [String], cleansUpSpaces: Bool = true) -> String {
        var text = ""
        for token in tokens {
            var piece: String
            if text.isEmpty {
                piece = token
            } else if token.utf8.starts(with: options.wordpiecesPrefix.utf8), !options.wordpiecesPrefix.isEmpty {
                piece = String(decoding: token.utf8.dropFirst(options.wordpiecesPrefix.utf8.count), as: UTF8.self)
            } else {
                piece = " " + token
            }
            if cleansUpSpaces { piece = cleanedUp(piece, pieceRules) }
            text += piece
        }
        return text
    }
}

/// What transformers replaces in the whole text, in this order.
private let textRules = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
]

/// What the crate's decoder has replaced before, piece by piece.
private let pieceRules = textRules + [(" do not", " don't")]

private func cleanedUp(_ text: String, _ rules: [(String, String)]) -> String {
    var bytes = Array(text.utf8)
    guard bytes.contains(UInt8(ascii: " ")) else { return text }
    for (from, to) in rules { replace(Array(from.utf8), by: Array(to.utf8), in: &bytes) }
    return String(decoding: bytes, as: UTF8.self)
}

private func replace(_ pattern: [UInt8], by new: [UInt8], in bytes: inout [UInt8]) {
    guard bytes.count >= pattern.count else { return }
    var result: [UInt8] = []
    var position = 0
    while position < bytes.count {
        if bytes[position...].starts(with: pattern) {
            result += new
            position += pattern.count
        } else {
            result.append(bytes[position])
            position += 1
        }
    }
    bytes = result
}
