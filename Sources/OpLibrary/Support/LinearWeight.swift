package import Tensors

/// How closely the products of a linear layer are computed.
package enum Precision: String, CaseIterable, Sendable { case fp32, bf16, int8 }

/// The weights of a linear layer, packed for the precision that its products are computed in.
package enum LinearWeight: Sendable {
    case fp32(PackedMatrix)
    case bf16(PackedBrain)
    case int8(QuantizedMatrix)

    package static func layout(_ precision: Precision) -> String {
        switch precision {
        case .fp32: PackedMatrix.layout
        case .bf16: PackedBrain.layout
        case .int8: PackedBytes.layout + "-rotated"
        }
    }

    /// The bytes that packed weights take. Throws `.limit` when they can't be counted.
    package static func byteCount(_ precision: Precision, rows: Int, columns: Int) throws -> Int {
        switch precision {
        case .fp32: try PackedMatrix.byteCount(rows: rows, columns: columns)
        case .bf16: try PackedBrain.byteCount(rows: rows, columns: columns)
        case .int8: try QuantizedMatrix.byteCount(rows: rows, columns: columns)
        }
    }

    /// Weights that were packed before.
    package init(packed storage: Storage, _ precision: Precision, rows: Int, columns: Int) throws {
        switch precision {
        case .fp32: self = .fp32(try PackedMatrix(packed: storage, rows: rows, columns: columns))
        case .bf16: self = .bf16(try PackedBrain(packed: storage, rows: rows, columns: columns))
        case .int8: self = .int8(try QuantizedMatrix(packed: storage, rows: rows, columns: columns))
        }
    }

    /// Packs `matrix`, K x N row by row, or N x K where `isTransposed`, into `storage`, which has `byteCount` bytes.
    package init(_ matrix: Elements<Float>, _ precision: Precision, rows: Int, columns: Int, isTransposed: Bool, into storage: Storage) throws {
        switch precision {
        case .fp32: self = .fp32(try PackedMatrix(matrix, rows: rows, columns: columns, isTransposed: isTransposed, storage: { _ in storage }))
        case .bf16: self = .bf16(try PackedBrain(matrix, rows: rows, columns: columns, isTransposed: isTransposed, into: storage))
        case .int8: self = .int8(try QuantizedMatrix(matrix, rows: rows, columns: columns, isTransposed: isTransposed, into: storage))
        }
    }

    package var columns: Int {
        switch self {
        case .fp32(let matrix): matrix.columns
        case .bf16(let matrix): matrix.columns
        case .int8(let matrix): matrix.bytes.columns
        }
    }

    /// Y (rows x columns) = epilogue(X x the weights).
    package func multiply(_ x: Elements<Float>, rows: Int, into y: MutableElements<Float>, epilogue: Epilogue, _ context: RunContext) throws {
        switch self {
        case .fp32(let matrix): try MatrixProduct.multiply(x, rows: rows, by: matrix, into: y, epilogue: epilogue, context: context)
        case .bf16(let matrix): try BrainProduct.multiply(x, rows: rows, by: matrix, into: y, epilogue: epilogue, context: context)
        case .int8(let matrix):
            let quantized = try QuantizedRows(x, rows: rows, depth: matrix.bytes.rows, context)
            try QuantizedProduct.multiply(quantized, by: matrix.bytes, scales: matrix.scales, into: y, epilogue: epilogue, context: context)
        }
    }
}
