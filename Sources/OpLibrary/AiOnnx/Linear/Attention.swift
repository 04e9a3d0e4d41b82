internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Scaled dot-product attention. https://onnx.ai/onnx/operators/onnx__Attention.html
    package struct Attention: Operator {
        package static let schema = OperatorSchema(
            "Attention", since: [23, 24, 25],
            inputs: [
                .one("Q", "T1"), .one("K", "T1"), .one("V", "T2"), .optional("attn_mask", "U"), .optional("past_key", "T1"), .optional("past_value", "T2"),
                .optional("nonpad_kv_seqlen", "tensor(int64)", since: 24),
            ],
            outputs: [.one("Y", "T1"), .optional("present_key", "T1"), .optional("present_value", "T2"), .optional("qk_matmul_output", "T1")],
            attributes: [
                .defaulted("is_causal", .int(0)), .optional("kv_num_heads", .int), .optional("q_num_heads", .int),
                .defaulted("qk_matmul_output_mode", .int(0)), .optional("scale", .float), .defaulted("softcap", .float(0)),
                .optional("softmax_precision", .int),
                .defaulted("left_window_size", .int(-1), since: 25), .defaulted("right_window_size", .int(-1), since: 25),
            ],
            types: [
                "T1": .tensors(.floats), "T2": .tensors(.floats), "U": .tensors([.numeric, .bool]), "tensor(int64)": .tensors(.int64),
            ])

        private let queryHeads: Int?
        private let keyHeads: Int?
        private let outputMode: Int
        private let scale: Float?
        private let softcap: Float
        private let visibility: Visibility

        package init(_ node: NodeReader) throws {
            queryHeads = node.optionalInt("q_num_heads")
            keyHeads = node.optionalInt("kv_num_heads")
            outputMode = try node.int("qk_matmul_output_mode")
            scale = node.optionalFloat("scale")
            softcap = try node.float("softcap")
            visibility = Visibility(
                isCausal: try node.flag("is_causal"), left: node.optionalInt("left_window_size") ?? -1, right: node.optionalInt("right_window_size") ?? -1)
            guard (0...3).contains(outputMode) else { throw ONNXError(.malformed, "qk_matmul_output_mode is \(outputMode); 0 to 3 expected") }
            guard node.hasInput(4) == node.hasInput(5) else { throw ONNXError(.malformed, "past_key and past_value must be given together") }
            for heads in [queryHeads, keyHeads].compactMap({ $0 }) where heads < 1 {
                throw ONNXError(.malformed, "a number of heads is \(heads); at least 1 expected")
            }
        }

        package func infer(_ types: Inference) throws {
            for (input, name) in [(0, "Q"), (1, "K"), (2, "V")] { try types.checkRank(input, 3...4, name) }
            guard let q = types.shape(0), let k = types.shape(1), let v = types.shape(2) else {
                return types.set(0, types.element(0), types.shape(0).map { $0.map { _ in .unknown } })
            }
            guard q.count == k.count, k.count == v.count else {
                throw ONNXError(.shape, "Q, K and V must have one rank; \(q.count), \(k.count), \(v.count) found")
            }
            let (queries, keys, values) = (try split(q, queryHeads), try split(k, keyHeads), try split(v, keyHeads))
            let past = types.inputCount > 4 ? types.type(4) : nil
            let total: Dimension
            if let past { total = Self.sum(past.shape?[2] ?? .unknown, keys[2]) } else { total = keys[2] }
            let rows =
                q.count == 4 ? [q[0], q[1], q[2], v[3]] : [q[0], q[1], queries[1].size.flatMap { h in values[3].size.map { .known(h &* $0) } } ?? .unknown]
            types.set(0, types.element(0), rows)
            types.set(1, types.element(1), [keys[0], keys[1], total, keys[3]])
            types.set(2, types.element(2), [values[0], values[1], total, values[3]])
            types.set(3, types.element(0), [queries[0], queries[1], queries[2], total])
        }

        private static func sum(_ a: Dimension, _ b: Dimension) -> Dimension {
            guard let a = a.size, let b = b.size else { return .unknown }
            return .known(a &+ b)
        }

        /// `[batch, head, row, size]` of a shape of rank 3 or 4.
        private func split(_ shape: [Dimension], _ heads: Int?) throws -> [Dimension] {
            guard shape.count == 3 else { return shape }
            guard let heads else { throw ONNXError(.malformed, "q_num_heads and kv_num_heads are needed for inputs of rank 3") }
            if let width = shape[2].size, width % heads != 0 { throw ONNXError(.shape, "a width of \(width) doesn't divide into \(heads) heads") }
            return [shape[0], .known(heads), shape[1], shape[2].size.map { .known($0 / heads) } ?? .unknown]
        }

        package func run(_ context: RunContext) throws {
            let (q, k, v) = (try context.input(0), try context.input(1), try context.input(2))
            let queries = try headsFirst(q, queryHeads)
            let keys = try joined(try context.optionalInput(4), try headsFirst(k, keyHeads), context, output: 1)
            let values = try joined(try context.optionalInput(5), try headsFirst(v, keyHeads), context, output: 2)
            let past = try context.optionalInput(4)?.shape[2] ?? 0
            let lengths = try context.optionalInput(6)?.ints()
            let offsets = past == 0 && lengths != nil ? lengths?.map { $0 - queries.shape[2] } : nil
            let bias = try visibility.bias(
                mask: try context.optionalInput(3), batches: queries.shape[0], queries: queries.shape[2], keys: keys.shape[2], offset: past,
                offsets: offsets, lengths: lengths)
            guard [keys.shape[0], values.shape[0]].allSatisfy({ $0 == queries.shape[0] }) else {
                throw ONNXError(.shape, "Q, K and V must have one batch size")
            }
            let scale = scale.map(Double.init) ?? 1 / Double(queries.shape[3]).squareRoot()
            if q.elementType == .float, !context.isWanted(3), softcap == 0 {
                let product = try AttentionProduct(
                    queries: Heads(headsFirst: queries), keys: Heads(headsFirst: keys), values: Heads(headsFirst: values),
                    bias: try bias.map {
                        try AttentionBias($0, batches: queries.shape[0], heads: queries.shape[1], queries: queries.shape[2], keys: keys.shape[2])
                    },
                    scale: Float(scale), maskedRowsAreZero: true)
                try product.run(into: try context.output().elements(Float.self), rowsFirst: q.rank == 3, context)
            } else {
                try q.elementType.visitFloat(
                    AttentionLoop(
                        queries: queries, keys: keys, values: values, bias: bias, scale: scale, softcap: softcap, outputMode: outputMode,
                        rowsFirst: q.rank == 3, context: context))
            }
        }

        /// `[batch, head, row, size]`, copied where the input has rank 3.
        private func headsFirst(_ x: Tensor, _ heads: Int?) throws -> Tensor {
            guard x.rank == 3, let heads else { return x }
            let (batches, rows, size) = (x.shape[0], x.shape[1], x.shape[2] / heads)
            let result = try MutableTensor(x.elementType, [batches, heads, rows, size])
            let (source, target) = (try x.bytes(), result.rawBytes())
            let width = size * x.elementType.bitWidth / 8
            for batch in 0..<batches {
                for row in 0..<rows {
                    for head in 0..<heads {
                        target.copy(
                            source, from: ((batch * rows + row) * heads + head) * width, count: width, to: ((batch * heads + head) * rows + row) * width)
                    }
                }
            }
            return result.tensor
        }

        /// Past rows before present ones, given as output `output` too.
        private func joined(_ past: Tensor?, _ present: Tensor, _ context: RunContext, output: Int) throws -> Tensor {
            guard let past else {
                if context.isWanted(output) { context.set(output, present) }
                return present
            }
            guard past.rank == 4, past.shape[0] == present.shape[0], past.shape[1] == present.shape[1], past.shape[3] == present.shape[3] else {
                throw ONNXError(.shape, "past \(past) doesn't continue to \(present)")
            }
            let result = try context.allocate(
                output, present.elementType, [present.shape[0], present.shape[1], past.shape[2] + present.shape[2], present.shape[3]])
            let (first, second, target) = (try past.bytes(), try present.bytes(), result.rawBytes())
            let stacks = present.shape[0] * present.shape[1]
            guard stacks > 0 else { return result.tensor }
            let (a, b) = (first.count / stacks, second.count / stacks)
            for stack in 0..<stacks {
                target.copy(first, from: stack * a, count: a, to: stack * (a + b))
                target.copy(second, from: stack * b, count: b, to: stack * (a + b) + a)
            }
            return result.tensor
        }
    }
}
