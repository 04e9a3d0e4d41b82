import GraphExecutor
import ONNX
import Testing

/// What quantize_dynamic writes, and what looks like it.
@Suite struct QuantizedLinearTests {
    struct Variant: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var perColumn = false
        var isSigned = true
        var activation: String?
        var hasBias = true
        var hasZeroPoints = true
        /// The shape of what is added at the end.
        var residual: [Int]?
        /// The scale is made of one constant, not of A's and B's.
        var oneScale = false
        /// The integers are an output too.
        var showsIntegers = false
    }

    private static let fused = [
        Variant(testDescription: "one scale"), Variant(testDescription: "a scale a column", perColumn: true),
        Variant(testDescription: "unsigned weights", perColumn: true, isSigned: false), Variant(testDescription: "with Relu", activation: "Relu"),
        Variant(testDescription: "without bias", activation: "Tanh", hasBias: false),
        Variant(testDescription: "with a residual", activation: "Relu", residual: [4, 3, 50]),
        Variant(testDescription: "with a residual that is broadcast", residual: [1, 3, 50]),
        Variant(testDescription: "with zero points of 0", hasZeroPoints: false),
    ]
    private static let lookAlikes = [
        Variant(testDescription: "one constant scale", oneScale: true), Variant(testDescription: "integers that are read", showsIntegers: true),
    ]

    private func model(_ variant: Variant) throws -> ONNX.Model {
        let (depth, columns) = (37, 50)
        var graph = Graph(name: "quantized")
        graph.inputs = [ValueInfo("x", .tensor(.float, [.unknown, .known(3), .known(depth)]))]
        let bytes = (0..<depth * columns).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 7) }
        let count = variant.perColumn ? columns : 1
        if variant.isSigned {
            graph.initializers["w"] = try Tensor(bytes.map { Int8(bitPattern: $0) }, shape: [depth, columns])
            graph.initializers["w_zero"] = try Tensor(
                (0..<count).map { variant.hasZeroPoints ? Int8(truncatingIfNeeded: $0 % 5 - 2) : 0 }, shape: count == 1 ? [] : [count])
        } else {
            graph.initializers["w"] = try Tensor(bytes, shape: [depth, columns])
            graph.initializers["w_zero"] = try Tensor((0..<count).map { UInt8(120 + $0 % 9) }, shape: count == 1 ? [] : [count])
        }
        graph.initializers["w_scale"] = try Tensor((0..<count).map { 0.01 + 0.001 * Float($0) }, shape: count == 1 ? [] : [count])
        graph.initializers["b"] = try Tensor((0..<columns).map { Float($0) * 0.1 - 2 }, shape: [columns])
        graph.nodes = [
            Node("DynamicQuantizeLinear", inputs: ["x"], outputs: ["q", "x_scale", "x_zero"]),
            Node("MatMulInteger", inputs: ["q", "w", "x_zero", "w_zero"], outputs: ["integers"]),
            Node("Cast", inputs: ["integers"], outputs: ["floats"], attributes: ["to": .int(1)]),
            Node("Mul", inputs: [variant.oneScale ? "w_scale" : "x_scale", "w_scale"], outputs: ["scale"]),
            Node("Mul", inputs: ["floats", "scale"], outputs: ["scaled"]),
        ]
        var last = "scaled"
        if variant.hasBias {
            graph.nodes.append(Node("Add", inputs: ["b", last], outputs: ["sum"]))
            last = "sum"
        }
        if let activation = variant.activation {
            graph.nodes.append(Node(activation, inputs: [last], outputs: ["activated"]))
            last = "activated"
        }
        if let residual = variant.residual {
            graph.inputs.append(ValueInfo("r", .tensor(.float, residual.map(Dimension.known))))
            graph.nodes.append(Node("Add", inputs: ["r", last], outputs: ["result"]))
            last = "result"
        }
        graph.outputs = [ValueInfo(last)] + (variant.showsIntegers ? [ValueInfo("integers")] : [])
        return Model(opsetImports: ["": 17], graph: graph)
    }

    private func outputs(_ session: Session, _ variant: Variant) throws -> [[UInt32]] {
        let x = (0..<444).map { (index: Int) -> Float in Float(index * 7919 % 1009) * 0.01 - 3 }
        var inputs = ["x": Value.tensor(try Tensor(x, shape: [4, 3, 37]))]
        if let residual = variant.residual { inputs["r"] = .tensor(try Tensor((0..<residual.reduce(1, *)).map { Float($0 % 23) - 7 }, shape: residual)) }
        return try session.runSynchronously(inputs).values.map { value in
            let tensor = try #require(value.tensor)
            return tensor.elementType == .int32
                ? try tensor.array(of: Int32.self).map { UInt32(bitPattern: $0) } : try tensor.array(of: Float.self).map(\.bitPattern)
        }
    }

    private func count(_ session: Session) -> Int { session.passReports.flatMap(\.patches).count { $0.kind == "quantized linear" } }

    @Test(arguments: fused) func givesTheBitsOfTheStandardNodes(_ variant: Variant) throws {
        let model = try model(variant)
        let optimized = try Session(model: model)
        #expect(count(optimized) == 1)
        #expect(try outputs(optimized, variant) == outputs(try Session(model: model, options: SessionOptions(kind: .reference)), variant))
    }

    @Test(arguments: lookAlikes) func lookAlikesAreLeftAlone(_ variant: Variant) throws {
        let model = try model(variant)
        let optimized = try Session(model: model)
        #expect(count(optimized) == 0)
        #expect(try outputs(optimized, variant) == outputs(try Session(model: model, options: SessionOptions(kind: .reference)), variant))
    }
}
