#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What is done to the scores of one sample, with the standard's numbers.
enum ScoreTransform: Int, Sendable {
    case none, softmax, logistic, softmaxZero, probit

    func apply(_ scores: [Double]) -> [Double] {
        switch self {
        case .none: scores
        case .softmax: Self.softmax(scores) { _ in true }
        case .logistic: scores.map { 1 / (1 + exp(-$0)) }
        case .softmaxZero: Self.softmax(scores) { $0 != 0 }
        case .probit: scores.map { Self.probit($0) }
        }
    }

    /// Scores that don't take part stay 0.
    private static func softmax(_ scores: [Double], _ takesPart: (Double) -> Bool) -> [Double] {
        let greatest = scores.filter(takesPart).max() ?? 0
        let exponentials = scores.map { takesPart($0) ? exp($0 - greatest) : 0 }
        let sum = exponentials.reduce(0, +)
        return sum == 0 ? exponentials : exponentials.map { $0 / sum }
    }

    /// The quantile of the standard normal distribution, refined by Newton's steps on erfc from Winitzki's approximation.
    private static func probit(_ probability: Double) -> Double {
        guard probability > 0, probability < 1 else { return probability == 0 ? -.infinity : probability == 1 ? .infinity : .nan }
        let x = 2 * probability - 1
        let logarithm = log((1 - x) * (1 + x))
        let half = 2 / (.pi * 0.147) + logarithm / 2
        let root = ((half * half - logarithm / 0.147).squareRoot() - half).squareRoot()
        var value = (x < 0 ? -root : root) * 2.0.squareRoot()
        for _ in 0..<4 {
            let density = exp(-value * value / 2) / (2 * Double.pi).squareRoot()
            if density == 0 { break }
            value -= (erfc(-value / 2.0.squareRoot()) / 2 - probability) / density
        }
        return value
    }
}
