internal import Bytes
internal import CKernels
package import Tensors

/// A K x N float matrix in the panel layout of the machine's kernel.
package struct PackedMatrix: Sendable {
    package let rows: Int
    package let columns: Int
    fileprivate let panels: Elements<Float>

    /// The name of the panel layout, which differs between instruction sets.
    package static var layout: String { unsafe "f32x\(ck_kernels().pointee.f32_panel_columns)" }

    /// The bytes that a packed matrix takes. Throws `.limit` when they can't be counted.
    package static func byteCount(rows: Int, columns: Int) throws -> Int {
        try PanelMemory.byteCount(unsafe ck_kernels().pointee.packed_b_f32_count(rows, columns), of: Float.self, rows: rows, columns: columns)
    }

    /// A matrix that was packed in this layout before.
    package init(packed: Storage, rows: Int, columns: Int) throws {
        let bytes = try Self.byteCount(rows: rows, columns: columns)
        panels = try PanelMemory.elements(of: Float.self, filling: packed, byteCount: bytes).elements
        self.rows = rows
        self.columns = columns
    }

    /// Packs `matrix`, K x N row by row from element `offset` on, or N x K where `isTransposed`.
    ///
    /// `storage` gives the memory for that many bytes; `parallel` may spread the work. Throws `.limit` when the size can't be counted.
    package init(
        _ matrix: Elements<Float>, offset: Int = 0, rows: Int, columns: Int, isTransposed: Bool = false,
        storage: (Int) throws -> Storage = { try Storage(byteCount: $0) },
        parallel: (Int, Int, @Sendable (Range<Int>) throws -> Void) throws -> Void = { try $2(0..<$0) }
    ) throws {
        let bytes = try Self.byteCount(rows: rows, columns: columns)
        let count = bytes / MemoryLayout<Float>.stride
        precondition(offset >= 0 && rows >= 0 && columns >= 0 && offset + rows * columns <= matrix.count, "matrix out of range")
        let packed = MutableElements<Float>(try storage(bytes), byteOffset: 0, count: count)
        let width = unsafe ck_kernels().pointee.f32_panel_columns
        let leading = isTransposed ? rows : columns
        try parallel((columns + width - 1) / width, Swift.max(1, 65_536 / Swift.max(1, rows * width))) { range in
            unsafe matrix.withPointer(offset..<offset + rows * columns) { source in
                unsafe packed.withPointer { target in
                    unsafe ck_kernels().pointee.pack_b_f32(rows, columns, source, leading, isTransposed, range.lowerBound, range.upperBound, target)
                }
            }
        }
        self.rows = rows
        self.columns = columns
        panels = packed.elements
    }
}

/// The float matrix product, and the one place that hands float matrices to the C kernels.
package enum MatrixProduct {
    /// C (rows x B's columns) = epilogue(A x B). A has B's rows as columns and begins at `offset`, C at `target`.
    ///
    /// Bits depend on neither the split over threads nor the number of rows.
    package static func multiply(
        _ a: Elements<Float>, offset: Int = 0, rows: Int, by b: PackedMatrix, into c: MutableElements<Float>, at target: Int = 0,
        epilogue: Epilogue = Epilogue(), context: RunContext
    ) throws {
        let (columns, depth) = (b.columns, b.rows)
        guard rows > 0, columns > 0 else { return }
        precondition(offset >= 0 && offset + rows * depth <= a.count && target >= 0 && target + rows * columns <= c.count, "matrices out of range")
        let width = unsafe ck_kernels().pointee.f32_panel_columns
        let panelCount = (columns + width - 1) / width
        let work = Swift.max(1, rows * width * depth)
        try context.parallel(panelCount, grain: Swift.max(1, 131_072 / work)) { range in
            unsafe a.withPointer(offset..<offset + rows * depth) { a in
                unsafe b.panels.withPointer { packed in
                    unsafe c.withPointer(target..<target + rows * columns) { c in
                        unsafe epilogue.withKernelForm(rows: rows, columns: columns) { epilogue in
                            var gemm = unsafe ck_gemm_f32(
                                m: rows, n: columns, k: depth, a: a, lda: depth, packed_b: packed, c: c, ldc: columns, epilogue: epilogue)
                            unsafe ck_kernels().pointee.gemm_f32(&gemm, range.lowerBound, range.upperBound)
                        }
                    }
                }
            }
        }
    }
}
