package import Bytes
public import GraphIR
internal import TensorFiles
internal import Tensors

extension NativeFile {
    /// Writes `model`, and the files that belong to it, as a native file at `path`. The file appears when it is complete; no tensor is copied in memory.
    ///
    /// Throws `.io` where the file can't be written, `.unsupported` for a model that can't be written as ONNX either.
    public static func write(_ model: Model, files: [(name: String, bytes: [UInt8])] = [], metadata: [(String, String)] = [], to path: String) throws {
        let regions = try files.map { ($0.name, ByteRegion(try MappedFile(name: $0.name, copying: $0.bytes))) }
        try write(model, weights: nil, files: regions, metadata: metadata, to: path)
    }

    /// As the other, with files that need not be in memory, and the model's packed forms. `weights` are the names of the initializers that are weights;
    /// nil where that is not known of any. `progress` is told the bytes written and to be written.
    package static func write(
        _ model: Model, weights names: Set<String>?, files: [(name: String, region: ByteRegion)], metadata: [(String, String)] = [], to path: String,
        progress: (Int, Int) -> Void = { _, _ in }
    ) throws {
        let weights = NativeTensors(weights: names)
        let graph = ByteRegion(try MappedFile(name: NativeHeader.graph, copying: model.protoBytes(external: weights)))
        let others = [(NativeHeader.graph, graph)] + files.map { (NativeHeader.tensorName(file: $0.name), $0.region) }
        let forms = model.packedForms.map { (NativeHeader.tensorName(packed: $0.name), $0.bytes) }
        let tensors = weights.tensors + forms + (try others.map { ($0, try Tensor(.uint8, [$1.count], Storage($1))) })
        let layout = try SafetensorsLayout(tensors, alignedTo: NativeHeader.alignment, filler: NativeHeader.filler)

        let file = try AtomicFile(path: path)
        let metadata = [("format", "pt")] + metadata.filter { $0.0 != "format" && !NativeHeader.isReserved($0.0) }
        var checksums = [UInt64](repeating: 0, count: layout.payloads.count)
        let header = try NativeHeader.header(layout, metadata: metadata, checksums: checksums)
        let total = layout.payloads.reduce(header.count) { $0 + $1.count }
        try file.write(header)
        for (index, payload) in layout.payloads.enumerated() {
            var hash = XXHash64()
            // Hashed and written while the cache holds it.
            try payload.forEachPiece { piece in
                hash.update(piece)
                try file.write(piece)
                progress(file.position, total)
            }
            checksums[index] = hash.value
        }
        try file.replace(at: 0, with: NativeHeader.header(layout, metadata: metadata, checksums: checksums))
        try file.commit()
    }
}

/// The tensors of a model that a native file keeps beside the graph: weights, and other constants that are large; no strings.
private final class NativeTensors: ExternalPlace {
    /// The initializers that are weights; nil for all.
    private let weights: Set<String>?
    private(set) var tensors: [(name: String, tensor: Tensor)] = []
    private var names: Set<String> = []
    private var byPlace: [Place: String] = [:]
    private var unnamed = 0
    private let smallestConstant = 1024

    init(weights: Set<String>?) { self.weights = weights }

    /// Tensors over the same bytes are stored once.
    private struct Place: Hashable {
        let address: UInt
        let type: ElementType
        let shape: [Int]
    }

    func take(_ name: String, _ tensor: Tensor) throws(ONNXError) -> (location: String, offset: Int)? {
        let isWeight = !name.isEmpty && weights?.contains(name) ?? true
        guard isWeight || tensor.byteCount >= smallestConstant else { return nil }
        let place = Place(address: unsafe try tensor.bytes().withPointer { UInt(bitPattern: $0) }, type: tensor.elementType, shape: tensor.shape)
        if tensor.count > 0, let known = byPlace[place] { return (known, 0) }
        var free = isWeight ? name : ""
        while free.isEmpty || NativeHeader.isReserved(free) && free == name || free == "__metadata__" || names.contains(free) {
            free = NativeHeader.constant(unnamed)
            unnamed += 1
        }
        names.insert(free)
        byPlace[place] = free
        tensors.append((free, tensor))
        return (free, 0)
    }
}
