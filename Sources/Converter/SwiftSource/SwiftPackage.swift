package import Bytes
internal import TensorFiles
package import Tensors

/// A small Swift package with typed access to weights: `Package.swift`, `Sources/NAME/Weights.swift`, and the weights as a safetensors file and resource.
///
/// It depends on nothing but Foundation, so that it compiles in seconds; the weights are mapped, not compiled.
package struct SwiftPackage {
    package static let resource = "weights.safetensors"

    /// The package's and module's name.
    package let module: String
    private let layout: SafetensorsLayout
    private let tensors: [String: Tensor]

    /// A package of `weights`, named for `name`. Throws `.usage` for two weights of one name.
    package init(_ name: String, weights: [(name: String, tensor: Tensor)]) throws {
        module = SwiftNames.module(name)
        // A type that Swift lacks is bytes there too.
        layout = try SafetensorsLayout(weights)
        tensors = Dictionary(weights.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    }

    /// The names of the files that the package consists of.
    package var files: [String] { ["Package.swift", sourceName, "Sources/\(module)/Resources/\(Self.resource)"] }

    private var sourceName: String { "Sources/\(module)/Weights.swift" }

    /// Writes the package's files. `progress` is told the bytes of weights written and to be written.
    package func write(to folder: AtomicFolder, progress: (Int, Int) -> Void = { _, _ in }) throws {
        let header = try layout.header(metadata: [("format", "pt")])
        try folder.write(Array(manifest.utf8), as: "Package.swift")
        try folder.write(Array(source(header: header).utf8), as: sourceName)
        let file = try folder.file("Sources/\(module)/Resources/\(Self.resource)")
        let total = layout.payloads.reduce(header.count) { $0 + $1.count }
        try file.write(header)
        for payload in layout.payloads {
            try payload.forEachPiece { piece in
                try file.write(piece)
                progress(file.position, total)
            }
        }
        try file.commit()
    }

    private var manifest: String {
        """
        // swift-tools-version: 6.0
        import PackageDescription

        let package = Package(
            name: "\(module)",
            products: [.library(name: "\(module)", targets: ["\(module)"])],
            targets: [.target(name: "\(module)", resources: [.copy("Resources/\(Self.resource)")])]
        )

        """
    }

    private func source(header: [UInt8]) -> String {
        var names = SwiftNames(taken: ["all", "subscript", "bundled", "init", "data", "self"])
        var offset = header.count
        var accessors: [String] = []
        var entries: [String] = []
        for payload in layout.payloads {
            guard let tensor = tensors[payload.name] else { continue }
            let type = SwiftTypes.name(tensor.elementType)
            // Bytes of a type that Swift lacks have no element for each index.
            let shape = type == nil ? [payload.count] : tensor.shape
            let fields =
                "name: \(Self.literal(payload.name)), elementType: \"\(tensor.elementType)\", shape: \(shape), offset: \(offset), byteCount: \(payload.count)"
            let documentation = "    /// \(quoted(payload.name)), \(tensor)"
            accessors.append(
                "\(documentation)\n    public var \(names.identifier(payload.name)): Weight<\(type ?? "UInt8")> { Weight(Self.all[\(entries.count)], data) }")
            entries.append("        WeightInfo(\(fields)),")
            offset += payload.count
        }
        return SwiftTemplate.source(
            byteCount: offset, headerCount: header.count, headerHash: SwiftTemplate.hash(header), entries: entries.joined(separator: "\n"),
            accessors: accessors.joined(separator: "\n\n"))
    }

    private static func literal(_ text: String) -> String {
        "\"" + text.unicodeScalars.map { "\"\\\n\r\0".unicodeScalars.contains($0) ? $0.escaped(asASCII: true) : String($0) }.joined() + "\""
    }
}

/// What elements are in the emitted source.
private enum SwiftTypes {
    static func name(_ type: ElementType) -> String? {
        switch type {
        case .float: "Float"
        case .double: "Double"
        case .float16: "Float16"
        case .bfloat16: "BFloat16"
        case .int8: "Int8"
        case .int16: "Int16"
        case .int32: "Int32"
        case .int64: "Int64"
        case .uint8, .bool: "UInt8"
        case .uint16: "UInt16"
        case .uint32: "UInt32"
        case .uint64: "UInt64"
        default: nil
        }
    }
}
