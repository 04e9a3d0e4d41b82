internal import Bytes
internal import COpenBLAS
package import Tensors

/// The shape rule of `numpy.matmul`.
package enum MatMulShape {
    /// The shape of the product; nil when a rank is unknown. Throws `.shape` when the operands don't fit.
    package static func infer(_ a: [Dimension]?, _ b: [Dimension]?) throws -> [Dimension]? {
        guard let a, let b else { return nil }
        guard let depth = a.last, !b.isEmpty else { throw ONNXError(.shape, "a scalar has no matrix product") }
        let (left, right) = (a.count == 1 ? [.known(1)] + a : a, b.count == 1 ? b + [.known(1)] : b)
        let rows = right[right.count - 2]
        if let m = depth.size, let n = rows.size, m != n {
            throw ONNXError(.shape, "A of \(text(a)) has \(m) columns and B of \(text(b)) has \(n) rows; they must be equal")
        }
        let batch = try Inference.broadcast([Array(left.dropLast(2)), Array(right.dropLast(2))]) ?? []
        return batch + (a.count == 1 ? [] : [left[left.count - 2]]) + (b.count == 1 ? [] : [right[right.count - 1]])
    }

    private static func text(_ shape: [Dimension]) -> String { "[" + shape.map(\.description).joined(separator: ",") + "]" }
}

/// How two stacks of matrices meet in `numpy.matmul`.
package struct MatrixStack: Sendable {
    package let rows: Int
    package let depth: Int
    package let columns: Int
    /// How many products there are.
    package let count: Int
    private let walk: BroadcastWalk

    /// Shapes that `MatMulShape` has found to fit.
    package init(_ a: [Int], _ b: [Int]) {
        let left = a.count == 1 ? [1] + a : a
        let right = b.count == 1 ? b + [1] : b
        (rows, depth, columns) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
        let (stackA, stackB) = (Array(left.dropLast(2)), Array(right.dropLast(2)))
        let stack = Shape.broadcast(stackA, stackB) ?? []
        count = Shape.product(stack)
        walk = BroadcastWalk([stackA, stackB], to: stack)
    }

    /// Which matrices of A and B product `index` multiplies.
    package func operands(_ index: Int) -> (a: Int, b: Int) {
        let (run, place) = (index / walk.runLength, index % walk.runLength)
        return (walk.start(0, run: run) + place * walk.steps[0], walk.start(1, run: run) + place * walk.steps[1])
    }
}

/// Products of stacks of matrices, of any type, into a result whose shape inference has checked.
package struct BatchedProduct {
    private let a: Tensor
    private let b: Tensor
    private let packed: PackedMatrix?
    private let y: MutableTensor
    private let stack: MatrixStack

    package init(a: Tensor, b: Tensor, packed: PackedMatrix? = nil, y: MutableTensor) {
        (self.a, self.b, self.packed, self.y) = (a, b, packed, y)
        stack = MatrixStack(a.shape, b.shape)
    }

    private var rows: Int { stack.rows }
    private var depth: Int { stack.depth }
    private var columns: Int { stack.columns }

    package func run(_ context: RunContext) throws {
        guard y.count > 0 else { return }
        switch a.elementType {
        case .float: try runFloat(context)
        case .double: try runDouble()
        default: try a.elementType.visit(Loop(product: self, context: context))
        }
    }

    private func runFloat(_ context: RunContext) throws {
        let (x, z) = (try a.elements(Float.self), try y.elements(Float.self))
        if let packed = try packed ?? packShared(context) {
            return try MatrixProduct.multiply(x, rows: stack.count * rows, by: packed, into: z, context: context)
        }
        let w = try b.elements(Float.self)
        for batch in 0..<stack.count {
            let (m, n) = stack.operands(batch)
            let packed = try PackedMatrix(
                w, offset: n * depth * columns, rows: depth, columns: columns, storage: context.host.scratch(byteCount:),
                parallel: { try context.parallel($0, grain: $1, $2) })
            try MatrixProduct.multiply(x, offset: m * rows * depth, rows: rows, by: packed, into: z, at: batch * rows * columns, context: context)
        }
    }

    /// One B for all of A's matrices makes one tall product.
    private func packShared(_ context: RunContext) throws -> PackedMatrix? {
        guard b.rank <= 2, depth * columns == b.count else { return nil }
        return try PackedMatrix(
            try b.elements(Float.self), rows: depth, columns: columns, storage: context.host.scratch(byteCount:),
            parallel: { try context.parallel($0, grain: $1, $2) })
    }

    private func runDouble() throws {
        let (x, w, z) = (try a.elements(Double.self), try b.elements(Double.self), try y.elements(Double.self))
        guard depth > 0 else { return z.fill(0) }
        if let refusal = unsafe co_refusal() {
            throw ONNXError(
                .unsupported, "a product of doubles needs OpenBLAS, which \(unsafe String(cString: refusal))",
                remedy: "install libopenblas-dev, or lift the limit of address space")
        }
        guard let (m, n, k) = blasSizes else { throw ONNXError(.limit, "matrices of \(rows) x \(depth) x \(columns) are beyond BLAS's 32 bits") }
        for batch in 0..<stack.count {
            let (i, j) = stack.operands(batch)
            unsafe x.withPointer(i * rows * depth..<(i + 1) * rows * depth) { x in
                unsafe w.withPointer(j * depth * columns..<(j + 1) * depth * columns) { w in
                    unsafe z.withPointer(batch * rows * columns..<(batch + 1) * rows * columns) { z in
                        unsafe co_dgemm(m, n, k, x, w, z)
                    }
                }
            }
        }
    }

    private var blasSizes: (Int32, Int32, Int32)? {
        guard let m = Int32(exactly: rows), let n = Int32(exactly: columns), let k = Int32(exactly: depth) else { return nil }
        return (m, n, k)
    }

    /// Integers, which wrap.
    private struct Loop: ElementVisitor {
        let product: BatchedProduct
        let context: RunContext

        func visit<T: Arithmetic>(_ type: T.Type) throws {
            let (x, w, z) = (try product.a.elements(T.self), try product.b.elements(T.self), try product.y.elements(T.self))
            let (rows, depth, columns) = (product.rows, product.depth, product.columns)
            for batch in 0..<product.stack.count {
                let (i, j) = product.stack.operands(batch)
                for row in 0..<rows {
                    let start = (batch * rows + row) * columns
                    z.fill(.zero, in: start..<start + columns)
                    for inner in 0..<depth {
                        let left = x[(i * rows + row) * depth + inner]
                        for column in 0..<columns {
                            z[start + column] = T.add(z[start + column], T.multiply(left, w[(j * depth + inner) * columns + column]))
                        }
                    }
                }
            }
        }
    }
}
