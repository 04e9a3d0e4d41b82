internal import Bytes
internal import GraphIR
internal import TensorFiles
internal import Tensors

/// Fits what the user gave to what the model declares, and says what it did.
struct InputBinding {
    let inputs: [ValueInfo]
    /// A missing attention mask is an error instead of ones.
    let isStrict: Bool
    /// Told each thing that was done, once.
    let note: (String) -> Void

    /// The values of a run by input name.
    func bind(_ given: [GivenValue]) throws -> [String: Value] {
        var result: [String: Value] = [:]
        var mask: Tensor?
        for value in given {
            guard let info = try target(of: value) else { continue }
            guard result[info.name] == nil else { throw ONNXError(.usage, "input '\(info.name)' is given twice", place: [value.source]) }
            switch value.item {
            case .value(let found): result[info.name] = try fit(found, to: info, value.source)
            case .ragged(let rows):
                result[info.name] = try fit(.tensor(try rows.padded()), to: info, value.source)
                note("'\(info.name)' has rows of \(rows.lengths.min() ?? 0) to \(rows.lengths.max() ?? 0) elements; they were padded with 0")
                if info.name == "input_ids" { mask = try rows.mask() }
            }
        }
        try addMask(&result, mask)
        return result
    }

    /// The input that a value is for; nil for one that is dropped.
    private func target(of value: GivenValue) throws -> ValueInfo? {
        guard let name = value.name else {
            guard let first = inputs.first else { throw ONNXError(.usage, "the model has no inputs", place: [value.source]) }
            return first
        }
        if let info = inputs.first(where: { $0.name == name }) { return info }
        let names = inputs.map { "'\($0.name)'" }.joined(separator: ", ")
        if name == "token_type_ids", try isAllZero(value.item) {
            note("'token_type_ids' was dropped: the model has no such input, and all its elements are 0")
            return nil
        }
        throw ONNXError(
            .usage, "the model has no input '\(name)'" + (name == "token_type_ids" ? ", and not all of its elements are 0" : ""), place: [value.source],
            remedy: "its inputs are \(names)")
    }

    private func isAllZero(_ item: JSONTensors.Item) throws -> Bool {
        switch item {
        case .value(let value): try value.tensor?.doubles().allSatisfy { $0 == 0 } ?? false
        case .ragged(let rows): try rows.elements.doubles().allSatisfy { $0 == 0 }
        }
    }

    private func fit(_ value: Value, to info: ValueInfo, _ source: String) throws -> Value {
        guard case .tensor(var tensor) = value, case .tensor(let type, let shape)? = info.type else { return value }
        if let rank = shape?.count, tensor.rank == rank - 1, rank >= 1 {
            tensor = try tensor.reshaped([1] + tensor.shape)
            note("'\(info.name)' was given without a batch axis; it got one: \(tensor)")
        }
        if let type, type != tensor.elementType {
            do {
                tensor = try tensor.converted(losslesslyTo: type)
            } catch {
                throw error.at("input '\(info.name)'").at(source)
            }
        }
        return .tensor(tensor)
    }

    private func addMask(_ result: inout [String: Value], _ mask: Tensor?) throws {
        let name = "attention_mask"
        guard result[name] == nil, let info = inputs.first(where: { $0.name == name }), let ids = result["input_ids"]?.tensor else { return }
        if let mask {
            result[name] = try fit(.tensor(mask), to: info, name)
        } else if isStrict {
            throw ONNXError(.usage, "input 'attention_mask' is missing", remedy: "give it, or leave --strict-inputs out to get ones")
        } else {
            result[name] = try fit(.tensor(try Tensor([Int64](repeating: 1, count: ids.count), shape: ids.shape)), to: info, name)
            note("'attention_mask' was not given; every token takes part")
        }
    }
}

extension Tensor {
    /// The same values in another type. Throws `.shape` for the first value that the type can't hold exactly, or between strings and numbers.
    func converted(losslesslyTo type: ElementType) throws(ONNXError) -> Tensor {
        let lost = ONNXError(.shape, "\(self) found, tensor(\(type)) expected")
        guard elementType != .string, type != .string else { throw lost }
        switch type {
        case .int64: return try Tensor(try wholeNumbers(), shape: shape)
        case .int32: return try Tensor(try exact(Int32.self), shape: shape)
        case .int16: return try Tensor(try exact(Int16.self), shape: shape)
        case .int8: return try Tensor(try exact(Int8.self), shape: shape)
        case .uint8: return try Tensor(try exact(UInt8.self), shape: shape)
        case .uint16: return try Tensor(try exact(UInt16.self), shape: shape)
        case .uint32: return try Tensor(try exact(UInt32.self), shape: shape)
        case .uint64: return try Tensor(try exact(UInt64.self), shape: shape)
        case .bool: return try Tensor(try exact(UInt8.self).map { TensorBool($0 != 0) }, shape: shape)
        case .float: return try Tensor(try doubles().map { Float($0) }, shape: shape)
        case .double: return try Tensor(try doubles(), shape: shape)
        case .float16: return try Tensor(try doubles().map { Float16($0) }, shape: shape)
        case .bfloat16: return try Tensor(try doubles().map { BFloat16(Float($0)) }, shape: shape)
        default: throw lost
        }
    }

    private func wholeNumbers() throws(ONNXError) -> [Int64] {
        if elementType == .int64 { return try array(of: Int64.self) }
        if elementType == .uint64 { return try Self.exact(try array(of: UInt64.self), Int64.self) }
        return try Self.exact(try doubles(), Int64.self)
    }

    private func exact<T: FixedWidthInteger>(_ type: T.Type) throws(ONNXError) -> [T] { try Self.exact(try wholeNumbers(), type) }

    private static func exact<S: BinaryInteger, T: FixedWidthInteger>(_ values: [S], _ type: T.Type) throws(ONNXError) -> [T] {
        var result: [T] = []
        result.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard let exact = T(exactly: value) else { throw ONNXError(.shape, "element \(index) is \(value), which \(T.self) can't hold") }
            result.append(exact)
        }
        return result
    }

    private static func exact<T: FixedWidthInteger>(_ values: [Double], _ type: T.Type) throws(ONNXError) -> [T] {
        var result: [T] = []
        result.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard let exact = T(exactly: value) else { throw ONNXError(.shape, "element \(index) is \(value), a whole number expected") }
            result.append(exact)
        }
        return result
    }
}
