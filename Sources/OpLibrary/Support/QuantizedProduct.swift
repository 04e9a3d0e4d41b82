internal import Bytes
internal import CKernels
package import Tensors

/// Float weights, rotated, as int8 with a scale a column: the packed bytes, and after them the scales. Rows that multiply them are rotated as well, which leaves the product as it is
/// and spreads outliers over their block (QuaRot, https://arxiv.org/abs/2404.00456).
package struct QuantizedMatrix: Sendable {
    let bytes: PackedBytes
    let scales: Elements<Float>

    /// The bytes that a packed matrix and its scales take. Throws `.limit` when they can't be counted.
    package static func byteCount(rows: Int, columns: Int) throws -> Int {
        let (bytes, overflow) = try PackedBytes.byteCount(rows: rows, columns: columns).addingReportingOverflow(columns * MemoryLayout<Float>.stride)
        guard !overflow else { throw ONNXError(.limit, "a matrix of \(rows) x \(columns) is too large to pack") }
        return bytes
    }

    /// A matrix that was packed before.
    package init(packed: Storage, rows: Int, columns: Int) throws {
        let count = try Self.byteCount(rows: rows, columns: columns)
        guard packed.byteCount == count else { throw ONNXError(.malformed, "a packed matrix has \(packed.byteCount) bytes, \(count) expected") }
        bytes = try PackedBytes(packed: packed, rows: rows, columns: columns, isSigned: true)
        scales = Self.scales(packed, columns).elements
    }

    private static func scales(_ storage: Storage, _ columns: Int) -> MutableElements<Float> {
        MutableElements<Float>(storage, byteOffset: storage.byteCount - columns * MemoryLayout<Float>.stride, count: columns)
    }

    /// Quantizes and packs `matrix`, K x N row by row, or N x K where `isTransposed`, into `storage`, which has `byteCount` bytes.
    package init(_ matrix: Elements<Float>, rows: Int, columns: Int, isTransposed: Bool, into storage: Storage) throws {
        precondition(rows * columns <= matrix.count, "matrix out of range")
        let quantized = try MutableTensor(.int8, [rows * columns], try Storage(byteCount: rows * columns), byteOffset: 0)
        let (values, scales) = (try quantized.elements(Int8.self), Self.scales(storage, columns))
        unsafe matrix.withPointer(0..<rows * columns) { source in
            unsafe values.withPointer { values in
                unsafe scales.withPointer { scales in
                    unsafe ck_kernels().pointee.columns_to_s8(rows, columns, source, isTransposed ? rows : columns, isTransposed, values, scales)
                }
            }
        }
        bytes = try PackedBytes(quantized.tensor, rows: rows, columns: columns, isTransposed: isTransposed) { _ in storage }
        self.scales = scales.elements
    }
}

/// Rows of bytes that stand for floats: (byte - zero point) x scale, of each row or of all.
package struct QuantizedRows: Sendable {
    package let bytes: Elements<UInt8>
    package let isSigned: Bool
    package let scales: Elements<Float>
    package let zeroPoints: Elements<Int32>
    package let rows: Int

    package init(bytes: Elements<UInt8>, isSigned: Bool, scales: Elements<Float>, zeroPoints: Elements<Int32>, rows: Int) {
        precondition((scales.count == 1 || scales.count == rows) && (zeroPoints.count == 1 || zeroPoints.count == rows), "one scale, or one a row")
        (self.bytes, self.isSigned, self.scales, self.zeroPoints, self.rows) = (bytes, isSigned, scales, zeroPoints, rows)
    }

    /// Rotates each row and spreads its own range, 0 included, over 0...255.
    package init(_ x: Elements<Float>, rows: Int, depth: Int, _ context: RunContext) throws {
        precondition(rows * depth <= x.count, "matrix out of range")
        let bytes = try context.scratch(UInt8.self, count: rows * depth)
        let scales = try context.scratch(Float.self, count: rows)
        let zeros = try context.scratch(Int32.self, count: rows)
        try context.parallel(rows, grain: Swift.max(1, 16_384 / Swift.max(1, depth))) { part in
            unsafe x.withPointer(part.lowerBound * depth..<part.upperBound * depth) { source in
                unsafe bytes.withPointer(part.lowerBound * depth..<part.upperBound * depth) { target in
                    unsafe scales.withPointer(part) { scales in
                        unsafe zeros.withPointer(part) { zeros in
                            unsafe ck_kernels().pointee.rows_to_u8(part.count, depth, source, depth, target, depth, scales, zeros)
                        }
                    }
                }
            }
        }
        self.init(bytes: bytes.elements, isSigned: false, scales: scales.elements, zeroPoints: zeros.elements, rows: rows)
    }
}

/// The integer product of quantized matrices, given back as floats.
package enum QuantizedProduct {
    /// C (A's rows x B's columns) = epilogue(float of the integer product x (A's scale x B's)). `scales` and `zeroPoints` are B's: one, or one a column.
    package static func multiply(
        _ a: QuantizedRows, by b: PackedBytes, scales: Elements<Float>, zeroPoints: Elements<Int32>? = nil, into c: MutableElements<Float>, epilogue: Epilogue,
        context: RunContext
    ) throws {
        let (rows, columns, depth) = (a.rows, b.columns, b.rows)
        guard rows > 0, columns > 0 else { return }
        precondition(rows * depth <= a.bytes.count && rows * columns <= c.count, "matrices out of range")
        precondition(scales.count == 1 || scales.count == columns, "B's scales out of range")
        precondition(zeroPoints.map { $0.count == 1 || $0.count == columns } ?? true, "B's zero points out of range")
        let width = unsafe ck_kernels().pointee.i8_panel_columns
        let grain = Swift.max(1, 524_288 / Swift.max(1, rows * width * depth))
        try context.parallel((columns + width - 1) / width, grain: grain) { range in
            unsafe a.bytes.withPointer(0..<rows * depth) { bytes in
                unsafe b.panels.withPointer { packed in
                    unsafe c.withPointer(0..<rows * columns) { c in
                        unsafe epilogue.withKernelForm(rows: rows, columns: columns) { epilogue in
                            withExtendedLifetime((a, scales, zeroPoints)) {
                                var gemm = unsafe ck_gemm_i8(
                                    m: rows, n: columns, k: depth, a: bytes, lda: depth, a_signed: a.isSigned, b_signed: b.isSigned, packed_b: packed,
                                    a_zero: a.zeroPoints.withPointer { unsafe $0 }, a_zero_stride: a.zeroPoints.count == 1 ? 0 : 1,
                                    b_zero: zeroPoints.map { unsafe $0.withPointer { unsafe $0 } }, b_zero_stride: zeroPoints?.count == 1 ? 0 : 1,
                                    c: nil, ldc: columns, y: c,
                                    a_scale: a.scales.withPointer { unsafe $0 }, a_scale_stride: a.scales.count == 1 ? 0 : 1,
                                    b_scale: scales.withPointer { unsafe $0 }, b_scale_stride: scales.count == 1 ? 0 : 1, epilogue: epilogue)
                                unsafe ck_kernels().pointee.gemm_i8(&gemm, range.lowerBound, range.upperBound)
                            }
                        }
                    }
                }
            }
        }
    }
}
