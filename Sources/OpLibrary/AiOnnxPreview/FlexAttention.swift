internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnxPreview {
    /// Attention whose scores and probabilities subgraphs may change. https://onnx.ai/onnx/operators/onnx_aionnxpreview_FlexAttention.html
    package struct FlexAttention: Operator {
        package static let schema = OperatorSchema(
            "FlexAttention", domain: domain, since: [1],
            inputs: [.one("Q", "T1"), .one("K", "T1"), .one("V", "T1")], outputs: [.one("Y", "T1")],
            attributes: [.optional("prob_mod", .graph), .optional("scale", .float), .optional("score_mod", .graph), .optional("softmax_precision", .int)],
            types: ["T1": .tensors(.floats)])

        private let scale: Float?
        private let precision: ElementType?
        /// The subgraphs that the node has.
        private let bodies: [String]

        package init(_ node: NodeReader) throws {
            scale = node.optionalFloat("scale")
            precision = try node.elementType("softmax_precision")
            guard precision.map(ElementTypes.floats.contains) ?? true else {
                throw ONNXError(.malformed, "attribute 'softmax_precision' is \(precision.map { "\($0)" } ?? ""), a floating-point type expected")
            }
            bodies = ["score_mod", "prob_mod"].filter(node.has)
            for name in bodies {
                let graph = try node.graph(name)
                guard graph.inputs.count == 1, graph.outputs.count == 1 else {
                    throw ONNXError(.malformed, "'\(name)' has \(graph.inputs.count) inputs and \(graph.outputs.count) outputs, 1 and 1 expected")
                }
            }
        }

        /// The type of scores and probabilities.
        private func scoreType(_ input: ElementType?) -> ElementType { precision ?? (input == .double ? .double : .float) }

        package func infer(_ types: Inference) throws {
            for (input, name) in ["Q", "K", "V"].enumerated() { try types.checkRank(input, 4...4, name) }
            let (q, k, v) = (types.shape(0), types.shape(1), types.shape(2))
            try RecurrentAttributes.check(types, 1, "K", [q?[0].size, nil, nil, q?[3].size])
            try RecurrentAttributes.check(types, 2, "V", [q?[0].size, k?[1].size, k?[2].size, nil])
            if let heads = q?[1].size, let shared = k?[1].size, shared == 0 || heads % shared != 0 {
                throw ONNXError(.shape, "'Q' has \(heads) heads, a multiple of the \(shared) of 'K' expected")
            }
            let unknown = Dimension.unknown
            let scores = [q?[0] ?? unknown, q?[1] ?? unknown, q?[2] ?? unknown, k?[2] ?? unknown]
            for name in bodies { _ = try types.body(name, [.tensor(scoreType(types.element(0)), scores)]) }
            types.set(0, types.element(0), [q?[0] ?? unknown, q?[1] ?? unknown, q?[2] ?? unknown, v?[3] ?? unknown])
        }

        package func run(_ context: RunContext) throws {
            let type = scoreType(try context.input(0).elementType)
            try (type == .double ? ElementType.double : .float).visitFloat(Heads(operation: self, type: type, context: context))
        }

        private struct Heads: FloatVisitor {
            let operation: FlexAttention
            let type: ElementType
            let context: RunContext

            func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
                let (q, k, v) = (try context.input(0), try context.input(1), try context.input(2))
                let (heads, rows, size, length, width) = (q.shape[1], q.shape[2], q.shape[3], k.shape[2], v.shape[3])
                let (queries, keys, values) = (try elements(q, T.self), try elements(k, T.self), try elements(v, T.self))
                let output = try context.scratch(T.elementType, [q.shape[0], heads, rows, width])
                let y = try output.elements(T.self)
                guard y.count > 0 else { return _ = try context.output() }
                let (group, scale) = (heads / k.shape[1], T(operation.scale ?? 1 / Float(size).squareRoot()))
                let scores = try context.scratch(T.elementType, [q.shape[0], heads, rows, length])
                let products = try scores.elements(T.self)
                let grain = Swift.max(1, 65_536 / Swift.max(1, rows &* length &* size))
                try context.parallel(q.shape[0] * heads, grain: grain) { range in
                    for head in range {
                        for index in 0..<rows * length {
                            let (query, key) = ((head * rows + index / length) * size, (head / group * length + index % length) * size)
                            var sum: T = 0
                            for place in 0..<size { sum += queries[query + place] * keys[key + place] }
                            products[head * rows * length + index] = sum * scale
                        }
                    }
                }
                let weights = try modified("score_mod", scores, T.self)
                try context.parallel(q.shape[0] * heads * rows, grain: Swift.max(1, 4096 / Swift.max(1, length))) { range in
                    for row in range { Self.softmax(weights, row * length..<(row + 1) * length, to: products) }
                }
                let shares = try modified("prob_mod", scores, T.self)
                try context.parallel(q.shape[0] * heads * rows, grain: grain) { range in
                    y.fill(0, in: range.lowerBound * width..<range.upperBound * width)
                    for row in range {
                        for key in 0..<length {
                            let share = shares[row * length + key]
                            let source = (row / rows / group * length + key) * width
                            ElementLoop.merge(values, from: source, into: y, at: row * width, count: width) { $0 + share * $1 }
                        }
                    }
                }
                try Conversion.copy(try Conversion.doubles(output.tensor, context), to: try context.output())
            }

            private func elements<T: Arithmetic>(_ tensor: Tensor, _ type: T.Type) throws -> Elements<T> {
                if tensor.elementType == T.elementType { return try tensor.elements(T.self) }
                let result = try context.scratch(T.elementType, tensor.shape)
                try Conversion.copy(try Conversion.doubles(tensor, context), to: result)
                return try result.tensor.elements(T.self)
            }

            /// What subgraph `name` makes of `tensor`, which it is given in the type of scores; `tensor` itself where there is none.
            private func modified<T: Arithmetic>(_ name: String, _ tensor: MutableTensor, _ type: T.Type) throws -> Elements<T> {
                guard operation.bodies.contains(name) else { return try tensor.tensor.elements(T.self) }
                var input = tensor.tensor
                if input.elementType != self.type {
                    let narrow = try context.scratch(self.type, tensor.shape)
                    try input.narrow(into: narrow)
                    input = narrow.tensor
                }
                guard let result = try context.runBody(name, [.tensor(input)]).first?.tensor, result.elementType == self.type, result.shape == tensor.shape
                else {
                    throw ONNXError(.shape, "'\(name)' must give a tensor of its input's type and shape, \(input)")
                }
                return try elements(result.elementType == T.elementType ? result : result.widenedToFloat { try context.scratch(.float, $0) }, T.self)
            }

            /// Also of a row in its own place. A row that is masked throughout gives NaN.
            private static func softmax<T: Arithmetic & BinaryFloatingPoint>(_ x: Elements<T>, _ row: Range<Int>, to y: MutableElements<T>) {
                var (highest, sum) = (-T.infinity, T.zero)
                for index in row { highest = T.greater(highest, x[index]) }
                for index in row {
                    y[index] = T(exp(Double(x[index] - highest)))
                    sum += y[index]
                }
                for index in row { y[index] /= sum }
            }
        }
    }
}
