internal import Tokenizers

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The likeliest answers of one window.
///
/// Source: https://github.com/huggingface/transformers/blob/v4.46.3/src/transformers/pipelines/question_answering.py
struct AnswerSpans {
    struct Span {
        let range: Range<Int>
        let score: Float
    }

    /// The likeliest first.
    let spans: [Span]
    /// The score of there being no answer.
    let noAnswer: Float

    init(_ encoding: Encoding, start: OutputRows, end: OutputRows, _ options: QuestionAnswerer.Options) {
        let sequences = encoding.sequenceIDs
        // Beside the context, [CLS] takes part in the probabilities: it stands for there being no answer.
        let takesPart = sequences.indices.map { sequences[$0] == 1 || $0 == 0 }
        var starts = Self.probabilities(start, takesPart)
        var ends = Self.probabilities(end, takesPart)
        noAnswer = Float((starts.first ?? 0) * (ends.first ?? 0))
        if !starts.isEmpty { (starts[0], ends[0]) = (0, 0) }

        var best: [(start: Int, end: Int, score: Double)] = []
        let context = sequences.indices.filter { sequences[$0] == 1 }
        let longest = min(max(0, options.maxAnswerLength), sequences.count)
        for first in context {
            for last in first..<min(first + longest, sequences.count) where sequences[last] == 1 {
                let score = starts[first] * ends[last]
                guard best.count < options.top || best.last.map({ $0.score < score }) ?? false else { continue }
                best.insert((first, last, score), at: best.firstIndex { $0.score < score } ?? best.count)
                if best.count > options.top { best.removeLast() }
            }
        }
        let (words, offsets) = (encoding.wordIDs, encoding.offsets)
        spans = best.map { first, last, score in
            var (from, to) = (offsets[first].lowerBound, offsets[last].upperBound)
            if options.alignsToWords, let firstWord = words[first], let lastWord = words[last] {
                let inside = sequences.indices.filter { sequences[$0] == 1 }
                from = inside.first { words[$0] == firstWord }.map { offsets[$0].lowerBound } ?? from
                to = inside.last { words[$0] == lastWord }.map { offsets[$0].upperBound } ?? to
            }
            return Span(range: from..<max(from, to), score: Float(score))
        }
    }

    /// Softmax over the window, in which tokens that take no part have -10000.
    private static func probabilities(_ logits: OutputRows, _ takesPart: [Bool]) -> [Double] {
        let values = takesPart.enumerated().map { index, takesPart in takesPart ? Double(logits.scalar(index)) : -10_000 }
        let highest = values.max() ?? 0
        let powers = values.map { exp($0 - highest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }
}
