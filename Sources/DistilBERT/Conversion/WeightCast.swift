internal import Bytes
internal import Converter
internal import OrderedCollections
internal import TensorFiles
internal import Tensors

/// Brings weights to one type, tensor by tensor, into a file without a name instead of memory.
struct WeightCast {
    let type: ElementType
    /// The path that the file is made beside.
    let path: String

    /// The type of `weights`, if it is one that a graph can have and all are of it; else float.
    static func common(_ weights: OrderedDictionary<String, Tensor>) -> ElementType {
        let types = Set(weights.values.map(\.elementType))
        guard let type = types.first, types.count == 1, type.isFloatingPoint else { return .float }
        return type
    }

    func callAsFunction(_ weights: OrderedDictionary<String, Tensor>) throws -> OrderedDictionary<String, Tensor> {
        var result = weights
        for (name, tensor) in weights where tensor.elementType.isFloatingPoint && tensor.elementType != type && tensor.count > 0 {
            do {
                result[name] = try spilled(try tensor.cast(to: type), name)
            } catch let error as ONNXError {
                throw error.at("weight \"\(quoted(name))\"")
            }
        }
        return result
    }

    private func spilled(_ tensor: Tensor, _ name: String) throws -> Tensor {
        if type == .float16, let index = try tensor.elements(Float16.self).firstIndex(where: { $0.isInfinite }) {
            throw ONNXError(.shape, "element \(index) is beyond what float16 holds", remedy: "use --dtype bf16, which has the range of fp32")
        }
        let file = try SpilledFile(besides: path, name: name)
        let bytes = try tensor.bytes()
        try unsafe bytes.withPointer { try unsafe file.write(UnsafeRawBufferPointer(start: $0, count: bytes.count).bytes) }
        return try Tensor(type, tensor.shape, Storage(ByteRegion(try file.mapped())))
    }
}
