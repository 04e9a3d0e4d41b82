internal import CKernels
internal import COpenBLAS

/// What the machine's kernels are.
package enum Kernels {
    /// The instruction set in use, after `ONNX_RUN_ISA`.
    package static var instructionSet: String { unsafe String(cString: ck_isa_name()) }

    /// The BLAS library and how it was built; asking loads it.
    package static var blas: String {
        unsafe co_config().map { unsafe String(cString: $0) } ?? "OpenBLAS " + (co_refusal().map { unsafe String(cString: $0) } ?? "unknown")
    }
}
