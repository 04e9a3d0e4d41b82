internal import CKernels
package import Tensors

/// A K x N matrix of bfloat16 in the panel layout of the machine's kernel.
package struct PackedBrain: Sendable {
    package let rows: Int
    package let columns: Int
    fileprivate let panels: Elements<UInt16>

    /// The name of the panel layout, which differs between instruction sets.
    package static var layout: String { unsafe "bf16x\(ck_kernels().pointee.bf16_panel_columns)" }

    /// Whether this machine multiplies bfloat16 faster than float; where it doesn't, it gives the same bits at float's speed.
    package static var isFast: Bool { unsafe ck_kernels().pointee.isa == CK_AVX512BF16 }

    /// The bytes that a packed matrix takes. Throws `.limit` when they can't be counted.
    package static func byteCount(rows: Int, columns: Int) throws -> Int {
        try PanelMemory.byteCount(unsafe ck_kernels().pointee.packed_b_bf16_count(rows, columns), of: UInt16.self, rows: rows, columns: columns)
    }

    /// A matrix that was packed in this layout before.
    package init(packed: Storage, rows: Int, columns: Int) throws {
        let bytes = try Self.byteCount(rows: rows, columns: columns)
        panels = try PanelMemory.elements(of: UInt16.self, filling: packed, byteCount: bytes).elements
        self.rows = rows
        self.columns = columns
    }

    /// Rounds and packs `matrix`, K x N row by row, or N x K where `isTransposed`, into `storage`, which has `byteCount` bytes.
    package init(_ matrix: Elements<Float>, rows: Int, columns: Int, isTransposed: Bool, into storage: Storage) throws {
        try self.init(packed: storage, rows: rows, columns: columns)
        precondition(rows * columns <= matrix.count, "matrix out of range")
        let packed = try PanelMemory.elements(of: UInt16.self, filling: storage, byteCount: storage.byteCount)
        let width = unsafe ck_kernels().pointee.bf16_panel_columns
        unsafe matrix.withPointer(0..<rows * columns) { source in
            unsafe packed.withPointer { target in
                unsafe ck_kernels().pointee.pack_b_bf16(
                    rows, columns, source, isTransposed ? rows : columns, isTransposed, 0, (columns + width - 1) / width, target)
            }
        }
    }
}

/// The product of floats rounded to bfloat16, with float sums.
package enum BrainProduct {
    /// C (rows x B's columns) = epilogue(A x B). A has B's rows as columns.
    ///
    /// Bits depend on neither the split over threads nor the number of rows.
    package static func multiply(
        _ a: Elements<Float>, rows: Int, by b: PackedBrain, into c: MutableElements<Float>, epilogue: Epilogue, context: RunContext
    ) throws {
        let (columns, depth) = (b.columns, b.rows)
        guard rows > 0, columns > 0 else { return }
        precondition(rows * depth <= a.count && rows * columns <= c.count, "matrices out of range")
        let stride = depth + depth % 2
        let rounded = try context.scratch(UInt16.self, count: rows * stride)
        try context.parallel(rows, grain: Swift.max(1, 32_768 / Swift.max(1, depth))) { part in
            unsafe a.withPointer(part.lowerBound * depth..<part.upperBound * depth) { source in
                unsafe rounded.withPointer(part.lowerBound * stride..<part.upperBound * stride) { target in
                    unsafe ck_kernels().pointee.rows_to_bf16(part.count, depth, source, depth, target, stride)
                }
            }
        }
        let width = unsafe ck_kernels().pointee.bf16_panel_columns
        let grain = Swift.max(1, 262_144 / Swift.max(1, rows * width * depth))
        try context.parallel((columns + width - 1) / width, grain: grain) { range in
            unsafe rounded.elements.withPointer { a in
                unsafe b.panels.withPointer { packed in
                    unsafe c.withPointer(0..<rows * columns) { c in
                        unsafe epilogue.withKernelForm(rows: rows, columns: columns) { epilogue in
                            var gemm = unsafe ck_gemm_bf16(
                                m: rows, n: columns, k: depth, a: a, lda: stride, packed_b: packed, c: c, ldc: columns, epilogue: epilogue)
                            unsafe ck_kernels().pointee.gemm_bf16(&gemm, range.lowerBound, range.upperBound)
                        }
                    }
                }
            }
        }
    }
}
