internal import Bytes
internal import GraphIR

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// An activation function of a recurrent cell with its parameters.
struct RecurrentActivation: Sendable {
    private enum Kind: String {
        case affine, elu, hardsigmoid, leakyrelu, relu, scaledtanh, sigmoid, softplus, softsign, tanh, thresholdedrelu

        /// alpha and beta where the node gives none; nil for one that the function doesn't have.
        var defaults: (alpha: Double?, beta: Double?) {
            switch self {
            case .affine: (1, 0)
            case .elu, .thresholdedrelu: (1, nil)
            case .hardsigmoid: (0.2, 0.5)
            case .leakyrelu: (0.01, nil)
            case .scaledtanh: (1, 1)
            case .relu, .sigmoid, .softplus, .softsign, .tanh: (nil, nil)
            }
        }
    }

    private let kind: Kind
    private let alpha: Double
    private let beta: Double

    /// The functions that the node names, in any case of letters, else `defaults`. Functions with parameters take them from the lists in turn.
    ///
    /// Throws `.malformed` for a name that is no function, or fewer than `count`.
    static func read(_ node: NodeReader, count: Int, defaults: [String]) throws -> [RecurrentActivation] {
        let given = node.optionalStrings("activations") ?? []
        let names = given.isEmpty ? (0..<count).map { defaults[$0 % defaults.count] } : given
        guard names.count >= count else { throw ONNXError(.malformed, "attribute 'activations' names \(names.count) functions, \(count) expected") }
        var alphas = (node.optionalFloats("activation_alpha") ?? []).makeIterator()
        var betas = (node.optionalFloats("activation_beta") ?? []).makeIterator()
        return try names.prefix(count).map { name in
            guard let kind = Kind(rawValue: name.lowercased()) else { throw ONNXError(.malformed, "'\(name)' is no activation of a recurrent operator") }
            let (alpha, beta) = kind.defaults
            return RecurrentActivation(
                kind: kind, alpha: alpha.map { alphas.next().map(Double.init) ?? $0 } ?? 0, beta: beta.map { betas.next().map(Double.init) ?? $0 } ?? 0)
        }
    }

    func callAsFunction<T: BinaryFloatingPoint>(_ x: T) -> T {
        let x = Double(x)
        switch kind {
        case .affine: return T(alpha * x + beta)
        case .elu: return T(x >= 0 ? x : alpha * expm1(x))
        case .hardsigmoid: return T(Swift.min(Swift.max(alpha * x + beta, 0), 1))
        case .leakyrelu: return T(x >= 0 ? x : alpha * x)
        case .relu: return T(x > 0 ? x : 0)
        case .scaledtanh: return T(alpha * tanh(beta * x))
        case .sigmoid: return T(1 / (1 + exp(-x)))
        case .softplus: return T(x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)))
        case .softsign: return T(x / (1 + abs(x)))
        case .tanh: return T(tanh(x))
        case .thresholdedrelu: return T(x >= alpha ? x : 0)
        }
    }
}
