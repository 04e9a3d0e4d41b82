internal import Bytes
package import GraphIR
internal import OrderedCollections
internal import Tensors

extension Fused {
    /// softmax(scale Q K' + mask) V, in the one form that every exporter's attention is brought to.
    ///
    /// Q, K, V and Y are `[batch, head, row, size]`, or `[batch, row, head, size]` where their flag says `rows first`. A float mask is added to the scores.
    /// A bool mask puts `fill` in the place of the scores where it is true; `fill` is so low that adding it is the same, scores being finite.
    /// `precision`, fp32 or bf16, says how closely the two products are computed; their meaning is the same.
    /// A row whose scores are all minus infinity gives 0 where `guards` (the graph replaces NaN by 0), else NaN; a finite `fill` gives the mean of all values.
    package struct Attention: FusedOperator {
        package static let schema = OperatorSchema(
            "Attention", domain: Fused.domain, since: [1],
            inputs: [.one("Q", "T"), .one("K", "T"), .one("V", "T"), .optional("mask", "M")], outputs: [.one("Y", "T")],
            attributes: [
                .required("scale", .float), .defaulted("guards", .int(0)), .defaulted("fill", .float(-.infinity)),
                .defaulted("q_rows_first", .int(0)), .defaulted("k_rows_first", .int(0)), .defaulted("v_rows_first", .int(0)),
                .defaulted("y_rows_first", .int(0)), .defaulted("precision", .string(Precision.fp32.rawValue)),
            ], types: ["T": .tensors(.float), "M": .tensors(.float, .bool)])

        let scale: Float
        let guards: Bool
        let precision: Precision
        private let fill: Float
        /// Of Q, K and V.
        private let rowsFirst: [Bool]
        private let resultRowsFirst: Bool

        package init(_ node: NodeReader) throws {
            scale = try node.float("scale")
            guards = try node.flag("guards")
            precision = try node.choice("precision")
            guard precision != .int8 else { throw ONNXError(.malformed, "attribute 'precision' is 'int8'; attention has 'fp32' and 'bf16'") }
            fill = try node.float("fill")
            rowsFirst = try ["q_rows_first", "k_rows_first", "v_rows_first"].map { try node.flag($0) }
            resultRowsFirst = try node.flag("y_rows_first")
        }

        package static func expansion(of node: Node) throws -> Function {
            let reader = try NodeReader(node, opset: 1, schema: schema)
            var nodes = [constant(try reader.float("scale"), "scale")]
            var names: [String] = []
            for (name, flag) in [("Q", "q_rows_first"), ("K", "k_rows_first"), ("V", "v_rows_first")] {
                let isRowsFirst = try reader.flag(flag)
                if isRowsFirst { nodes.append(Node("Transpose", inputs: [name], outputs: [name + "_heads"], attributes: ["perm": .ints([0, 2, 1, 3])])) }
                names.append(isRowsFirst ? name + "_heads" : name)
            }
            nodes += [
                Node("Transpose", inputs: [names[1]], outputs: ["keys"], attributes: ["perm": .ints([0, 1, 3, 2])]),
                Node("MatMul", inputs: [names[0], "keys"], outputs: ["products"]), Node("Mul", inputs: ["products", "scale"], outputs: ["scores"]),
            ]
            var scores = "scores"
            if reader.hasInput(3) {
                nodes +=
                    reader.has("fill")
                    ? [constant(try reader.float("fill"), "fill"), Node("Where", inputs: ["mask", "fill", "scores"], outputs: ["masked"])]
                    : [Node("Add", inputs: ["scores", "mask"], outputs: ["masked"])]
                scores = "masked"
            }
            nodes.append(Node("Softmax", inputs: [scores], outputs: ["weights"], attributes: ["axis": .int(-1)]))
            var weights = "weights"
            if try reader.flag("guards") {
                nodes += [
                    constant(0, "zero"), Node("IsNaN", inputs: ["weights"], outputs: ["isNaN"]),
                    Node("Where", inputs: ["isNaN", "zero", "weights"], outputs: ["guarded"]),
                ]
                weights = "guarded"
            }
            let isRowsFirst = try reader.flag("y_rows_first")
            nodes.append(Node("MatMul", inputs: [weights, names[2]], outputs: [isRowsFirst ? "heads" : "Y"]))
            if isRowsFirst { nodes.append(Node("Transpose", inputs: ["heads"], outputs: ["Y"], attributes: ["perm": .ints([0, 2, 1, 3])])) }
            return Self.function(["Q", "K", "V", "mask"], nodes)
        }

        package func infer(_ types: Inference) throws {
            for (input, name) in ["Q", "K", "V"].enumerated() { try types.checkRank(input, 4...4, name) }
            guard let q = types.shape(0), let k = types.shape(1), let v = types.shape(2) else {
                return types.set(0, .float, Array(repeating: .unknown, count: 4))
            }
            let shapes = zip([q, k, v], rowsFirst).map { shape, isRowsFirst in isRowsFirst ? [shape[0], shape[2], shape[1], shape[3]] : shape }
            try checkEqual(shapes[0][3], shapes[1][3], "sizes of Q and K")
            try checkEqual(shapes[1][2], shapes[2][2], "rows of K and V")
            let stacks = try Inference.broadcast(shapes.map { Array($0[..<2]) } + [maskStacks(types)]) ?? [.unknown, .unknown]
            let result = [stacks[0], stacks[1], shapes[0][2], shapes[2][3]]
            types.set(0, .float, resultRowsFirst ? [result[0], result[2], result[1], result[3]] : result)
        }

        /// Batch and head of the mask; 1 where it has no such axis.
        private func maskStacks(_ types: Inference) -> [Dimension]? {
            guard types.type(3) != nil else { return [] }
            return types.shape(3).map { shape in shape.count <= 2 ? [] : Array(shape[..<(shape.count - 2)]) }
        }

        private func checkEqual(_ a: Dimension, _ b: Dimension, _ what: String) throws {
            if let a = a.size, let b = b.size, a != b { throw ONNXError(.shape, "the \(what) are \(a) and \(b); they must be equal") }
        }

        package func source(of axis: Int, input: Int, _ types: Inference) -> AxisSource {
            let (rows, heads) = resultRowsFirst ? (1, 2) : (2, 1)
            guard let own = types.shape(input) else { return .mixed }
            if input == 3 {
                guard axis < 3 else { return .whole }
                return Inference.broadcastSource(of: axis == rows ? 2 : axis == heads ? 1 : 0, in: own, rank: 4)
            }
            if axis == 3 { return input == 2 ? .axis(3) : .whole }
            // Every query meets all keys and values.
            if axis == rows { return input == 0 ? .axis(rowsFirst[0] ? 1 : 2) : .whole }
            return Inference.broadcastSource(of: axis == 0 ? 0 : rowsFirst[input] ? 2 : 1, in: own, rank: 4)
        }

        package func run(_ context: RunContext) throws {
            let y = try context.output()
            let result = resultRowsFirst ? [y.shape[0], y.shape[2], y.shape[1], y.shape[3]] : y.shape
            var heads: [Heads] = []
            for (index, isRowsFirst) in rowsFirst.enumerated() {
                let tensor = try spread(try context.input(index), isRowsFirst, result[0], result[1], context)
                heads.append(
                    isRowsFirst
                        ? Heads(
                            rowsFirst: try tensor.elements(Float.self), batches: tensor.shape[0], rows: tensor.shape[1], heads: tensor.shape[2],
                            size: tensor.shape[3])
                        : try Heads(headsFirst: tensor))
            }
            let keyCount = heads[1].rows
            let bias = try context.optionalInput(3).map { try maskBias($0, Array(result[..<2]), queries: result[2], keys: keyCount, context) }
            let product = try AttentionProduct(
                queries: heads[0], keys: heads[1], values: heads[2], bias: bias, scale: scale, maskedRowsAreZero: guards, precision: precision)
            try product.run(into: try y.elements(Float.self), rowsFirst: resultRowsFirst, context)
        }

        /// The tensor with as many batches and heads as the result; hardly ever another one.
        private func spread(_ tensor: Tensor, _ isRowsFirst: Bool, _ batches: Int, _ heads: Int, _ context: RunContext) throws -> Tensor {
            var shape = tensor.shape
            (shape[0], shape[isRowsFirst ? 2 : 1]) = (batches, heads)
            return shape == tensor.shape ? tensor : try broadcast(tensor, to: shape, context)
        }

        /// What the mask adds to the scores.
        func maskBias(_ mask: Tensor, _ stacks: [Int], queries: Int, keys: Int, _ context: RunContext) throws -> AttentionBias {
            try AttentionBias(
                try additive(mask, keys: keys, context), batches: stacks[0], heads: stacks[1], queries: queries, keys: keys)
        }

        /// The mask as floats with every key.
        private func additive(_ mask: Tensor, keys: Int, _ context: RunContext) throws -> Tensor {
            var shape = mask.shape
            if let last = shape.indices.last { shape[last] = keys } else { shape = [keys] }
            if mask.elementType == .float { return shape == mask.shape ? mask : try broadcast(mask, to: shape, context) }
            let fill = fill
            let source = try mask.elements(TensorBool.self)
            let floats = try context.scratch(.float, mask.shape)
            let target = try floats.elements(Float.self)
            for index in target.indices { target[index] = source[index].value ? fill : 0 }
            return shape == mask.shape ? floats.tensor : try broadcast(floats.tensor, to: shape, context)
        }

        private func broadcast(_ tensor: Tensor, to shape: [Int], _ context: RunContext) throws -> Tensor {
            guard Shape.broadcast(tensor.shape, shape) == shape else { throw ONNXError(.shape, "\(tensor) doesn't broadcast to \(Shape.text(shape))") }
            let result = try context.scratch(.float, shape)
            let (source, target) = (try tensor.elements(Float.self), try result.elements(Float.self))
            let walk = BroadcastWalk([tensor.shape], to: shape)
            for run in 0..<walk.runCount {
                let start = walk.start(0, run: run)
                for index in 0..<walk.runLength { target[run * walk.runLength + index] = source[start + index * walk.steps[0]] }
            }
            return result.tensor
        }
    }
}
