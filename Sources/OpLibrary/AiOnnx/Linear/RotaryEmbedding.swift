internal import Bytes
internal import GraphIR
internal import Tensors

extension AiOnnx {
    /// Turns pairs of each head's elements by an angle of their position. https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html
    package struct RotaryEmbedding: Operator {
        package static let schema = OperatorSchema(
            "RotaryEmbedding", since: [23],
            inputs: [.one("X", "T"), .one("cos_cache", "T"), .one("sin_cache", "T"), .optional("position_ids", "M")], outputs: [.one("Y", "T")],
            attributes: [.defaulted("interleaved", .int(0)), .optional("num_heads", .int), .defaulted("rotary_embedding_dim", .int(0))],
            types: ["T": .tensors(.float, .float16, .bfloat16), "M": .tensors(.int64)])

        private let isInterleaved: Bool
        private let heads: Int?
        private let rotated: Int

        package init(_ node: NodeReader) throws {
            isInterleaved = try node.flag("interleaved")
            heads = node.optionalInt("num_heads")
            rotated = try node.int("rotary_embedding_dim")
            guard rotated >= 0, rotated % 2 == 0 else { throw ONNXError(.shape, "attribute 'rotary_embedding_dim' is \(rotated), an even number expected") }
        }

        package func infer(_ types: Inference) throws {
            try types.checkRank(0, 3...4, "X")
            if let x = types.type(0)?.knownShape { _ = try layout(x) }
            types.set(0, types.element(0), types.shape(0))
        }

        /// Where heads are in X.
        private struct HeadLayout {
            let batches: Int
            let length: Int
            let heads: Int
            let size: Int
            let rotated: Int
            let isHeadFirst: Bool

            /// The first element of a head of a position.
            func start(_ batch: Int, _ position: Int, _ head: Int) -> Int {
                (isHeadFirst ? (batch * heads + head) * length + position : (batch * length + position) * heads + head) * size
            }
        }

        private func layout(_ x: [Int]) throws -> HeadLayout {
            if x.count == 4 { return try layout(x[0], x[2], x[1], x[3], isHeadFirst: true) }
            guard let heads, heads > 0, x[2] % heads == 0 else {
                throw ONNXError(.shape, "'X' has \(x[2]) elements a position, which num_heads \(heads.map(String.init) ?? "(missing)") must divide")
            }
            return try layout(x[0], x[1], heads, x[2] / heads, isHeadFirst: false)
        }

        private func layout(_ batches: Int, _ length: Int, _ heads: Int, _ size: Int, isHeadFirst: Bool) throws -> HeadLayout {
            let rotated = self.rotated == 0 ? size : self.rotated
            guard rotated <= size, rotated % 2 == 0 else { throw ONNXError(.shape, "\(rotated) elements of heads of \(size) can't be turned in pairs") }
            return HeadLayout(batches: batches, length: length, heads: heads, size: size, rotated: rotated, isHeadFirst: isHeadFirst)
        }

        package func run(_ context: RunContext) throws {
            let (x, y) = (try context.input(0), try context.output())
            guard x.count > 0 else { return }
            let layout = try layout(x.shape)
            let (cosines, sines) = (try context.input(1), try context.input(2))
            let rows = try rows(layout, cosines, sines, positions: try context.optionalInput(3))
            let (input, output) = (try x.elements(Float.self), try y.elements(Float.self))
            let (cosine, sine) = (try cosines.elements(Float.self), try sines.elements(Float.self))
            let (half, isInterleaved) = (layout.rotated / 2, isInterleaved)
            try context.parallel(rows.count, grain: Swift.max(1, 16_384 / Swift.max(1, layout.heads * layout.size))) { range in
                for place in range {
                    for head in 0..<layout.heads {
                        let start = layout.start(place / layout.length, place % layout.length, head)
                        for index in 0..<half {
                            let (c, s) = (cosine[rows[place] * half + index], sine[rows[place] * half + index])
                            let first = start + (isInterleaved ? 2 * index : index)
                            let second = first + (isInterleaved ? 1 : half)
                            let (a, b) = (input[first], input[second])
                            output[first] = c * a - s * b
                            output[second] = s * a + c * b
                        }
                        output.copy(input, from: start + layout.rotated, count: layout.size - layout.rotated, to: start + layout.rotated)
                    }
                }
            }
        }

        /// The row of the caches for each position of each batch.
        private func rows(_ layout: HeadLayout, _ cosines: Tensor, _ sines: Tensor, positions: Tensor?) throws -> [Int] {
            let count = layout.batches * layout.length
            guard cosines.shape == sines.shape, cosines.shape.last == layout.rotated / 2 else {
                throw ONNXError(.shape, "cos_cache \(cosines) and sin_cache \(sines) must be alike, with a last axis of \(layout.rotated / 2)")
            }
            guard let positions else {
                guard cosines.shape.dropLast() == [layout.batches, layout.length] else {
                    throw ONNXError(.shape, "cos_cache is \(cosines); [\(layout.batches),\(layout.length),\(layout.rotated / 2)] expected without position_ids")
                }
                return Array(0..<count)
            }
            guard cosines.rank == 2, positions.shape == [layout.batches, layout.length] else {
                throw ONNXError(.shape, "position_ids is \(positions) and cos_cache \(cosines); [\(layout.batches),\(layout.length)] and rank 2 expected")
            }
            return try positions.ints().map { position in
                guard position >= 0, position < cosines.shape[0] else {
                    throw ONNXError(.shape, "position \(position) is out of range for caches of \(cosines.shape[0]) positions")
                }
                return position
            }
        }
    }
}
