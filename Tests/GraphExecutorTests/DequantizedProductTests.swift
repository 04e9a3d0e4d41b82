import GraphExecutor
import ONNX
import Testing

/// What static quantization writes around a product, and what looks like it.
@Suite struct DequantizedProductTests {
    struct Variant: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var perColumn = false
        /// The scales lie along the rows of the sum.
        var perRow = false
        var isSigned = true
        var isGemm = false
        var hasBias = true
        var hasZeroPoints = true
        /// 16-bit activations.
        var isWide = false
        /// The scale of A is an input.
        var isScaleGiven = false
        /// The product of the scales is no normal number.
        var hasTinyScales = false
        var depth = 37
    }

    private static let fused = [
        Variant(testDescription: "one scale"), Variant(testDescription: "a scale a column", perColumn: true),
        Variant(testDescription: "unsigned weights", perColumn: true, isSigned: false), Variant(testDescription: "Gemm of a transposed matrix", isGemm: true),
        Variant(testDescription: "Gemm with a scale a column", perColumn: true, isGemm: true),
        Variant(testDescription: "without bias", isGemm: true, hasBias: false),
        Variant(testDescription: "without zero points of the weights", hasZeroPoints: false), Variant(testDescription: "a long sum", depth: 3072),
    ]
    private static let lookAlikes = [
        Variant(testDescription: "a scale a row", perRow: true), Variant(testDescription: "16 bits", isWide: true),
        Variant(testDescription: "a scale that is given", isScaleGiven: true), Variant(testDescription: "tiny scales", hasTinyScales: true),
        Variant(testDescription: "sums beyond 32 bits", depth: 33_026),
    ]

    private func model(_ variant: Variant) throws -> ONNX.Model {
        let (depth, columns) = (variant.depth, 50)
        var graph = Graph(name: "quantized")
        let rows: [Dimension] = variant.isGemm ? [.unknown] : [.unknown, .known(3)]
        graph.inputs = [ValueInfo("x", .tensor(.float, rows + [.known(depth)]))]
        if variant.isScaleGiven { graph.inputs.append(ValueInfo("x_scale", .tensor(.float, []))) }
        let bytes = (0..<depth * columns).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 7) }
        let count = variant.perColumn ? columns : variant.perRow ? depth : 1
        let (shape, scaleShape) = (variant.isGemm ? [columns, depth] : [depth, columns], count == 1 ? [] : [count])
        if variant.isSigned {
            graph.initializers["w"] = try Tensor(bytes.map { Int8(bitPattern: $0) }, shape: shape)
            graph.initializers["w_zero"] = try Tensor((0..<count).map { Int8(truncatingIfNeeded: $0 % 5 - 2) }, shape: scaleShape)
        } else {
            graph.initializers["w"] = try Tensor(bytes, shape: shape)
            graph.initializers["w_zero"] = try Tensor((0..<count).map { UInt8(120 + $0 % 9) }, shape: scaleShape)
        }
        let unit: Float = variant.hasTinyScales ? 1e-37 : 0.01
        graph.initializers["w_scale"] = try Tensor((0..<count).map { unit + unit * 0.1 * Float($0) }, shape: scaleShape)
        if !variant.isScaleGiven { graph.initializers["x_scale"] = try Tensor([Float(0.05)], shape: []) }
        graph.initializers["x_zero"] = variant.isWide ? try Tensor([UInt16(3000)], shape: []) : try Tensor([UInt8(117)], shape: [])
        graph.initializers["b"] = try Tensor((0..<columns).map { Float($0) * 0.1 - 2 }, shape: [columns])
        let axis: OrderedDictionary<String, Attribute> = ["axis": .int(variant.perRow || variant.isGemm ? 0 : 1)]
        graph.nodes = [
            Node("QuantizeLinear", inputs: ["x", "x_scale", "x_zero"], outputs: ["q"]),
            Node("DequantizeLinear", inputs: ["q", "x_scale", "x_zero"], outputs: ["a"]),
            Node("DequantizeLinear", inputs: ["w", "w_scale"] + (variant.hasZeroPoints ? ["w_zero"] : []), outputs: ["m"], attributes: axis),
        ]
        if variant.isGemm {
            graph.nodes.append(Node("Gemm", inputs: ["a", "m"] + (variant.hasBias ? ["b"] : []), outputs: ["y"], attributes: ["transB": .int(1)]))
        } else {
            graph.nodes.append(Node("MatMul", inputs: ["a", "m"], outputs: [variant.hasBias ? "product" : "y"]))
            if variant.hasBias { graph.nodes.append(Node("Add", inputs: ["product", "b"], outputs: ["y"])) }
        }
        graph.outputs = [ValueInfo("y")]
        return Model(opsetImports: ["": 21], graph: graph)
    }

    private func output(_ variant: Variant, _ session: Session) throws -> [Float] {
        let shape = variant.isGemm ? [4, variant.depth] : [2, 3, variant.depth]
        let x = (0..<shape.reduce(1, *)).map { (index: Int) -> Float in Float(index * 7919 % 1009) * 0.01 - 3 }
        var inputs = ["x": Value.tensor(try Tensor(x, shape: shape))]
        if variant.isScaleGiven { inputs["x_scale"] = .tensor(try Tensor([Float(0.05)], shape: [])) }
        return try #require(try session.runSynchronously(inputs)["y"]?.tensor).array(of: Float.self)
    }

    private func count(_ session: Session) -> Int { session.passReports.flatMap(\.patches).count { $0.kind == "dequantized product" } }

    /// The farthest that two results are apart, of the largest value.
    private func distance(_ a: [Float], _ b: [Float]) -> Float {
        let largest = b.map(abs).max() ?? 0
        return largest == 0 ? 0 : (zip(a, b).map { abs($0 - $1) }.max() ?? .infinity) / largest
    }

    @Test(arguments: fused) func givesTheProductOfTheFloats(_ variant: Variant) throws {
        let model = try model(variant)
        let optimized = try Session(model: model)
        #expect(count(optimized) == 1)
        let reference = try output(variant, try Session(model: model, options: SessionOptions(kind: .reference)))
        #expect(try distance(output(variant, optimized), reference) < 2e-6)
    }

    @Test(arguments: lookAlikes) func lookAlikesAreLeftAlone(_ variant: Variant) throws {
        let model = try model(variant)
        let optimized = try Session(model: model)
        #expect(count(optimized) == 0)
        let reference = try output(variant, try Session(model: model, options: SessionOptions(kind: .reference)))
        #expect(try distance(output(variant, optimized), reference) < 2e-6)
    }

    /// Dequantized, moved and quantized again.
    private func movingModel(secondScale: Float, secondZero: Int) throws -> ONNX.Model {
        var graph = Graph(name: "moves")
        graph.inputs = [ValueInfo("x", .tensor(.float, [.known(6), .known(40)]))]
        graph.initializers["s"] = try Tensor([Float(0.0371)], shape: [])
        graph.initializers["z"] = try Tensor([UInt8(117)], shape: [])
        graph.initializers["s2"] = try Tensor([secondScale], shape: [])
        graph.initializers["z2"] = try Tensor([UInt8(secondZero)], shape: [])
        graph.nodes = [
            Node("QuantizeLinear", inputs: ["x", "s", "z"], outputs: ["q"]), Node("DequantizeLinear", inputs: ["q", "s", "z"], outputs: ["d"]),
            Node("Transpose", inputs: ["d"], outputs: ["t"], attributes: ["perm": .ints([1, 0])]),
            Node("QuantizeLinear", inputs: ["t", "s2", "z2"], outputs: ["q2"]), Node("DequantizeLinear", inputs: ["q2", "s2", "z2"], outputs: ["y"]),
        ]
        graph.outputs = [ValueInfo("y")]
        return Model(opsetImports: ["": 17], graph: graph)
    }

    @Test(arguments: [(Float(0.0371), 117, 1), (Float(0.0372), 117, 0), (Float(0.0371), 116, 0)])
    func integersMoveWhereTheyComeBackAsTheyWere(_ scale: Float, _ zero: Int, _ moved: Int) throws {
        let model = try movingModel(secondScale: scale, secondZero: zero)
        let optimized = try Session(model: model)
        #expect(optimized.passReports.flatMap(\.patches).count { $0.kind == "moved" } == moved)
        let inputs = ["x": Value.tensor(try Tensor((0..<240).map { Float($0) * 0.05 - 6 }, shape: [6, 40]))]
        let reference = try Session(model: model, options: SessionOptions(kind: .reference)).runSynchronously(inputs)
        #expect(try optimized.runSynchronously(inputs)["y"]?.tensor?.array(of: Float.self) == reference["y"]?.tensor?.array(of: Float.self))
    }

    @Test(arguments: [("quantized-qdq", 12), ("quantized-qdq-16bit", 0)])
    func firesOnTheFixtures(_ name: String, _ products: Int) throws {
        let session = try Session(model: try Fixtures.model("distilbert-tiny/base/\(name).onnx"))
        #expect(count(session) == products)
    }
}
