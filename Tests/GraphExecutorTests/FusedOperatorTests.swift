import GraphExecutor
import ONNX
import OpLibrary
import Testing

/// Every fused operator against the function that it means.
@Suite struct FusedOperatorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let operation: String
        let inputs: [(name: String, shape: [Int])]
        let attributes: [(String, Attribute)]
        var isMaskBool = false
        /// Rows of the mask that hide every key.
        var hidesRows = false
        /// Of attention. For bf16 the inputs are bfloat16 already: what is left are the weights, each off by 2^-9 of itself, of values up to 4 apart.
        var precision = Precision.fp32
        var tolerance: Double { precision == .bf16 ? 8e-3 : 5e-6 }
    }

    private static func activation(_ name: String) -> Case {
        Case(testDescription: "Activation \(name)", operation: "Activation", inputs: [("X", [3, 50])], attributes: [("function", .string(name))])
    }

    private static func linear(_ name: String, _ inputs: [(String, [Int])], _ attributes: [(String, Attribute)] = []) -> Case {
        Case(testDescription: "Linear \(name)", operation: "Linear", inputs: inputs.map { (name: $0.0, shape: $0.1) }, attributes: attributes)
    }

    private static func attention(
        _ name: String, mask: [Int]?, rowsFirst: Bool, _ attributes: [(String, Attribute)] = [], isMaskBool: Bool = false, hidesRows: Bool = false,
        precision: Precision
    ) -> Case {
        let (q, k) = rowsFirst ? ([2, 5, 3, 8], [2, 7, 3, 8]) : ([2, 3, 5, 8], [2, 3, 7, 8])
        let flags = ["q_rows_first", "k_rows_first", "v_rows_first", "y_rows_first"].map { ($0, Attribute.int(rowsFirst ? 1 : 0)) }
        return Case(
            testDescription: "Attention \(name), \(precision)", operation: "Attention",
            inputs: [("Q", q), ("K", k), ("V", k)] + (mask.map { [("mask", $0)] } ?? []),
            attributes: [("scale", .float(0.3)), ("precision", .string(precision.rawValue))] + flags + attributes,
            isMaskBool: isMaskBool, hidesRows: hidesRows, precision: precision)
    }

    private static func attentions(_ precision: Precision) -> [Case] {
        [
            attention("without mask", mask: nil, rowsFirst: true, precision: precision),
            attention("heads first", mask: nil, rowsFirst: false, precision: precision),
            attention("a mask for all", mask: [2, 1, 5, 7], rowsFirst: true, precision: precision),
            attention("a mask a key", mask: [2, 1, 1, 7], rowsFirst: true, precision: precision),
            attention("a mask a head", mask: [1, 3, 5, 7], rowsFirst: false, precision: precision),
            attention("a mask of rank 2", mask: [5, 7], rowsFirst: true, precision: precision),
            attention("a mask a query", mask: [2, 1, 5, 1], rowsFirst: true, precision: precision),
            attention("guarded", mask: [2, 1, 5, 7], rowsFirst: true, [("guards", .int(1))], hidesRows: true, precision: precision),
            attention("not guarded", mask: [2, 1, 5, 7], rowsFirst: true, hidesRows: true, precision: precision),
            attention(
                "scores replaced", mask: [2, 1, 5, 7], rowsFirst: true, [("fill", .float(-.greatestFiniteMagnitude))], isMaskBool: true, hidesRows: true,
                precision: precision),
            attention("scores replaced by -inf", mask: [2, 1, 5, 7], rowsFirst: true, [("fill", .float(-.infinity))], isMaskBool: true, precision: precision),
        ]
    }

    /// Each function of element-wise steps, on operands of which the last is one number, and on one that has been through a step.
    private static func elementwise(_ function: ElementFunction) -> Case {
        let names = [function.takesCondition ? "mask" : "X", "L", "H"].prefix(function.operandCount)
        let operands = (0..<names.count).map { "\($0)" }.joined(separator: " ")
        return Case(
            testDescription: "Elementwise \(function.rawValue)", operation: "Elementwise",
            inputs: names.map { (name: $0, shape: $0 == "H" ? [1] : $0 == "L" ? [50] : [3, 50]) },
            attributes: [("steps", .strings(["\(function.rawValue) \(operands)", "Neg \(names.count)"]))], isMaskBool: function.takesCondition)
    }

    static let cases: [Case] =
        ElementFunction.allCases.map(elementwise) + ["identity", "relu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid"].map(activation)
        + [
            linear("alone", [("X", [2, 3, 5]), ("W", [5, 7])]),
            linear("with bias and activation", [("X", [2, 3, 5]), ("W", [5, 7]), ("B", [7])], [("activation", .string("gelu"))]),
            linear("transposed", [("X", [3, 5]), ("W", [7, 5]), ("B", [7])], [("transB", .int(1)), ("activation", .string("relu"))]),
            linear("with residual", [("X", [2, 3, 5]), ("W", [5, 7]), ("B", [7]), ("R", [2, 3, 7])]),
            linear("with a residual that is broadcast", [("X", [2, 3, 5]), ("W", [5, 7]), ("B", [7]), ("R", [1, 3, 7])]),
            linear("with a residual that broadcasts it", [("X", [1, 3, 5]), ("W", [5, 7]), ("B", [7]), ("R", [4, 3, 7])]),
            linear("of no rows", [("X", [0, 3, 5]), ("W", [5, 7]), ("B", [7])]),
        ] + attentions(.fp32) + attentions(.bf16)

    private func model(_ item: Case) throws -> Model {
        var graph = Graph(name: "fused")
        graph.inputs = item.inputs.map { input in
            ValueInfo(input.name, .tensor(input.name == "mask" && item.isMaskBool ? .bool : .float, input.shape.map(Dimension.known)))
        }
        graph.outputs = [ValueInfo("Y")]
        graph.nodes = [
            Node(
                item.operation, domain: Fused.domain, inputs: item.inputs.map(\.name), outputs: ["Y"],
                attributes: OrderedDictionary(item.attributes, uniquingKeysWith: { first, _ in first }))
        ]
        return Model(opsetImports: ["": 20, Fused.domain: 1], graph: graph)
    }

    private func values(_ item: Case) throws -> [String: Value] {
        var state: UInt64 = 42
        func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max) * 2
        }
        return try item.inputs.reduce(into: [:]) { values, input in
            let count = input.shape.reduce(1, *)
            let keys = input.shape.last ?? 1
            let isMask = input.name == "mask"
            func isHidden(_ index: Int) -> Bool { item.hidesRows && index / keys == 1 || next() > 1 && index % keys > 0 }
            if isMask && item.isMaskBool {
                values[input.name] = .tensor(try Tensor((0..<count).map { TensorBool(isHidden($0)) }, shape: input.shape))
            } else {
                values[input.name] = .tensor(
                    try Tensor((0..<count).map { isMask && isHidden($0) ? -Float.infinity : number(next(), item.precision) }, shape: input.shape))
            }
        }
    }

    /// The number, or the bfloat16 towards 0.
    private func number(_ x: Float, _ precision: Precision) -> Float { precision == .bf16 ? Float(bitPattern: x.bitPattern & 0xffff_0000) : x }

    @Test(arguments: cases) func meansItsExpansion(_ item: Case) throws {
        let (model, inputs) = (try model(item), try values(item))
        let fused = try Session(model: model).runSynchronously(inputs)
        let expanded = try Session(model: model, options: SessionOptions(kind: .reference)).runSynchronously(inputs)
        #expect(fused["Y"]?.tensor?.shape == expanded["Y"]?.tensor?.shape)
        #expect(try distance(fused["Y"], expanded["Y"]) < item.tolerance)
    }

    @Test func attentionHasNoBytes() throws {
        let item = Self.attention("in bytes", mask: nil, rowsFirst: true, precision: .int8)
        #expect { try Session(model: try model(item)) } throws: { "\($0)".contains("attention has 'fp32' and 'bf16'") }
    }
}
