internal import Bytes
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Attention with every score in memory: for double, for softcap, and where the scores are an output.
struct AttentionLoop: FloatVisitor {
    let queries: Tensor
    let keys: Tensor
    let values: Tensor
    let bias: Tensor?
    let scale: Double
    let softcap: Float
    /// Which stage the score output shows: 0 products, 1 after softcap, 2 with bias, 3 after softmax.
    let outputMode: Int
    let rowsFirst: Bool
    let context: RunContext

    func visit<T: Arithmetic & BinaryFloatingPoint>(_ type: T.Type) throws {
        let (batches, heads, rows, size) = (queries.shape[0], queries.shape[1], queries.shape[2], queries.shape[3])
        let (keyHeads, length, width) = (keys.shape[1], keys.shape[2], values.shape[3])
        guard keyHeads > 0, heads % keyHeads == 0, keys.shape[3] == size, values.shape[1] == keyHeads, values.shape[2] == length else {
            throw ONNXError(.shape, "queries \(queries), keys \(keys) and values \(values) don't fit")
        }
        let walk = BroadcastWalk([bias?.shape ?? [1, 1, 1, 1]], to: [batches, heads, rows, length])
        let added = try bias.map { try spread($0, walk, count: batches * heads * rows * length) }
        let (q, k, v) = (try queries.elements(T.self), try keys.elements(T.self), try values.elements(T.self))
        let shown = context.isWanted(3) ? try context.output(3).elements(T.self) : nil
        let y = try context.output(0).elements(T.self)
        var scores = [T](repeating: 0, count: length)
        for index in 0..<batches * heads * rows {
            let (stack, row) = (index / rows, index % rows)
            let (batch, head) = (stack / heads, stack % heads)
            let shared = batch * keyHeads + head / (heads / keyHeads)
            var isMasked = true
            for key in 0..<length {
                var sum: T = 0
                for place in 0..<size { sum += q[index * size + place] * k[(shared * length + key) * size + place] }
                var score = sum * T(scale)
                if outputMode == 0 { shown?[index * length + key] = score }
                if softcap > 0 { score = T(tanh(Double(score) / Double(softcap)) * Double(softcap)) }
                if outputMode == 1 { shown?[index * length + key] = score }
                let addend = added.map { T($0[index * length + key]) } ?? 0
                if addend != -.infinity { isMasked = false }
                scores[key] = addend == -.infinity ? -.infinity : score + addend
                if outputMode == 2 { shown?[index * length + key] = scores[key] }
            }
            Self.softmax(&scores, isMasked: isMasked)
            if outputMode == 3 { for key in 0..<length { shown?[index * length + key] = scores[key] } }
            let start = rowsFirst ? ((batch * rows + row) * heads + head) * width : index * width
            for place in 0..<width {
                var sum: T = 0
                for key in 0..<length { sum += scores[key] * v[(shared * length + key) * width + place] }
                y[start + place] = sum
            }
        }
    }

    private func spread(_ bias: Tensor, _ walk: BroadcastWalk, count: Int) throws -> [Float] {
        let source = try bias.elements(Float.self)
        var result: [Float] = []
        result.reserveCapacity(count)
        for run in 0..<walk.runCount {
            let start = walk.start(0, run: run)
            for index in 0..<walk.runLength { result.append(source[start + index * walk.steps[0]]) }
        }
        return result
    }

    /// A row that is masked throughout gives 0.
    private static func softmax<T: BinaryFloatingPoint>(_ row: inout [T], isMasked: Bool) {
        guard !isMasked, let highest = row.max() else {
            for index in row.indices { row[index] = 0 }
            return
        }
        var sum: T = 0
        for index in row.indices {
            row[index] = T(exp(Double(row[index] - highest)))
            sum += row[index]
        }
        for index in row.indices { row[index] /= sum }
    }
}
