internal import Tokenizers

/// A token and what the model says of it.
struct TaggedToken {
    let word: String
    /// The probability of each class.
    let scores: [Float]
    let labels: [String]
    let range: Range<Int>
    let index: Int
    /// Whether it belongs to the word of the token before.
    let continuesWord: Bool

    var entity: TokenTagger.Entity {
        let best = Scores.best(scores)
        return TokenTagger.Entity(label: labels[best], score: scores[best], word: word, range: range, index: index)
    }
}

extension TokenTagger.Aggregation {
    /// A word and its one class. `tokens` has at least one.
    func entity(of tokens: [TaggedToken], by tokenizer: DistilBertTokenizer) -> TokenTagger.Entity {
        let scores = self == .average ? Self.mean(tokens.map(\.scores)) : decisive(tokens).scores
        let best = Scores.best(scores)
        return TokenTagger.Entity(
            label: tokens[0].labels[best], score: scores[best], word: tokenizer.join(tokens.map(\.word)),
            range: tokens[0].range.lowerBound..<Swift.max(tokens[0].range.lowerBound, tokens[tokens.count - 1].range.upperBound), index: nil)
    }

    private func decisive(_ tokens: [TaggedToken]) -> TaggedToken {
        guard self == .max else { return tokens[0] }
        return tokens.dropFirst().reduce(tokens[0]) { best, token in
            token.scores[Scores.best(token.scores)] > best.scores[Scores.best(best.scores)] ? token : best
        }
    }

    private static func mean(_ scores: [[Float]]) -> [Float] {
        scores[0].indices.map { index in Float(scores.reduce(0) { $0 + Double($1[index]) } / Double(scores.count)) }
    }
}

extension TokenTagger.Entity {
    /// Neighbours of one class as one entity, unless the later has a B-.
    static func grouped(_ entities: [Self], by tokenizer: DistilBertTokenizer) -> [Self] {
        var groups: [[Self]] = []
        for entity in entities {
            if let last = groups.last?.last, last.tag == entity.tag, !entity.label.hasPrefix("B-") {
                groups[groups.count - 1].append(entity)
            } else {
                groups.append([entity])
            }
        }
        return groups.map { group in
            let score = group.reduce(0) { $0 + Double($1.score) } / Double(group.count)
            // What follows the first hyphen, whatever stands before it.
            let name = group[0].label.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).last.map(String.init) ?? ""
            let start = group[0].range.lowerBound
            return Self(
                label: name, score: Float(score), word: tokenizer.join(group.map(\.word)),
                range: start..<max(start, group[group.count - 1].range.upperBound), index: nil)
        }
    }

    /// Of entities that overlap, as windows find them, the longest, and of equally long ones the likeliest.
    static func longest(of entities: [Self]) -> [Self] {
        let sorted = entities.enumerated().sorted { ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset) }.map(\.element)
        guard var kept = sorted.first else { return [] }
        var result: [Self] = []
        for entity in sorted.dropFirst() {
            if kept.range.contains(entity.range.lowerBound) {
                if (entity.range.count, entity.score) > (kept.range.count, kept.score) { kept = entity }
            } else {
                result.append(kept)
                kept = entity
            }
        }
        return result + [kept]
    }

    /// The class without the B- or I- that says where it stands in a group.
    private var tag: Substring { label.hasPrefix("B-") || label.hasPrefix("I-") ? label.dropFirst(2) : label[...] }
}
