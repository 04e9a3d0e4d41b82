internal import Bytes
internal import Tensors

/// What ONNX Runtime's attention operators add to the scores: a filter value where a mask forbids a key, and a bias.
struct AttentionMask {
    let batches: Int
    let queries: Int
    let keys: Int
    /// Added where the mask is 0.
    let filter: Float
    let isCausal: Bool

    /// As a float tensor that broadcasts to `[batch, head, query, key]`; nil when nothing is added.
    ///
    /// `mask` is one length a batch, two (ends, then starts) a batch, or zeros and ones of shape `[batch, key]`, `[batch, query, key]` or `[batch, 1, m, m]`.
    func bias(_ mask: Tensor?, adding addend: Tensor?) throws -> Tensor? {
        guard mask != nil || isCausal else { return addend }
        let isPerQuery = isCausal || mask.map { $0.rank >= 3 } ?? false
        let visible = try mask.map { try allowed($0) }
        let shape = [batches, 1, isPerQuery ? queries : 1, keys]
        let own = try MutableTensor(.float, shape)
        let values = try own.elements(Float.self)
        for index in values.indices {
            let (row, key) = index.quotientAndRemainder(dividingBy: Swift.max(1, keys))
            let (batch, query) = (row / shape[2], row % shape[2])
            var value: Float = visible.map { $0(batch, query, key) ? 0 : filter } ?? 0
            if isCausal && key > query + keys - queries { value = -.greatestFiniteMagnitude }
            values[index] = value
        }
        guard let addend else { return own.tensor }
        return try sum(own.tensor, addend)
    }

    private func allowed(_ mask: Tensor) throws -> (_ batch: Int, _ query: Int, _ key: Int) -> Bool {
        let values = try mask.ints()
        let (batches, queries, keys) = (batches, queries, keys)
        switch mask.shape {
        case [batches]: return { batch, _, key in key < values[batch] }
        case [2 * batches]: return { batch, _, key in key < values[batch] && key >= values[batches + batch] }
        case [batches, keys]: return { batch, _, key in values[batch * keys + key] > 0 }
        case [batches, queries, keys]: return { batch, query, key in values[(batch * queries + query) * keys + key] > 0 }
        case let shape where shape.count == 4 && shape[0] == batches && shape[1] == 1 && shape[2] == shape[3] && shape[3] >= keys:
            let (size, past) = (shape[3], keys - queries)
            return { batch, query, key in values[(batch * size + past + query) * size + key] > 0 }
        default:
            throw ONNXError(
                .shape, "the mask \(mask) is neither of [\(batches)], [\(2 * batches)], [\(batches),\(keys)] nor [\(batches),\(queries),\(keys)]")
        }
    }

    private func sum(_ a: Tensor, _ b: Tensor) throws -> Tensor {
        let right = try b.reshaped(Array(repeating: 1, count: Swift.max(0, 4 - b.rank)) + b.shape)
        guard let shape = Shape.broadcast(a.shape, right.shape) else { throw ONNXError(.shape, "the attention bias \(b) doesn't broadcast to the mask's \(a)") }
        let result = try MutableTensor(.float, shape)
        let (x, y, z) = (try a.elements(Float.self), try right.elements(Float.self), try result.elements(Float.self))
        let walk = BroadcastWalk([a.shape, right.shape], to: shape)
        for run in 0..<walk.runCount {
            let (startX, startY) = (walk.start(0, run: run), walk.start(1, run: run))
            for index in 0..<walk.runLength { z[run * walk.runLength + index] = x[startX + index * walk.steps[0]] + y[startY + index * walk.steps[1]] }
        }
        return result.tensor
    }
}

/// Keys or values of earlier tokens before those of these.
enum PastState {
    /// `[batch, head, past + row, size]` of `past` (nil: none) and `present`, whose rows are spread over heads.
    static func joined(_ past: Tensor?, part: Int, _ present: Heads) throws -> Tensor {
        let before = past?.shape[3] ?? 0
        let result = try MutableTensor(.float, [present.batches, present.heads, before + present.rows, present.size])
        let target = try result.elements(Float.self)
        let source = try past?.elements(Float.self)
        if let past, past.rank != 5 || past.shape[0] != 2 || past.shape[1] != present.batches || past.shape[2] != present.heads || past.shape[4] != present.size
        {
            throw ONNXError(.shape, "past \(past) doesn't continue to \(present.batches) batches of \(present.heads) heads of \(present.size)")
        }
        for stack in 0..<present.batches * present.heads {
            let start = stack * (before + present.rows) * present.size
            if let source {
                let from = (part * present.batches * present.heads + stack) * before * present.size
                target.copy(source, from: from, count: before * present.size, to: start)
            }
            for row in 0..<present.rows {
                let from = present.start(batch: stack / present.heads, head: stack % present.heads) + row * present.rowStride
                target.copy(present.elements, from: from, count: present.size, to: start + (before + row) * present.size)
            }
        }
        return result.tensor
    }
}
