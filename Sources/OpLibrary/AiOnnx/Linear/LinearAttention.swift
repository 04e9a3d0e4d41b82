internal import Bytes
internal import GraphIR
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension AiOnnx {
    /// Attention by a state that each key and value updates. https://onnx.ai/onnx/operators/onnx__LinearAttention.html
    package struct LinearAttention: Operator {
        package static let schema = OperatorSchema(
            "LinearAttention", since: [27],
            inputs: [
                .one("query", "T"), .one("key", "T"), .one("value", "T"), .optional("past_state", "S"), .optional("decay", "T"), .optional("beta", "T"),
            ],
            outputs: [.one("output", "T"), .one("present_state", "S")],
            attributes: [
                .defaulted("chunk_size", .int(64)), .required("kv_num_heads", .int), .required("q_num_heads", .int), .defaulted("scale", .float(0)),
                .defaulted("update_rule", .string("gated_delta")),
            ],
            types: ["T": .tensors(.float, .float16, .bfloat16), "S": .tensors(.float, .float16, .bfloat16)])

        private enum Rule: String, CaseIterable {
            case linear, gated, delta
            case gatedDelta = "gated_delta"
        }

        private let rule: Rule
        private let queryHeads: Int
        private let heads: Int
        private let scale: Float

        package init(_ node: NodeReader) throws {
            rule = try node.choice("update_rule")
            (queryHeads, heads) = (try node.int("q_num_heads"), try node.int("kv_num_heads"))
            scale = try node.float("scale")
            guard heads > 0, queryHeads > 0, queryHeads % heads == 0 else {
                throw ONNXError(.shape, "q_num_heads is \(queryHeads), a multiple of kv_num_heads (\(heads)) expected")
            }
            for (input, name, isUsed) in [(4, "decay", isGated), (5, "beta", corrects)] where node.hasInput(input) != isUsed {
                throw ONNXError(
                    .malformed, "'\(name)' is \(isUsed ? "missing" : "given"), which update_rule '\(rule.rawValue)' \(isUsed ? "needs" : "can't use")")
            }
        }

        private var isGated: Bool { rule == .gated || rule == .gatedDelta }
        private var corrects: Bool { rule == .delta || rule == .gatedDelta }

        package func infer(_ types: Inference) throws {
            for (input, name) in ["query", "key", "value"].enumerated() { try types.checkRank(input, 3...3, name) }
            let (q, k, v) = (types.shape(0), types.shape(1), types.shape(2))
            let size = try share(q?[2].size, queryHeads, "query"), width = try share(v?[2].size, heads, "value")
            try RecurrentAttributes.check(types, 1, "key", [q?[0].size, q?[1].size, size.map { $0 * heads }])
            try RecurrentAttributes.check(types, 2, "value", [q?[0].size, q?[1].size, nil])
            try RecurrentAttributes.check(types, 3, "past_state", [q?[0].size, heads, size, width])
            for (input, name, sizes) in [(4, "decay", [heads, size.map { $0 * heads }]), (5, "beta", [heads, 1])] {
                try RecurrentAttributes.check(types, input, name, [q?[0].size, q?[1].size, nil])
                if let last = types.shape(input)?.last?.size, !sizes.contains(last), !sizes.contains(nil) {
                    throw ONNXError(.shape, "the last axis of '\(name)' is \(last); \(sizes.compactMap { $0 }) expected")
                }
            }
            let batch = q?[0] ?? k?[0] ?? .unknown
            let (output, overflow) = (width ?? 0).multipliedReportingOverflow(by: queryHeads)
            guard !overflow else { throw ONNXError(.limit, "\(queryHeads) heads of \(width ?? 0) elements are beyond 64 bits") }
            types.set(0, types.element(0), [batch, q?[1] ?? .unknown, width == nil ? .unknown : .known(output)])
            types.set(
                1, types.element(3) ?? types.element(0),
                [batch, .known(heads), size.map { .known($0) } ?? .unknown, width.map { .known($0) } ?? .unknown])
        }

        /// The elements of one of `count` heads.
        private func share(_ size: Int?, _ count: Int, _ name: String) throws -> Int? {
            guard let size else { return nil }
            guard size % count == 0 else { throw ONNXError(.shape, "the last axis of '\(name)' is \(size), a multiple of its \(count) heads expected") }
            return size / count
        }

        package func run(_ context: RunContext) throws {
            let (queries, keys, values) = (try context.input(0), try context.input(1), try context.input(2))
            let (batches, length) = (queries.shape[0], queries.shape[1])
            let (size, width) = (queries.shape[2] / queryHeads, values.shape[2] / heads)
            let (q, k, v) = (try queries.elements(Float.self), try keys.elements(Float.self), try values.elements(Float.self))
            let decay = try context.optionalInput(4), beta = try context.optionalInput(5)
            let (g, b) = (try decay?.elements(Float.self), try beta?.elements(Float.self))
            let (gates, rates) = (decay?.shape[2] ?? 0, beta?.shape[2] ?? 0)
            let (output, states) = (try context.output(0).elements(Float.self), try context.output(1).elements(Float.self))
            if let past = try context.optionalInput(3) {
                states.copy(try past.elements(Float.self), from: 0, count: past.count, to: 0)
            } else {
                states.fill(0)
            }
            guard size > 0, width > 0 else { return output.fill(0) }
            let (heads, group) = (heads, queryHeads / heads)
            let scale = scale == 0 ? 1 / Float(size).squareRoot() : scale
            try context.parallel(batches * heads, grain: 1) { range in
                var update = [Float](repeating: 0, count: width)
                for stack in range {
                    let (head, state) = (stack % heads, stack * size * width)
                    for position in stack / heads * length..<(stack / heads + 1) * length {
                        let key = (position * heads + head) * size
                        if let g {
                            for row in 0..<size {
                                let factor = exp(g[position * gates + (gates == heads ? head : head * size + row)])
                                for column in 0..<width { states[state + row * width + column] *= factor }
                            }
                        }
                        for column in 0..<width { update[column] = v[(position * heads + head) * width + column] }
                        if let b {
                            for row in 0..<size {
                                for column in 0..<width { update[column] -= states[state + row * width + column] * k[key + row] }
                            }
                            for column in 0..<width { update[column] *= b[position * rates + (rates == 1 ? 0 : head)] }
                        }
                        for row in 0..<size {
                            for column in 0..<width { states[state + row * width + column] += k[key + row] * update[column] }
                        }
                        for query in head * group..<(head + 1) * group {
                            let (source, target) = ((position * heads * group + query) * size, (position * heads * group + query) * width)
                            output.fill(0, in: target..<target + width)
                            for row in 0..<size {
                                let weight = scale * q[source + row]
                                ElementLoop.merge(states.elements, from: state + row * width, into: output, at: target, count: width) { $0 + weight * $1 }
                            }
                        }
                    }
                }
            }
        }
    }
}
