internal import Bytes
internal import CKernels
package import Tensors

/// Heads of vectors in memory: where a row of a head of a batch begins, and how long it is.
package struct Heads: Sendable {
    package let elements: Elements<Float>
    package let batches: Int
    package let heads: Int
    package let rows: Int
    /// Elements of a row, which lie together.
    package let size: Int
    private let batchStride: Int
    private let headStride: Int
    package let rowStride: Int

    /// `[batch, head, row, size]`.
    package init(headsFirst tensor: Tensor) throws {
        let shape = tensor.shape
        (batches, heads, rows, size) = (shape[0], shape[1], shape[2], shape[3])
        (batchStride, headStride, rowStride) = (heads &* rows &* size, rows &* size, size)
        elements = try tensor.elements(Float.self)
    }

    /// `[batch, row, head x size]`, of which each row's heads begin at `offset` and rows are `rowStride` apart (nil: without gaps).
    package init(rowsFirst elements: Elements<Float>, batches: Int, rows: Int, heads: Int, size: Int, offset: Int = 0, rowStride: Int? = nil) {
        (self.batches, self.heads, self.rows, self.size) = (batches, heads, rows, size)
        self.rowStride = rowStride ?? heads * size
        (batchStride, headStride) = (rows * self.rowStride, size)
        let length = Swift.max(0, elements.count - offset)
        precondition(offset >= 0 && offset <= elements.count, "heads out of range")
        self.elements = offset == 0 ? elements : elements.tail(length)
        precondition(batches * rows == 0 || (batches * rows - 1) * self.rowStride + heads * size <= length, "heads out of range")
    }

    /// The first element of a head.
    package func start(batch: Int, head: Int) -> Int { batch * batchStride + head * headStride }

    /// The elements from a head's first to its last row's last.
    fileprivate func range(batch: Int, head: Int) -> Range<Int> {
        let first = start(batch: batch, head: head)
        return first..<(rows == 0 ? first : first + (rows - 1) * rowStride + size)
    }
}

/// What is added to the scores: a float tensor that broadcasts to `[batch, head, query, key]`.
package struct AttentionBias: Sendable {
    package let elements: Elements<Float>
    private let strides: [Int]
    /// Keys are always there; queries may be one for all.
    package var queryStride: Int { strides[2] }

    /// Throws `.shape` unless `tensor` has rank 4 or less and broadcasts to that shape with every key.
    package init(_ tensor: Tensor, batches: Int, heads: Int, queries: Int, keys: Int) throws {
        let full = [batches, heads, queries, keys]
        let shape = Array(repeating: 1, count: Swift.max(0, 4 - tensor.rank)) + tensor.shape
        guard shape.count == 4, shape[3] == keys, zip(shape, full).allSatisfy({ $0 == $1 || $0 == 1 }) else {
            throw ONNXError(.shape, "the mask \(tensor) doesn't broadcast to the scores' \(Shape.text(full))")
        }
        let natural = Shape.strides(shape)
        strides = shape.indices.map { shape[$0] == 1 ? 0 : natural[$0] }
        elements = try tensor.elements(Float.self)
    }

    fileprivate func start(batch: Int, head: Int) -> Int { batch * strides[0] + head * strides[1] }
}

/// softmax(scale Q K' + bias) V, head by head.
package struct AttentionProduct {
    package let queries: Heads
    package let keys: Heads
    package let values: Heads
    package let bias: AttentionBias?
    package let scale: Float
    /// Whether a row whose scores are all minus infinity gives 0; otherwise it gives NaN.
    package let maskedRowsAreZero: Bool
    /// How closely the two products are computed: fp32 or bf16.
    package let precision: Precision

    /// Query heads may be a multiple of key heads, which are then shared. Throws `.shape` when sizes don't fit.
    package init(queries: Heads, keys: Heads, values: Heads, bias: AttentionBias?, scale: Float, maskedRowsAreZero: Bool, precision: Precision = .fp32) throws {
        guard queries.size == keys.size, keys.rows == values.rows, keys.heads == values.heads, keys.heads > 0, queries.heads % keys.heads == 0,
            queries.batches == keys.batches, keys.batches == values.batches
        else {
            throw ONNXError(
                .shape,
                "queries of \(queries.heads) heads x \(queries.size), keys of \(keys.heads) x \(keys.size) and values of \(values.heads) x \(values.size) over \(keys.rows) and \(values.rows) rows don't fit"
            )
        }
        (self.queries, self.keys, self.values) = (queries, keys, values)
        (self.bias, self.scale, self.maskedRowsAreZero, self.precision) = (bias, scale, maskedRowsAreZero, precision)
    }

    /// Writes row `q` of head `h` of batch `b` to `y` at `((b x heads + h) x queries + q) x size`, or, where `rowsFirst`, at `((b x queries + q) x heads + h) x size`.
    package func run(into y: MutableElements<Float>, rowsFirst: Bool, _ context: RunContext) throws {
        let (heads, rows, size) = (queries.heads, queries.rows, values.size)
        guard queries.batches * heads * rows * size > 0 else { return }
        precondition(queries.batches * heads * rows * size <= y.count, "result out of range")
        let count = unsafe ck_kernels().pointee.attention_scratch(keys.rows, queries.size, size)
        guard count >= 0 else { throw ONNXError(.limit, "\(rows) queries on \(keys.rows) keys are too many") }
        let work = Swift.max(1, rows * keys.rows * (queries.size + size))
        try context.parallel(queries.batches * heads, grain: Swift.max(1, 65_536 / work)) { range in
            let scratch = MutableElements<Float>(try Storage(byteCount: count * MemoryLayout<Float>.stride), byteOffset: 0, count: count)
            for index in range {
                let (batch, head) = (index / heads, index % heads)
                let stride = rowsFirst ? heads * size : size
                let start = rowsFirst ? (batch * rows * heads + head) * size : index * rows * size
                let target = start..<start + (rows - 1) * stride + size
                runHead(batch, head, into: y, target, stride: stride, scratch)
            }
        }
    }

    /// Runs products of one batch each, heads behind one another: rows of the first begin at row `start` of `y`, `[row, head, size]`.
    package static func run(_ products: [(product: AttentionProduct, start: Int)], into y: MutableElements<Float>, _ context: RunContext) throws {
        guard let first = products.first?.product else { return }
        let (heads, size) = (first.queries.heads, first.values.size)
        precondition(
            products.allSatisfy { ($0.start + $0.product.queries.rows) * heads * size <= y.count && $0.product.queries.batches == 1 }, "rows out of range")
        let counts = products.map { unsafe ck_kernels().pointee.attention_scratch($0.product.keys.rows, first.queries.size, size) }
        guard let count = counts.max(), counts.allSatisfy({ $0 >= 0 }) else { throw ONNXError(.limit, "so many queries and keys can't be counted") }
        let work = products.reduce(0) { $0 + $1.product.queries.rows * $1.product.keys.rows * (first.queries.size + size) } / products.count
        try context.parallel(products.count * heads, grain: Swift.max(1, 65_536 / Swift.max(1, work))) { range in
            let scratch = MutableElements<Float>(try Storage(byteCount: count * MemoryLayout<Float>.stride), byteOffset: 0, count: count)
            for index in range {
                let (product, start) = products[index / heads]
                let (head, rows) = (index % heads, product.queries.rows)
                guard rows > 0 else { continue }
                let begin = (start * heads + head) * size
                product.runHead(0, head, into: y, begin..<begin + (rows - 1) * heads * size + size, stride: heads * size, scratch)
            }
        }
    }

    private func runHead(_ batch: Int, _ head: Int, into y: MutableElements<Float>, _ target: Range<Int>, stride: Int, _ scratch: MutableElements<Float>) {
        let shared = head / (queries.heads / keys.heads)
        let bias = bias.map { bias in
            let start = bias.start(batch: batch, head: head)
            return (bias, start..<start + (queries.rows - 1) * bias.queryStride + keys.rows)
        }
        unsafe queries.elements.withPointer(queries.range(batch: batch, head: head)) { q in
            unsafe keys.elements.withPointer(keys.range(batch: batch, head: shared)) { k in
                unsafe values.elements.withPointer(values.range(batch: batch, head: shared)) { v in
                    unsafe y.withPointer(target) { out in
                        unsafe scratch.withPointer { scratch in
                            let mask = unsafe bias.map { bias, range in unsafe bias.elements.withPointer(range) { unsafe $0 } }
                            var attention = unsafe ck_attention(
                                queries: queries.rows, keys: keys.rows, head_size: queries.size, value_size: values.size,
                                q: q, ldq: queries.rowStride, k: k, ldk: keys.rowStride, v: v, ldv: values.rowStride,
                                mask: mask, ld_mask: bias?.0.queryStride ?? 0, scale: scale, masked_rows_are_zero: maskedRowsAreZero, out: out, ldo: stride)
                            let kernels = unsafe ck_kernels()
                            if precision == .bf16 {
                                unsafe kernels.pointee.attention_bf16(&attention, scratch)
                            } else {
                                unsafe kernels.pointee.attention_f32(&attention, scratch)
                            }
                        }
                    }
                }
            }
        }
    }
}
