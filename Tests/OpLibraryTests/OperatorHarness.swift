import Bytes
import GraphIR
import OpLibrary
import OrderedCollections
import Tensors

/// Runs one node as a session would, without one.
struct OperatorHarness {
    var opset = 28
    var maxBytes = 1 << 26
    /// What the node's subgraphs do.
    var body: (@Sendable ([Value]) throws -> [Value])?
    /// What is inferred for the outputs of the node's subgraphs.
    var bodyTypes: [ValueType?] = []

    /// The values of all outputs, after inference from the inputs' types and values; each is held against what was inferred.
    func run(
        _ op: String, domain: String = "", _ inputs: [Value?], outputs: Int = 1, _ attributes: OrderedDictionary<String, Attribute> = [:]
    ) throws -> [Value?] {
        let node = Node(
            op, domain: domain, inputs: inputs.enumerated().map { $1 == nil ? "" : "in\($0)" }, outputs: (0..<outputs).map { "out\($0)" },
            attributes: attributes)
        let operation = try Registry.standard.bind(node, opset: opset)
        let types = bodyTypes
        let inference = Inference(inputs: inputs.map { $0?.type }, constants: inputs.map { $0?.tensor }, outputCount: outputs) { _, _ in types }
        try operation.infer(inference)
        // The same rule must cope with knowing less.
        let vague = Inference(inputs: inputs.map { $0?.type }, constants: [], outputCount: outputs) { _, _ in types }
        try operation.infer(vague)
        try operation.infer(Inference(inputs: inputs.map { _ in nil }, constants: [], outputCount: outputs) { _, _ in types })
        let context = RunContext(
            inputs: inputs, outputTypes: inference.outputs, wanted: Array(repeating: true, count: outputs), host: Host(maxBytes: maxBytes, body: body))
        try operation.apply(context)
        for (index, value) in context.results.enumerated() {
            for inferred in [inference.outputs[index], vague.outputs[index]] {
                guard case .tensor(let tensor)? = value, let inferred else { continue }
                guard inferred.elementType == nil || inferred.elementType == tensor.elementType, fits(tensor.shape, inferred.shape) else {
                    throw ONNXError(.shape, "output \(index) is \(tensor), but \(inferred) was inferred")
                }
            }
        }
        return context.results
    }

    private func fits(_ shape: [Int], _ inferred: [Dimension]?) -> Bool {
        guard let inferred else { return true }
        return shape.count == inferred.count && zip(shape, inferred).allSatisfy { $1.size == nil || $1.size == $0 }
    }

    /// The first output as a tensor.
    func tensor(_ op: String, domain: String = "", _ inputs: [Value?], _ attributes: OrderedDictionary<String, Attribute> = [:]) throws -> Tensor {
        guard let tensor = try run(op, domain: domain, inputs, attributes)[0]?.tensor else { throw ONNXError(.shape, "no tensor came") }
        return tensor
    }

    private final class Host: RunHost {
        private let maxBytes: Int
        private let body: (@Sendable ([Value]) throws -> [Value])?

        init(maxBytes: Int, body: (@Sendable ([Value]) throws -> [Value])?) {
            self.maxBytes = maxBytes
            self.body = body
        }

        func allocate(output: Int, _ type: ElementType, _ shape: [Int]) throws -> MutableTensor {
            let bytes = try Shape.byteCount(try Shape.count(shape), type)
            return try MutableTensor(type, shape, try scratch(byteCount: bytes), byteOffset: 0)
        }

        func scratch(byteCount: Int) throws -> Storage {
            guard byteCount <= maxBytes else { throw ONNXError(.limit, "\(byteCount) bytes exceed \(maxBytes)") }
            return try Storage(byteCount: byteCount)
        }

        /// In the smallest parts that are allowed, so that a body that doesn't keep to its part is found.
        func parallel(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) throws -> Void) throws {
            for start in stride(from: 0, to: count, by: grain) { try body(start..<Swift.min(count, start + grain)) }
        }

        func runBody(_ name: String, _ inputs: [Value]) throws -> [Value] {
            guard let body else { throw ONNXError(.usage, "no body is given") }
            return try body(inputs)
        }

        func checkDeadline() throws {}
        func nextSeed() -> UInt64 { 1 }
    }
}

/// A tensor value of `values`.
func value<T: TensorElement>(_ values: [T], _ shape: [Int]? = nil) throws -> Value { .tensor(try Tensor(values, shape: shape ?? [values.count])) }

func ints(_ values: Int64...) throws -> Value { try value(values) }

/// 0, 1, 2 and so on.
func counting(_ shape: [Int]) throws -> Value { .tensor(try Tensor((0..<Shape.product(shape)).map(Float.init), shape: shape)) }

/// Random numbers that a seed gives again. https://doi.org/10.1145/2714064.2660195
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
