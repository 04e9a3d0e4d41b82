internal import Bytes
package import GraphIR
internal import OrderedCollections
internal import Tensors

extension Fused {
    /// activation(float((A - A_zero) (B - B_zero)) (A_scale B_scale) + C): an integer product whose integers never reach memory.
    ///
    /// A has any rank of 2 or more and one scale and zero point; B is K x N with one scale and zero point, or N; C has N elements.
    package struct QuantizedLinear: FusedOperator {
        package static let schema = OperatorSchema(
            "QuantizedLinear", domain: Fused.domain, since: [1],
            inputs: [
                .one("A", "T1"), .one("B", "T2"), .one("A_scale", "S"), .one("B_scale", "S"), .optional("A_zero", "T1"), .optional("B_zero", "T2"),
                .optional("C", "S"),
            ], outputs: [.one("Y", "S")],
            attributes: [.defaulted("activation", .string("identity"))],
            types: ["T1": .tensors(.int8, .uint8), "T2": .tensors(.int8, .uint8), "S": .tensors(.float)])

        private let activation: ActivationFunction
        private var packed: PackedBytes?

        package init(_ node: NodeReader) throws { activation = try node.choice("activation") }

        package static func expansion(of node: Node) throws -> Function {
            let reader = try NodeReader(node, opset: 1, schema: schema)
            let function = try reader.choice("activation", ActivationFunction.self)
            let nodes = [
                Node("MatMulInteger", inputs: ["A", "B", reader.hasInput(4) ? "A_zero" : "", reader.hasInput(5) ? "B_zero" : ""], outputs: ["integers"]),
                Node("Cast", inputs: ["integers"], outputs: ["floats"], attributes: ["to": .int(1)]),
                Node("Mul", inputs: ["A_scale", "B_scale"], outputs: ["scale"]),
                Node("Mul", inputs: ["floats", "scale"], outputs: ["scaled"]),
            ]
            let sum = reader.hasInput(6) ? [Node("Add", inputs: ["scaled", "C"], outputs: ["sum"])] : []
            return Self.function(
                ["A", "B", "A_scale", "B_scale", "A_zero", "B_zero", "C"], nodes + sum + function.nodes(from: sum.isEmpty ? "scaled" : "sum", to: "Y"))
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...Int.max, "A")
            try types.checkRank(1, 2...2, "B")
            types.set(0, .float, try MatMulShape.infer(types.shape(0), types.shape(1)))
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let b = constants[1], b.rank == 2 else { return }
            let (rows, columns) = (b.shape[0], b.shape[1])
            switch try constants.memory(for: 1, layout: PackedBytes.layout, byteCount: try PackedBytes.byteCount(rows: rows, columns: columns)) {
            case .filled(let storage): packed = try PackedBytes(packed: storage, rows: rows, columns: columns, isSigned: b.elementType == .int8)
            case .empty(let storage): packed = try PackedBytes(b, rows: rows, columns: columns) { _ in storage }
            }
        }

        package func run(_ context: RunContext) throws {
            let (a, b) = (try context.input(0), try context.input(1))
            let weights = try packed ?? PackedBytes(b, rows: b.shape[0], columns: b.shape[1], storage: context.host.scratch(byteCount:))
            let rows = Shape.product(a.shape.dropLast())
            let aZero = try context.optionalInput(4)?.zeroPoints() ?? Tensor([0] as [Int32], shape: [1]).elements(Int32.self)
            let (aScale, bScale) = (try context.input(2).elements(Float.self), try context.input(3).elements(Float.self))
            let bZero = try context.optionalInput(5)?.zeroPoints()
            let bias = try context.optionalInput(6)?.elements(Float.self)
            try check(aScale.count, [1], "A_scale")
            try check(aZero.count, [1], "A_zero")
            try check(bScale.count, [1, weights.columns], "B_scale")
            try check(bZero?.count, [1, weights.columns], "B_zero")
            try check(bias?.count, [weights.columns], "C")
            var epilogue = Epilogue()
            epilogue.bias = bias
            epilogue.activation = activation
            let quantized = QuantizedRows(bytes: try a.bytes(), isSigned: a.elementType == .int8, scales: aScale, zeroPoints: aZero, rows: rows)
            try QuantizedProduct.multiply(
                quantized, by: weights, scales: bScale, zeroPoints: bZero, into: try context.output().elements(Float.self), epilogue: epilogue, context: context
            )
        }

        private func check(_ count: Int?, _ accepted: Set<Int>, _ name: String) throws {
            guard let count, !accepted.contains(count) else { return }
            throw ONNXError(.shape, "\(name) has \(count) elements; \(accepted.sorted().map(String.init).joined(separator: " or ")) expected")
        }
    }
}
