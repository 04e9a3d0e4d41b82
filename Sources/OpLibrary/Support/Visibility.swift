internal import Bytes
package import Tensors

/// Which keys a query may see by its place: those before it, or those in a window around it. -1 leaves a side open.
package struct Visibility: Sendable {
    package let isCausal: Bool
    package let left: Int
    package let right: Int

    package init(isCausal: Bool, left: Int = -1, right: Int = -1) {
        (self.isCausal, self.left, self.right) = (isCausal, left, right)
    }

    private var isOpen: Bool { !isCausal && left < 0 && right < 0 }

    private func sees(query: Int, key: Int, offset: Int) -> Bool {
        let position = query + offset
        return (!isCausal || key <= position) && (left < 0 || position - key <= left) && (right < 0 || key - position <= right)
    }

    /// What is added to the scores, as float, of rank 4 and with every key; nil when that is nothing.
    ///
    /// A boolean `mask` says which keys take part, any other is added; missing keys at its end don't take part.
    /// `offset` counts the keys before the first query, `offsets` does for each batch; keys from `lengths` of a batch on don't take part.
    package func bias(mask: Tensor?, batches: Int, queries: Int, keys: Int, offset: Int, offsets: [Int]?, lengths: [Int]?) throws -> Tensor? {
        let base = try mask.map { try Self.additive($0, keys: keys) }
        for list in [offsets, lengths].compactMap({ $0 }) where list.count != batches {
            throw ONNXError(.shape, "nonpad_kv_seqlen has \(list.count) elements for \(batches) batches")
        }
        guard !isOpen || lengths != nil else { return base }
        let shape = base?.shape ?? [1, 1, 1, keys]
        guard shape[2] == 1 || shape[2] == queries, shape[0] == 1 || shape[0] == batches else {
            throw ONNXError(.shape, "the mask \(mask.map { "\($0)" } ?? "") doesn't broadcast to \(batches) batches and \(queries) queries")
        }
        let result = try MutableTensor(.float, [offsets != nil || lengths != nil ? batches : shape[0], shape[1], isOpen ? shape[2] : queries, keys])
        let target = try result.elements(Float.self)
        let source = try base?.elements(Float.self)
        for batch in 0..<result.shape[0] {
            let before = offsets?[batch] ?? offset
            let length = lengths?[batch] ?? keys
            for head in 0..<result.shape[1] {
                for query in 0..<result.shape[2] {
                    let row = ((batch * result.shape[1] + head) * result.shape[2] + query) * keys
                    let from = (((shape[0] == 1 ? 0 : batch) * shape[1] + head) * shape[2] + (shape[2] == 1 ? 0 : query)) * keys
                    for key in 0..<keys {
                        let visible = key < length && sees(query: query, key: key, offset: before)
                        target[row + key] = visible ? source?[from + key] ?? 0 : -.infinity
                    }
                }
            }
        }
        return result.tensor
    }

    /// A mask as floats of rank 4 with every key.
    private static func additive(_ mask: Tensor, keys: Int) throws -> Tensor {
        guard mask.rank <= 4, let last = mask.shape.last, last <= keys else {
            throw ONNXError(.shape, "the mask \(mask) has more than 4 axes or more than \(keys) keys")
        }
        let values: [Float] =
            mask.elementType == .bool ? try mask.elements(TensorBool.self).map { $0.value ? 0 : -.infinity } : try mask.doubles().map { Float($0) }
        let shape = Array(repeating: 1, count: 4 - mask.rank) + mask.shape
        guard last != keys else { return try Tensor(values, shape: shape) }
        let result = try MutableTensor(.float, shape.dropLast() + [keys])
        let elements = try result.elements(Float.self)
        for index in elements.indices {
            elements[index] = index % keys < last ? values[index / keys * last + index % keys] : -.infinity
        }
        return result.tensor
    }
}
