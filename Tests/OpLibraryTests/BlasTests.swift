import OpLibrary
import Tensors
import Testing

/// Products of doubles, which OpenBLAS computes.
struct BlasTests {
    @Test(arguments: [(1, 3, 2), (5, 3, 2), (64, 96, 80), (2, 0, 3)])
    func productOfDoubles(m: Int, k: Int, n: Int) throws {
        let a = (0..<m * k).map { Double($0 * 7 % 11) - 5 }
        let b = (0..<k * n).map { Double($0 * 5 % 13) - 6 }
        let y = try OneNode("MatMul", opset: 13)(Tensor(a, shape: [m, k]), Tensor(b, shape: [k, n]))[0]
        // Whole numbers, so that every order of the sums gives the same.
        let expected = (0..<m * n).map { at in (0..<k).reduce(0.0) { $0 + a[at / n * k + $1] * b[$1 * n + at % n] } }
        #expect(y.shape == [m, n])
        #expect(try Array(y.elements(Double.self)) == expected)
    }
}
