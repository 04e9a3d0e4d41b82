internal import Bytes
internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// Inputs for a benchmark: ids uniform in the table that they index, masks of ones, other numbers uniform in -1...1.
struct SampleInputs {
    private let inputs: [ValueInfo]
    private let shapes: [String: [Int]]
    /// Rows of the table that an input indexes.
    private let tables: [String: Int]
    private var random: SplitMix

    /// `shapes` gives an input's whole shape, `dimensions` the extent of a named dimension. Throws `.usage` for a dimension that stays open.
    init(_ model: Model, shapes: [String: [Int]], dimensions: [String: Int], seed: UInt64) throws {
        inputs = model.graph.inputs.filter { model.graph.initializers[$0.name] == nil }
        for name in shapes.keys where !inputs.contains(where: { $0.name == name }) {
            throw ONNXError(.usage, "the model has no input '\(name)'", remedy: "its inputs are \(inputs.map(\.name).joined(separator: ", "))")
        }
        let named = Set(inputs.flatMap { $0.type?.shape ?? [] }.compactMap { if case .named(let name) = $0 { name } else { nil } })
        if let unknown = dimensions.keys.filter({ !named.contains($0) }).min() {
            let list = named.isEmpty ? "its inputs name none" : "they are \(named.sorted().joined(separator: ", "))"
            throw ONNXError(.usage, "the model's inputs have no dimension '\(quoted(unknown))'", remedy: list)
        }
        let dimensions = Self.extents(inputs, shapes).merging(dimensions) { _, given in given }
        self.shapes = try Dictionary(
            inputs.map { ($0.name, try Self.shape(of: $0, shapes, dimensions)) }, uniquingKeysWith: { first, _ in first })
        tables = Self.tables(model.graph)
        random = SplitMix(state: seed)
    }

    /// The extents of named dimensions that the given shapes say.
    private static func extents(_ inputs: [ValueInfo], _ shapes: [String: [Int]]) -> [String: Int] {
        var extents: [String: Int] = [:]
        for info in inputs {
            guard let shape = shapes[info.name], let declared = info.type?.shape, shape.count == declared.count else { continue }
            for case (.named(let name), let size) in zip(declared, shape) { extents[name] = size }
        }
        return extents
    }

    private static func shape(of info: ValueInfo, _ shapes: [String: [Int]], _ dimensions: [String: Int]) throws -> [Int] {
        if let shape = shapes[info.name] { return shape }
        guard let declared = info.type?.shape else {
            throw ONNXError(.usage, "input '\(info.name)' has no declared rank", remedy: "give --shape \(info.name)=…")
        }
        return try declared.map { dimension in
            switch dimension {
            case .known(let size): return size
            case .named(let name) where dimensions[name] != nil: return dimensions[name] ?? 0
            default:
                let example = (Array(repeating: "1", count: declared.count - 1) + ["128"]).joined(separator: "x")
                let hint = "--shape \(info.name)=\(example)" + (dimension == .unknown ? "" : " or --dim \(dimension)=1")
                throw ONNXError(.usage, "input '\(info.name)' has the open dimension \(dimension)", remedy: "give \(hint)")
            }
        }
    }

    /// Operators that hand on the rows of a table, or the ids that take them.
    private static let transparent: Set<String> = ["Cast", "Identity", "DequantizeLinear", "Reshape", "Unsqueeze", "Squeeze", "Flatten"]
    /// Where operators that look rows up have their ids and their tables.
    private static let lookups: [String: [(ids: Int, table: Int)]] = [
        "Gather": [(1, 0)], "GatherBlockQuantized": [(1, 0)], "EmbedLayerNormalization": [(0, 2), (1, 4)], "QEmbedLayerNormalization": [(0, 2), (1, 4)],
    ]

    /// The rows of the smallest table that each value indexes.
    private static func tables(_ graph: Graph) -> [String: Int] {
        var origin: [String: String] = [:]
        var rows: [String: Int] = [:]
        var result: [String: Int] = [:]
        for (name, tensor) in graph.initializers where tensor.rank >= 2 { rows[name] = tensor.shape[0] }
        for node in graph.nodes {
            if transparent.contains(node.opType), let from = node.inputs.first, let to = node.outputs.first {
                origin[to] = origin[from] ?? from
                rows[to] = rows[from]
            }
            for (ids, table) in lookups[node.opType] ?? [] where max(ids, table) < node.inputs.count {
                guard let count = rows[node.inputs[table]] else { continue }
                let name = origin[node.inputs[ids]] ?? node.inputs[ids]
                result[name] = min(result[name] ?? count, count)
            }
        }
        return result
    }

    /// The next inputs; each call gives others.
    mutating func next() throws -> [String: Value] {
        var values: [String: Value] = [:]
        for info in inputs {
            guard case .tensor(let type?, _)? = info.type else { throw ONNXError(.unsupported, "input '\(info.name)' is no tensor", remedy: "give --input") }
            values[info.name] = .tensor(try tensor(info.name, type, shapes[info.name] ?? []))
        }
        return values
    }

    private mutating func tensor(_ name: String, _ type: ElementType, _ shape: [Int]) throws -> Tensor {
        let count = try Shape.count(shape)
        if type == .string { return try Tensor(strings: Array(repeating: "", count: count), shape: shape) }
        let isMask = name.contains("mask")
        if type.isFloatingPoint, !isMask {
            return try Tensor((0..<count).map { _ in Float.random(in: -1...1, using: &random) }, shape: shape).converted(losslesslyTo: type)
        }
        let limit = tables[name] ?? (name.contains("token_type") ? 1 : 2)
        let values = (0..<count).map { _ in isMask ? Int64(1) : Int64.random(in: 0..<Int64(Swift.max(1, limit)), using: &random) }
        return try Tensor(values, shape: shape).converted(losslesslyTo: type)
    }
}

/// Steele, Lea and Flood's SplitMix64: small, and the same numbers everywhere.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
