/// The name that somebody probably meant: nearest by components changed, then by letters changed within them.
struct ClosestName {
    private let candidates: [(name: String, parts: [[UInt8]])]
    // A hostile checkpoint may bring a million names; hints are only a help.
    private static let mostCandidates = 300
    private static let longestName = 256
    private var questionsLeft = 100

    init(among names: some Sequence<String>) {
        candidates = names.lazy.filter { $0.utf8.count <= Self.longestName }.prefix(Self.mostCandidates).map { ($0, Self.parts($0)) }
    }

    /// The nearest candidate; nil where none is near, or many were asked for already.
    mutating func to(_ name: String) -> String? {
        guard questionsLeft > 0, name.utf8.count <= Self.longestName else { return nil }
        questionsLeft -= 1
        let parts = Self.parts(name)
        // Half of the components may differ, but not all of them.
        var least = Double(parts.count) / 2 + 0.25
        var found: String?
        for candidate in candidates where abs(candidate.parts.count - parts.count) <= 2 {
            let distance = Self.distance(parts, candidate.parts) { Self.difference($0, $1) }
            if distance < least { (least, found) = (distance, candidate.name) }
        }
        return found
    }

    private static func parts(_ name: String) -> [[UInt8]] {
        name.utf8.split(whereSeparator: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }).map(Array.init)
    }

    /// 0 for equal components, 1 for ones with nothing in common.
    private static func difference(_ a: [UInt8], _ b: [UInt8]) -> Double {
        if a == b { return 0 }
        return distance(a, b) { $0 == $1 ? 0 : 1 } / Double(max(a.count, b.count, 1))
    }

    /// Levenshtein's distance, with a cost for each substitution.
    private static func distance<T>(_ a: [T], _ b: [T], _ cost: (T, T) -> Double) -> Double {
        var row = (0...b.count).map(Double.init)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = Double(i + 1)
            for (j, y) in b.enumerated() {
                let best = min(diagonal + cost(x, y), row[j] + 1, row[j + 1] + 1)
                (diagonal, row[j + 1]) = (row[j + 1], best)
            }
        }
        return row[b.count]
    }
}
