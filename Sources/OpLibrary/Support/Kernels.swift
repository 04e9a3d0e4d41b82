internal import CKernels

/// What the machine's kernels are.
package enum Kernels {
    /// The instruction set in use, after `ONNX_RUN_ISA`.
    package static var instructionSet: String { unsafe String(cString: ck_isa_name()) }
}
