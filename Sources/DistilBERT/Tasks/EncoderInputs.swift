internal import Bytes
internal import GraphIR
internal import OrderedCollections
internal import Tensors
internal import Tokenizers

/// The inputs of a text encoder, and how encodings become their values.
struct EncoderInputs: Sendable {
    private let ids: ValueInfo
    private let mask: ValueInfo?
    private let types: ValueInfo?
    /// The number of texts that the model was exported for, where it is fixed.
    let fixedBatch: Int?
    /// The number of tokens that the model was exported for, where it is fixed.
    let fixedLength: Int?

    /// The most tokens of a batch whose size the model fixes.
    private static let mostFixedTokens = 1 << 24

    /// Whether texts of different lengths can share a batch.
    var hasMask: Bool { mask != nil }
    /// What the model calls the number of tokens of a text.
    var lengthName: Dimension? { ids.type?.shape?.last }

    /// Throws `.unsupported` for a model that takes anything but ids, mask and token types.
    init(_ graph: Graph) throws(ONNXError) {
        func input(_ name: String) -> ValueInfo? { graph.inputs.first { $0.name == name } }
        let list = graph.inputs.map { "'\(quoted($0.name))'" }.joined(separator: ", ")
        guard let ids = input("input_ids") else {
            throw ONNXError(
                .unsupported, "the model has no input 'input_ids'; its inputs are \(list.isEmpty ? "none" : list)",
                remedy: "export it with input_ids and attention_mask")
        }
        self.ids = ids
        mask = input("attention_mask")
        types = input("token_type_ids")
        for other in graph.inputs where !["input_ids", "attention_mask", "token_type_ids"].contains(other.name) && graph.initializers[other.name] == nil {
            throw ONNXError(
                .unsupported, "the model wants '\(quoted(other.name))', which no text gives",
                remedy: "export it with input_ids and attention_mask alone, or run it with onnx-run MODEL --input")
        }
        let shape = ids.type?.shape
        guard shape == nil || shape?.count == 2 else {
            throw ONNXError(.unsupported, "input_ids is \(ids.type.map { "\($0)" } ?? "?"); [batch, sequence] expected")
        }
        fixedBatch = shape?[0].size
        fixedLength = shape?[1].size
        let fixed = (fixedBatch ?? 1).multipliedReportingOverflow(by: fixedLength ?? 1)
        guard !fixed.overflow, (0...Self.mostFixedTokens).contains(fixed.partialValue) else {
            throw ONNXError(.limit, "input_ids is \(ids.type.map { "\($0)" } ?? "?"); at most \(Self.mostFixedTokens) tokens expected")
        }
    }

    /// The values for a batch. Shorter texts are padded on the right with `padding`, missing rows with copies of the first.
    func values(_ batch: [Encoding], padding: Int32) throws(ONNXError) -> [String: Value] {
        let length = fixedLength ?? batch.lazy.map(\.count).max() ?? 0
        let rows = fixedBatch ?? batch.count
        var values: [String: Value] = [:]
        for (info, pad, column) in [(ids, padding, \Encoding.ids), (mask, 0, \.attentionMask), (types, 0, \.typeIDs)]
            as [(ValueInfo?, Int32, KeyPath<Encoding, [Int32]>)]
        {
            guard let info else { continue }
            var elements: [Int32] = []
            elements.reserveCapacity(rows * length)
            for row in 0..<rows {
                let given = batch[row < batch.count ? row : 0][keyPath: column]
                elements += given
                elements += repeatElement(pad, count: length - given.count)
            }
            do throws(ONNXError) {
                values[info.name] = .tensor(try Self.tensor(elements, [rows, length], info.type?.elementType ?? .int64))
            } catch {
                throw error.at("input '\(quoted(info.name))'")
            }
        }
        return values
    }

    private static func tensor(_ elements: [Int32], _ shape: [Int], _ type: ElementType) throws(ONNXError) -> Tensor {
        switch type {
        case .int64: return try Tensor(elements.map(Int64.init), shape: shape)
        case .int32: return try Tensor(elements, shape: shape)
        case .float: return try Tensor(elements.map(Float.init), shape: shape)
        case .bool: return try Tensor(elements.map { TensorBool($0 != 0) }, shape: shape)
        default: throw ONNXError(.unsupported, "is of \(type); int64, int32, float or bool expected")
        }
    }
}
