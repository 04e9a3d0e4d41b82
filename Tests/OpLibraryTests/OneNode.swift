import Bytes
import GraphIR
import OpLibrary
import OrderedCollections
import Tensors

/// Runs one node by itself, as the executor would.
struct OneNode {
    let node: Node
    let opset: Int

    init(_ opType: String, opset: Int, domain: String = "", outputs: Int = 1, attributes: [(String, Attribute)] = []) {
        node = Node(
            opType, domain: domain, inputs: [], outputs: (0..<outputs).map { "y\($0)" }, attributes: OrderedDictionary(uniqueKeysWithValues: attributes))
        self.opset = opset
    }

    /// The outputs for `inputs`; nil leaves an input out.
    func callAsFunction(_ inputs: Tensor?...) throws -> [Tensor] {
        var node = node
        node.inputs = inputs.enumerated().map { $1 == nil ? "" : "x\($0)" }
        let bound = try Registry.standard.bind(node, opset: opset)
        let values = inputs.map { $0.map { Value.tensor($0) } }
        let inference = Inference(inputs: values.map { $0?.type }, constants: inputs, outputCount: node.outputs.count)
        try bound.infer(inference)
        let context = RunContext(
            inputs: values, outputTypes: inference.outputs, wanted: node.outputs.map { _ in true }, host: PlainHost())
        try bound.apply(context)
        return context.results.compactMap { $0?.tensor }
    }
}

/// Memory as asked for, one thread, a fixed seed.
private final class PlainHost: RunHost {
    func allocate(output: Int, _ type: ElementType, _ shape: [Int]) throws -> MutableTensor { try MutableTensor(type, shape) }
    func scratch(byteCount: Int) throws -> Storage { try Storage(byteCount: byteCount) }
    func parallel(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) throws -> Void) throws { if count > 0 { try body(0..<count) } }
    func runBody(_ name: String, _ inputs: [Value]) throws -> [Value] { throw ONNXError(.unsupported, "no subgraphs here") }
    func checkDeadline() throws {}
    func nextSeed() -> UInt64 { 7 }
}
