// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]

let cSettings: [CSetting] = [.enableWarning("all"), .treatAllWarnings(as: .error)]

let collections = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

let package = Package(
    name: "swift-onnx",
    products: [
        .library(name: "ONNX", targets: ["ONNX"]),
        .library(name: "DistilBERT", targets: ["DistilBERT"]),
        .executable(name: "onnx-run", targets: ["onnx-run"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    ],
    targets: [
        .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
        .target(name: "COnnx", dependencies: ["CProtobufC"], exclude: ["onnx.proto"]),
        .target(name: "CKernels", cSettings: cSettings),
        .target(name: "COpenBLAS", cSettings: cSettings, linkerSettings: [.linkedLibrary("dl")]),

        room("Bytes", []),
        room("Parallelism", []),
        room("Tensors", ["Bytes"]),
        room("TensorFiles", ["Tensors", "Bytes"]),
        room("GraphIR", ["Tensors", "Bytes", "COnnx", collections]),
        room("OpLibrary", ["Tensors", "GraphIR", "Bytes", "Parallelism", "CKernels", "COpenBLAS", collections]),
        room("GraphExecutor", ["OpLibrary", "GraphIR", "Tensors", "TensorFiles", "Bytes", "Parallelism", collections]),
        room("Tokenizers", ["Bytes", "Parallelism"]),
        room("Converter", ["Tensors", "TensorFiles", "GraphIR", "Bytes", collections]),
        room(
            "DistilBERT", ["Converter", "Tokenizers", "GraphExecutor", "OpLibrary", "GraphIR", "TensorFiles", "Tensors", "Parallelism", "Bytes", collections]),
        room("ONNX", ["Converter", "Tokenizers", "GraphExecutor", "GraphIR", "Tensors", "TensorFiles", "Bytes", collections]),
        .executableTarget(
            name: "onnx-run",
            dependencies: [
                "ONNX", "DistilBERT", "Converter", "Tokenizers", "GraphExecutor", "OpLibrary", "GraphIR", "Tensors", "TensorFiles", "Bytes", "Parallelism",
                arguments, collections,
            ],
            swiftSettings: swiftSettings),

        tests("BytesTests", ["Bytes"]),
        tests("GraphIRTests", ["GraphIR", "Tensors", "Bytes", collections]),
        tests("GraphExecutorTests", ["ONNX", "Converter", "GraphExecutor", "OpLibrary", "GraphIR", "Tensors", "Bytes"]),
        tests("OpLibraryTests", ["OpLibrary", "GraphIR", "Tensors", "Bytes", collections]),
        tests("CKernelsTests", ["CKernels"]),
        tests("ParallelismTests", ["Parallelism"]),
        tests("TokenizersTests", ["Tokenizers", "Bytes"]),
        tests("TensorFilesTests", ["TensorFiles", "Tensors", "Bytes"]),
        tests("ConverterTests", ["Converter", "GraphIR", "TensorFiles", "Tensors", "Bytes", collections]),
        tests("DistilBERTTests", ["DistilBERT", "Converter", "Tokenizers", "ONNX", "GraphExecutor", "GraphIR", "TensorFiles", "Tensors", "Bytes"]),
        tests("onnx-runTests", ["onnx-run"]),
    ]
)
