internal import GraphExecutor
internal import GraphIR
internal import OpLibrary
internal import OrderedCollections
internal import Tensors

/// How much arithmetic and memory traffic a step is, from the shapes of what it reads and makes.
struct Work {
    /// Multiplications and additions, each counted; nil where the operator is no product.
    let operations: Double?
    /// What the factors of its products are.
    let precision: Precision
    /// Bytes read and written, each value once.
    let bytes: Double

    init(_ entry: Profile.Entry) {
        // Of a table only what is picked is read.
        let read = ["Gather", "GatherElements", "GatherND"].contains(entry.operation) ? entry.outputs + entry.inputs.dropFirst() : entry.inputs
        bytes = (read + entry.outputs).reduce(0) { $0 + Self.bytes($1) }
        operations = Self.operations(entry)
        precision = Self.precision(entry)
    }

    private static func precision(_ entry: Profile.Entry) -> Precision {
        if case .string(let name)? = entry.attributes["precision"], let precision = Precision(rawValue: name) { return precision }
        return integerProducts.contains(entry.operation) ? .int8 : .fp32
    }

    private static let integerProducts: Set<String> = [
        "MatMulInteger", "QLinearMatMul", "ConvInteger", "QLinearConv", "swift.onnx.QuantizedLinear", "com.microsoft.MatMulIntegerToFloat",
        "com.microsoft.DynamicQuantizeMatMul", "com.microsoft.QGemm", "com.microsoft.QAttention",
    ]

    private static func bytes(_ type: ValueType?) -> Double {
        guard let shape = type?.knownShape, let element = type?.elementType, element != .string else { return 0 }
        return Double(element.bitWidth) / 8 * product(shape)
    }

    private static func product(_ shape: some Sequence<Int>) -> Double { shape.reduce(1) { $0 * Double($1) } }

    private static func operations(_ entry: Profile.Entry) -> Double? {
        let shapes = entry.inputs.map { $0?.knownShape }
        guard let result = entry.outputs.first??.knownShape, let x = shapes.first ?? nil else { return nil }
        func shape(_ index: Int) -> [Int]? { index < shapes.count ? shapes[index] : nil }
        func flag(_ name: String) -> Bool {
            guard case .int(let value)? = entry.attributes[name] else { return false }
            return value != 0
        }
        switch entry.operation {
        case "MatMul", "MatMulInteger", "QLinearMatMul", "com.microsoft.MatMulIntegerToFloat", "com.microsoft.DynamicQuantizeMatMul",
            "com.microsoft.MatMulNBits", "com.microsoft.MatMulBnb4", "swift.onnx.Linear", "swift.onnx.QuantizedLinear":
            return x.last.map { 2 * product(result) * Double($0) }
        case "Gemm", "com.microsoft.FusedGemm", "com.microsoft.QGemm", "com.microsoft.FusedMatMul":
            guard x.count >= 2 else { return nil }
            return 2 * product(result) * Double(flag("transA") ? x[x.count - 2] : x[x.count - 1])
        case "Conv", "ConvInteger", "QLinearConv", "com.microsoft.FusedConv":
            guard let weight = shape(entry.operation == "QLinearConv" ? 3 : 1) else { return nil }
            return 2 * product(result) * product(weight.dropFirst())
        case "swift.onnx.Attention":
            guard let keys = shape(1), keys.count == 4 else { return nil }
            return 4 * product(x) * Double(keys[flag("k_rows_first") ? 1 : 2])
        case "Attention", "com.microsoft.MultiHeadAttention":
            guard let keys = shape(1), keys.count >= 3 else { return nil }
            return 4 * product(x) * Double(keys[keys.count - 2])
        case "com.microsoft.Attention", "com.microsoft.QAttention":
            guard let weight = shape(1), x.count == 3, weight.count == 2 else { return nil }
            return 2 * product(x) * Double(weight[1]) + 4 * product(result) * Double(x[1])
        default: return nil
        }
    }
}
