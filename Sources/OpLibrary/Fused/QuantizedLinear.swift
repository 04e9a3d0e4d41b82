internal import Bytes
package import GraphIR
internal import OrderedCollections
internal import Tensors

extension Fused {
    /// activation(float((A - A_zero) (B - B_zero)) (A_scale B_scale) + C) + R: an integer product whose integers never reach memory.
    ///
    /// A has any rank of 2 or more and one scale and zero point; B is K x N (N x K where `transB`) with one scale and zero point, or N; C has N elements, and R broadcasts with the product.
    package struct QuantizedLinear: FusedOperator {
        package static let schema = OperatorSchema(
            "QuantizedLinear", domain: Fused.domain, since: [1],
            inputs: [
                .one("A", "T1"), .one("B", "T2"), .one("A_scale", "S"), .one("B_scale", "S"), .optional("A_zero", "T1"), .optional("B_zero", "T2"),
                .optional("C", "S"), .optional("R", "S"),
            ], outputs: [.one("Y", "S")],
            attributes: [.defaulted("transB", .int(0)), .defaulted("activation", .string("identity"))],
            types: ["T1": .tensors(.int8, .uint8), "T2": .tensors(.int8, .uint8), "S": .tensors(.float)])

        private let isTransposed: Bool
        private let activation: ActivationFunction
        private var packed: PackedBytes?
        /// B's zero points, where they are constant.
        private var bZero: ZeroPoints?

        package init(_ node: NodeReader) throws {
            isTransposed = try node.flag("transB")
            activation = try node.choice("activation")
        }

        package static func expansion(of node: Node) throws -> Function {
            let reader = try NodeReader(node, opset: 1, schema: schema)
            let function = try reader.choice("activation", ActivationFunction.self)
            let isTransposed = try reader.flag("transB")
            let transposed = isTransposed ? [Node("Transpose", inputs: ["B"], outputs: ["B_transposed"], attributes: ["perm": .ints([1, 0])])] : []
            let nodes = [
                Node(
                    "MatMulInteger",
                    inputs: ["A", isTransposed ? "B_transposed" : "B", reader.hasInput(4) ? "A_zero" : "", reader.hasInput(5) ? "B_zero" : ""],
                    outputs: ["integers"]),
                Node("Cast", inputs: ["integers"], outputs: ["floats"], attributes: ["to": .int(1)]),
                Node("Mul", inputs: ["A_scale", "B_scale"], outputs: ["scale"]),
                Node("Mul", inputs: ["floats", "scale"], outputs: ["scaled"]),
            ]
            let sum = reader.hasInput(6) ? [Node("Add", inputs: ["scaled", "C"], outputs: ["sum"])] : []
            let activated = function.nodes(from: sum.isEmpty ? "scaled" : "sum", to: reader.hasInput(7) ? "activated" : "Y")
            let residual = reader.hasInput(7) ? [Node("Add", inputs: ["activated", "R"], outputs: ["Y"])] : []
            return Self.function(["A", "B", "A_scale", "B_scale", "A_zero", "B_zero", "C", "R"], transposed + nodes + sum + activated + residual)
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...Int.max, "A")
            try types.checkRank(1, 2...2, "B")
            let product = try MatMulShape.infer(types.shape(0), types.shape(1).map { isTransposed ? $0.reversed() : $0 })
            types.set(0, .float, types.type(7) == nil ? product : try Inference.broadcast([product, types.shape(7)]))
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let b = constants[1], b.rank == 2 else { return }
            bZero = try constants[5].map { try ZeroPoints($0) }
            let (rows, columns) = size(b)
            let layout = PackedBytes.layout + (isTransposed ? "-transposed" : "")
            switch try constants.memory(for: 1, layout: layout, byteCount: try PackedBytes.byteCount(rows: rows, columns: columns)) {
            case .filled(let storage): packed = try PackedBytes(packed: storage, rows: rows, columns: columns, isSigned: b.elementType == .int8)
            case .empty(let storage): packed = try pack(b) { _ in storage }
            }
        }

        private func size(_ b: Tensor) -> (rows: Int, columns: Int) { isTransposed ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1]) }

        private func pack(_ b: Tensor, storage: (Int) throws -> Storage) throws -> PackedBytes {
            let (rows, columns) = size(b)
            return try PackedBytes(b, rows: rows, columns: columns, isTransposed: isTransposed, storage: storage)
        }

        package func run(_ context: RunContext) throws {
            let (a, b) = (try context.input(0), try context.input(1))
            let weights = try packed ?? pack(b, storage: context.host.scratch(byteCount:))
            let columns = weights.columns
            let (aScale, bScale) = (try context.input(2).elements(Float.self), try context.input(3).elements(Float.self))
            let bZero = try self.bZero ?? context.optionalInput(5).map { try ZeroPoints($0) }
            let (bias, residual) = (try context.optionalInput(6)?.elements(Float.self), try context.optionalInput(7))
            try check(aScale.count, 1, "A_scale")
            try check(bScale.count, 1, or: columns, "B_scale")
            try check(bZero?.count, 1, or: columns, "B_zero")
            try check(bias?.count, columns, "C")
            let y = try context.output()
            let shape = Array(a.shape.dropLast()) + [columns]
            var epilogue = Epilogue()
            epilogue.bias = bias
            epilogue.activation = activation
            // A residual of another shape is broadcast, or broadcasts the product.
            let isPlain = residual == nil || residual?.shape == shape
            if isPlain { epilogue.residual = try residual?.elements(Float.self) }
            let product = isPlain ? y : try context.scratch(.float, shape)
            let quantized = QuantizedRows(
                bytes: try a.bytes(), isSigned: a.elementType == .int8, scales: aScale, zeroPoints: try aZero(context), rows: Shape.product(a.shape.dropLast()))
            try QuantizedProduct.multiply(
                quantized, by: weights, scales: bScale, zeroPoints: bZero?.values, into: try product.elements(Float.self), epilogue: epilogue, context: context)
            if !isPlain, let residual { try FloatOperation.add.zip(product.tensor, residual, to: y, context) }
        }

        private func aZero(_ context: RunContext) throws -> Elements<Int32> {
            let zero = try context.scratch(Int32.self, count: 1)
            let tensor = try context.optionalInput(4)
            try check(tensor?.count, 1, "A_zero")
            zero[0] = try tensor.map { try $0.elementType == .int8 ? Int32($0.elements(Int8.self)[0]) : Int32($0.elements(UInt8.self)[0]) } ?? 0
            return zero.elements
        }

        private func check(_ count: Int?, _ one: Int, or other: Int? = nil, _ name: String) throws {
            guard let count, count != one, count != other else { return }
            throw ONNXError(.shape, "\(name) has \(count) elements; \(one)\(other.map { " or \($0)" } ?? "") expected")
        }

        private struct ZeroPoints {
            let count: Int
            /// Nil where all are 0: the product is spared the sums of A's rows.
            let values: Elements<Int32>?

            init(_ tensor: Tensor) throws {
                count = tensor.count
                let values = try tensor.zeroPoints()
                self.values = values.allSatisfy { $0 == 0 } ? nil : values
            }
        }
    }
}
