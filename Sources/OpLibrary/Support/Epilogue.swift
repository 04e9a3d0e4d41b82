internal import CKernels
package import Tensors

/// What is done to a product before it leaves the cache: alpha x product + beta x C, + bias, activation, + residual.
package struct Epilogue: Sendable {
    package var alpha: Float = 1
    package var beta: Float = 0
    /// One value a column.
    package var bias: Elements<Float>?
    package var activation = ActivationFunction.identity
    /// As many rows and columns as the product, without gaps; `residualOffset` is where they begin.
    package var residual: Elements<Float>?
    package var residualOffset = 0

    package init() {}

    /// Lends the epilogue's arrays to `body`, for a product of so many rows and columns.
    func withKernelForm(rows: Int, columns: Int, _ body: (ck_epilogue) -> Void) {
        precondition(bias.map { $0.count >= columns } ?? true, "bias out of range")
        withExtendedLifetime(self) {
            let bias = unsafe bias.map { unsafe $0.withPointer { unsafe $0 } }
            let residual = unsafe residual.map { residual in
                unsafe residual.withPointer(residualOffset..<residualOffset + rows * columns) { unsafe $0 }
            }
            unsafe body(
                ck_epilogue(alpha: alpha, beta: beta, bias: bias, activation: activation.kernel, residual: residual, ld_residual: columns))
        }
    }
}
