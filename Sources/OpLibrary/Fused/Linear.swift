internal import Bytes
package import GraphIR
internal import OrderedCollections
internal import Tensors

extension Fused {
    /// activation(X W + B) + R: a product with what follows it, done before the result leaves the cache.
    ///
    /// X has any rank of 2 or more, W is K x N (N x K where `transB`), B has N elements, and R broadcasts with the product.
    /// `precision` says how closely the product is computed; its meaning is the same.
    package struct Linear: FusedOperator {
        package static let schema = OperatorSchema(
            "Linear", domain: Fused.domain, since: [1],
            inputs: [.one("X", "T"), .one("W", "T"), .optional("B", "T"), .optional("R", "T")], outputs: [.one("Y", "T")],
            attributes: [.defaulted("transB", .int(0)), .defaulted("activation", .string("identity")), .defaulted("precision", .string("fp32"))],
            types: ["T": .tensors(.float)])

        private let isTransposed: Bool
        private let activation: ActivationFunction
        private let precision: Precision
        private var packed: LinearWeight?

        package init(_ node: NodeReader) throws {
            isTransposed = try node.flag("transB")
            activation = try node.choice("activation")
            precision = try node.choice("precision")
        }

        package static func expansion(of node: Node) throws -> Function {
            let reader = try NodeReader(node, opset: 1, schema: schema)
            var nodes: [Node] = []
            var weight = "W"
            if try reader.flag("transB") {
                nodes.append(Node("Transpose", inputs: ["W"], outputs: ["W_transposed"], attributes: ["perm": .ints([1, 0])]))
                weight = "W_transposed"
            }
            nodes.append(Node("MatMul", inputs: ["X", weight], outputs: ["product"]))
            var last = "product"
            if reader.hasInput(2) {
                nodes.append(Node("Add", inputs: [last, "B"], outputs: ["sum"]))
                last = "sum"
            }
            nodes += try reader.choice("activation", ActivationFunction.self).nodes(from: last, to: reader.hasInput(3) ? "activated" : "Y")
            if reader.hasInput(3) { nodes.append(Node("Add", inputs: ["activated", "R"], outputs: ["Y"])) }
            return Self.function(["X", "W", "B", "R"], nodes)
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 2...Int.max, "X")
            try types.checkRank(1, 2...2, "W")
            guard let x = types.shape(0), let w = types.shape(1) else { return types.set(0, .float, nil) }
            let (depth, columns) = isTransposed ? (w[1], w[0]) : (w[0], w[1])
            if let k = x[x.count - 1].size, let depth = depth.size, k != depth {
                throw ONNXError(.shape, "X has \(k) columns and W has \(depth) rows; they must be equal")
            }
            if let count = types.shape(2)?.first?.size, let columns = columns.size, count != columns || types.shape(2)?.count != 1 {
                throw ONNXError(.shape, "B has \(count) elements, \(columns) expected")
            }
            let product = Array(x.dropLast()) + [columns]
            guard types.type(3) != nil else { return types.set(0, .float, product) }
            types.set(0, .float, try Inference.broadcast([product, types.shape(3)]))
        }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
            guard let rank = types.shape(0)?.count, axis < rank - 1 else { return .mixed }
            switch input {
            case 0: return .axis(axis)
            case 3: return types.shape(3).flatMap { $0.count > rank ? nil : Inference.broadcastSource(of: axis, in: $0, rank: rank) } ?? .mixed
            default: return .whole
            }
        }

        package mutating func prepack(_ constants: Constants) throws {
            guard let weight = constants[1], weight.rank == 2 else { return }
            let (rows, columns) = size(weight)
            let layout = LinearWeight.layout(precision) + (isTransposed ? "-transposed" : "")
            switch try constants.memory(for: 1, layout: layout, byteCount: try LinearWeight.byteCount(precision, rows: rows, columns: columns)) {
            case .filled(let storage): packed = try LinearWeight(packed: storage, precision, rows: rows, columns: columns)
            case .empty(let storage): packed = try pack(weight) { _ in storage }
            }
        }

        private func size(_ weight: Tensor) -> (rows: Int, columns: Int) {
            isTransposed ? (weight.shape[1], weight.shape[0]) : (weight.shape[0], weight.shape[1])
        }

        private func pack(_ weight: Tensor, storage: (Int) throws -> Storage) throws -> LinearWeight {
            let (rows, columns) = size(weight)
            return try LinearWeight(
                try weight.elements(Float.self), precision, rows: rows, columns: columns, isTransposed: isTransposed,
                into: try storage(try LinearWeight.byteCount(precision, rows: rows, columns: columns)))
        }

        package func run(_ context: RunContext) throws {
            let x = try context.input(0)
            let weight = try packed ?? pack(try context.input(1)) { try context.host.scratch(byteCount: $0) }
            let y = try context.output()
            let residual = try context.optionalInput(3)
            let shape = Array(x.shape.dropLast()) + [weight.columns]
            var epilogue = Epilogue()
            epilogue.bias = try context.optionalInput(2)?.elements(Float.self)
            epilogue.activation = activation
            // A residual of another shape is broadcast, or broadcasts the product.
            let isPlain = residual == nil || residual?.shape == shape
            if isPlain { epilogue.residual = try residual?.elements(Float.self) }
            let product = isPlain ? y : try context.scratch(.float, shape)
            try weight.multiply(
                try x.elements(Float.self), rows: Shape.product(shape.dropLast()), into: try product.elements(Float.self), epilogue: epilogue, context)
            if !isPlain, let residual { try add(product.tensor, residual, into: y) }
        }

        private func add(_ a: Tensor, _ b: Tensor, into y: MutableTensor) throws {
            let (first, second, sum) = (try a.elements(Float.self), try b.elements(Float.self), try y.elements(Float.self))
            let walk = BroadcastWalk([a.shape, b.shape], to: y.shape)
            for run in 0..<walk.runCount {
                let (x, z) = (walk.start(0, run: run), walk.start(1, run: run))
                for index in 0..<walk.runLength {
                    sum[run * walk.runLength + index] = first[x + index * walk.steps[0]] + second[z + index * walk.steps[1]]
                }
            }
        }
    }
}
