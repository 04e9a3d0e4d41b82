internal import GraphIR
internal import OpLibrary

/// The version of the package, and of what it stands on.
enum Version {
    static let number = "0.3.0"

    /// Loads OpenBLAS.
    static var text: String { "\(number), \(Kernels.instructionSet), \(Kernels.blas), protobuf-c \(ProtobufC.version)" }
}
