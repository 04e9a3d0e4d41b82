#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Logits made into probabilities, and the best of them.
enum Scores {
    /// e^x over their sum. In double precision, because a vocabulary's sum has many terms.
    static func softmax(_ logits: [Float]) -> [Float] {
        let highest = Double(logits.max() ?? 0)
        let powers = logits.map { exp(Double($0) - highest) }
        let sum = powers.reduce(0, +)
        return powers.map { Float($0 / sum) }
    }

    static func sigmoid(_ logits: [Float]) -> [Float] { logits.map { Float(1 / (1 + exp(-Double($0)))) } }

    /// The first of the highest.
    static func best(_ scores: [Float]) -> Int { scores.indices.max { scores[$0] < scores[$1] || scores[$0] == scores[$1] && $0 > $1 } ?? 0 }

    /// The indices of the `count` highest, the highest first; of equal ones the first comes first.
    static func top(_ count: Int, of scores: [Float]) -> [Int] {
        guard count < scores.count else { return scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) } }
        var best: [Int] = []
        for (index, score) in scores.enumerated() where best.count < count || best.last.map({ scores[$0] < score }) ?? false {
            let place = best.firstIndex { scores[$0] < score } ?? best.count
            best.insert(index, at: place)
            if best.count > count { best.removeLast() }
        }
        return best
    }
}
