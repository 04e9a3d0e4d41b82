package import Tensors

extension ValueType {
    /// What is true of both types.
    package static func common(_ a: ValueType?, _ b: ValueType?) -> ValueType? {
        guard let a, let b else { return nil }
        if a == b { return a }
        guard case .tensor(let x, let m) = a, case .tensor(let y, let n) = b else { return nil }
        guard let m, let n, m.count == n.count else { return .tensor(x == y ? x : nil, nil) }
        return .tensor(x == y ? x : nil, zip(m, n).map { $0 == $1 ? $0 : .unknown })
    }
}
