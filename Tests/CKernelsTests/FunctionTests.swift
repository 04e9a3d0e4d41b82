import CKernels
import Glibc
import Testing

/// A function, its exact twin, and the largest error in units of the last place; below `absolute` an error counts as none.
struct FunctionCase: Sendable, CustomTestStringConvertible {
    let function: ck_unary
    let name: String
    let ulps: Double
    var absolute = 0.0
    let exact: @Sendable (Double) -> Double

    var testDescription: String { name }

    static let all: [FunctionCase] = [
        FunctionCase(function: CK_EXP, name: "exp", ulps: 1, exact: { exp($0) }),
        FunctionCase(function: CK_LOG, name: "log", ulps: 1, exact: { log($0) }),
        FunctionCase(function: CK_ERF, name: "erf", ulps: 1, exact: { erf($0) }),
        FunctionCase(function: CK_TANH, name: "tanh", ulps: 1.4, exact: { tanh($0) }),
        FunctionCase(function: CK_SIGMOID, name: "sigmoid", ulps: 2.5, exact: { 1 / (1 + exp(-$0)) }),
        FunctionCase(function: CK_SILU, name: "silu", ulps: 3, absolute: 1e-40, exact: { $0 / (1 + exp(-$0)) }),
        FunctionCase(
            function: CK_GELU_ERF, name: "gelu", ulps: 3, absolute: 5e-8, exact: { $0 == -.infinity ? 0 : 0.5 * $0 * erfc(-$0 * 0.5.squareRoot()) }),
        FunctionCase(
            function: CK_GELU_TANH, name: "gelu_tanh", ulps: 4, absolute: 3e-7,
            exact: { 0.5 * $0 * (1 + tanh(0.79788456080286536 * ($0 + 0.044715 * $0 * $0 * $0))) }),
        FunctionCase(function: CK_SQRT, name: "sqrt", ulps: 0.5, exact: { $0.squareRoot() }),
        FunctionCase(function: CK_RECIPROCAL, name: "reciprocal", ulps: 0.5, exact: { 1 / $0 }),
        FunctionCase(function: CK_RELU, name: "relu", ulps: 0, exact: { $0 < 0 ? 0 : $0 }),
        FunctionCase(function: CK_ROUND, name: "round", ulps: 0, exact: { $0.rounded(.toNearestOrEven) }),
        FunctionCase(function: CK_FLOOR, name: "floor", ulps: 0, exact: { $0.rounded(.down) }),
        FunctionCase(function: CK_CEIL, name: "ceil", ulps: 0, exact: { $0.rounded(.up) }),
    ]
}

@Suite struct FunctionTests {
    @Test(arguments: InstructionSet.available, FunctionCase.all) func isWithinItsError(isa: InstructionSet, of function: FunctionCase) {
        var random = Seeded(seed)
        let special: [Float] = [
            0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 88.72283, -103.9721, 0.5, 1.5, -2.5,
        ]
        let x = special + random.floats(300, in: -12...12) + (0..<700).map { _ in Float(bitPattern: random.next()) }
        let found = isa.apply(function.function, x)
        let oracle = InstructionSet.available[0].apply(function.function, x)
        for i in x.indices {
            let exact = function.exact(Double(x[i]))
            let error = ulps(found[i], exact)
            #expect(error <= function.ulps || abs(Double(found[i]) - exact) <= function.absolute, "\(function.name)(\(x[i])) = \(found[i]), exactly \(exact)")
            #expect(found[i].bitPattern == oracle[i].bitPattern || (found[i].isNaN && oracle[i].isNaN), "\(function.name)(\(x[i]))")
        }
    }

    private func ulps(_ found: Float, _ exact: Double) -> Double {
        if exact.isNaN { return found.isNaN ? 0 : .infinity }
        let rounded = Float(exact)
        if rounded.isInfinite || found.isInfinite { return rounded == found ? 0 : .infinity }
        return abs(Double(found) - exact) / Double(min(rounded.ulp, Float(exact.magnitude).ulp))
    }
}

extension Float {
    fileprivate init(bitPattern bits: UInt64) { self.init(bitPattern: UInt32(truncatingIfNeeded: bits)) }
}

extension InstructionSet {
    fileprivate func apply(_ function: ck_unary, _ x: [Float]) -> [Float] {
        let (x, y) = (Unaligned(x), Unaligned(repeating: Float.nan, count: x.count))
        unsafe kernels.pointee.unary_f32(function, x.pointer, y.pointer, x.count)
        #expect(y.guardsAreIntact)
        return y.elements
    }
}
