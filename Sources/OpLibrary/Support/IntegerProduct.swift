internal import Bytes
internal import CKernels
package import Tensors

/// A K x N matrix of bytes in the panel layout of the machine's integer kernel.
package struct PackedBytes: Sendable {
    package let rows: Int
    package let columns: Int
    package let isSigned: Bool
    let panels: Elements<UInt8>

    /// The name of the panel layout, which differs between instruction sets.
    package static var layout: String { unsafe "i8x\(ck_kernels().pointee.i8_panel_columns)" }

    /// The bytes that a packed matrix takes. Throws `.limit` when they can't be counted.
    package static func byteCount(rows: Int, columns: Int) throws -> Int {
        try PanelMemory.byteCount(unsafe ck_kernels().pointee.packed_b_i8_size(rows, columns), of: UInt8.self, rows: rows, columns: columns)
    }

    /// A matrix that was packed in this layout before; `packed` may go on after it.
    package init(packed: Storage, rows: Int, columns: Int, isSigned: Bool) throws {
        let bytes = try Self.byteCount(rows: rows, columns: columns)
        guard packed.byteCount >= bytes else { throw ONNXError(.malformed, "a packed matrix has \(packed.byteCount) bytes, \(bytes) expected") }
        self.rows = rows
        self.columns = columns
        self.isSigned = isSigned
        panels = MutableElements<UInt8>(packed, byteOffset: 0, count: bytes).elements
    }

    /// Packs the matrix of `tensor` (int8 or uint8) that begins at element `offset`.
    ///
    /// `storage` gives the memory for that many bytes. Throws `.limit` when the size can't be counted.
    package init(
        _ tensor: Tensor, offset: Int = 0, rows: Int, columns: Int, isTransposed: Bool = false,
        storage: (Int) throws -> Storage = { try Storage(byteCount: $0) }
    ) throws {
        let isSigned = tensor.elementType == .int8
        let matrix = try tensor.bytes()
        let count = try Self.byteCount(rows: rows, columns: columns)
        let kernels = unsafe ck_kernels()
        let packed = MutableElements<UInt8>(try storage(count), byteOffset: 0, count: count)
        let width = unsafe kernels.pointee.i8_panel_columns
        unsafe matrix.withPointer(offset..<offset + rows * columns) { source in
            unsafe packed.withPointer { target in
                unsafe kernels.pointee.pack_b_i8(
                    rows, columns, source, isTransposed ? rows : columns, isTransposed, isSigned, 0, (columns + width - 1) / width, target)
            }
        }
        self.rows = rows
        self.columns = columns
        self.isSigned = isSigned
        panels = packed.elements
    }
}

/// The integer matrix product, exact in 32 bits on every instruction set.
package enum IntegerProduct {
    /// Zero points: one for all, or one a row (of A) or a column (of B).
    package typealias ZeroPoints = Elements<Int32>

    /// C = sum of (A - its zero points) x (B - its zero points); `rows` rows of bytes from `offset` on, signed as `isSigned` says.
    package static func multiply(
        _ a: Elements<UInt8>, isSigned: Bool, offset: Int, rows: Int, zeroPoints aZero: ZeroPoints?, by b: PackedBytes, zeroPoints bZero: ZeroPoints?,
        into c: MutableElements<Int32>, at target: Int, context: RunContext
    ) throws {
        let (columns, depth) = (b.columns, b.rows)
        guard rows > 0, columns > 0 else { return }
        precondition(aZero.map { $0.count == 1 || $0.count == rows } ?? true, "A's zero points out of range")
        precondition(bZero.map { $0.count == 1 || $0.count == columns } ?? true, "B's zero points out of range")
        let width = unsafe ck_kernels().pointee.i8_panel_columns
        let grain = Swift.max(1, 524_288 / Swift.max(1, rows * width * depth))
        try context.parallel((columns + width - 1) / width, grain: grain) { range in
            unsafe a.withPointer(offset..<offset + rows * depth) { a in
                unsafe b.panels.withPointer { packed in
                    unsafe c.withPointer(target..<target + rows * columns) { c in
                        var gemm = unsafe ck_gemm_i8(
                            m: rows, n: columns, k: depth, a: a, lda: depth, a_signed: isSigned, b_signed: b.isSigned, packed_b: packed,
                            a_zero: nil, a_zero_stride: aZero.map { $0.count == 1 ? 0 : 1 } ?? 0,
                            b_zero: nil, b_zero_stride: bZero.map { $0.count == 1 ? 0 : 1 } ?? 0, c: c, ldc: columns, y: nil, a_scale: nil, a_scale_stride: 0,
                            b_scale: nil, b_scale_stride: 0, epilogue: ck_epilogue())
                        withExtendedLifetime((aZero, bZero)) {
                            unsafe gemm.a_zero = aZero.map { unsafe $0.withPointer { unsafe $0 } }
                            unsafe gemm.b_zero = bZero.map { unsafe $0.withPointer { unsafe $0 } }
                            unsafe ck_kernels().pointee.gemm_i8(&gemm, range.lowerBound, range.upperBound)
                        }
                    }
                }
            }
        }
    }
}

extension Tensor {
    /// The values of a tensor of int8 or uint8 as Int32.
    package func zeroPoints() throws -> Elements<Int32> {
        let values = try ints()
        return try Tensor(values.map { Int32(truncatingIfNeeded: $0) }, shape: [values.count]).elements(Int32.self)
    }
}
