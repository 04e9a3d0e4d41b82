/// p(x) + q(x) f, where f stands for a function of x: what a tree of sums and products comes to, in whatever order it is written.
struct Polynomial {
    /// Coefficients by power.
    var plain: [Double]
    /// Coefficients of what is multiplied by the function.
    var factor: [Double]

    static let x = Polynomial(plain: [0, 1], factor: [])
    static let function = Polynomial(plain: [], factor: [1])
    static func constant(_ value: Double) -> Polynomial { Polynomial(plain: [value], factor: []) }

    private static let highestPower = 8

    static func + (a: Polynomial, b: Polynomial) -> Polynomial {
        Polynomial(plain: sum(a.plain, b.plain), factor: sum(a.factor, b.factor))
    }

    /// Nil where the function would be squared or a power is too high.
    static func * (a: Polynomial, b: Polynomial) -> Polynomial? {
        guard a.factor.isEmpty || b.factor.isEmpty, a.count + b.count <= highestPower else { return nil }
        return Polynomial(plain: product(a.plain, b.plain), factor: sum(product(a.plain, b.factor), product(a.factor, b.plain)))
    }

    func scaled(by number: Double) -> Polynomial { Polynomial(plain: plain.map { $0 * number }, factor: factor.map { $0 * number }) }

    /// The value, if there is neither x nor the function in it.
    var number: Double? { factor.isEmpty && plain.count <= 1 ? plain.first ?? 0 : nil }

    /// Whether both have the same coefficients, but for the last bits of a float.
    func isNear(_ plain: [Double], factor: [Double] = []) -> Bool { Self.isNear(self.plain, plain) && Self.isNear(self.factor, factor) }

    private var count: Int { max(plain.count, factor.count) }

    private static func isNear(_ a: [Double], _ b: [Double]) -> Bool {
        (0..<max(a.count, b.count)).allSatisfy { power in
            let (x, y) = (power < a.count ? a[power] : 0, power < b.count ? b[power] : 0)
            return abs(x - y) <= 1e-6 * abs(y)
        }
    }

    private static func sum(_ a: [Double], _ b: [Double]) -> [Double] {
        (0..<max(a.count, b.count)).map { ($0 < a.count ? a[$0] : 0) + ($0 < b.count ? b[$0] : 0) }
    }

    private static func product(_ a: [Double], _ b: [Double]) -> [Double] {
        guard !a.isEmpty, !b.isEmpty else { return [] }
        var result = [Double](repeating: 0, count: a.count + b.count - 1)
        for (i, x) in a.enumerated() { for (j, y) in b.enumerated() { result[i + j] += x * y } }
        return result
    }
}
