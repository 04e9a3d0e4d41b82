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
        let lengths = paddedLengths(given)
        for value in given {
            guard let info = try target(of: value) else { continue }
            guard result[info.name] == nil else { throw ONNXError(.usage, "input '\(info.name)' is given twice", place: [value.source]) }
            switch value.item {
            case .value(let found): result[info.name] = try fit(found, to: info, value.source)
            case .ragged(let rows):
                guard rows.lengths == lengths else { throw uneven(rows, info, value.source) }
                result[info.name] = try fit(.tensor(try rows.padded()), to: info, value.source)
                note("'\(quoted(info.name))' has rows of different lengths; they were padded with 0" + (info.name == "input_ids" ? " under a mask" : ""))
                if info.name == "input_ids" { mask = try rows.mask() }
            }
        }
        try addMask(&result, mask)
        return result
    }

    /// The lengths of the rows of `input_ids`, where they differ and the model has a mask that says so. No other rows may be padded.
    private func paddedLengths(_ given: [GivenValue]) -> [Int]? {
        guard inputs.contains(where: { $0.name == "attention_mask" }) else { return nil }
        for value in given {
            if case .ragged(let rows) = value.item, value.name ?? inputs.first?.name == "input_ids" { return rows.lengths }
        }
        return nil
    }

    private func uneven(_ rows: RaggedRows, _ info: ValueInfo, _ source: String) -> ONNXError {
        ONNXError(
            .shape, "'\(quoted(info.name))' has rows of \(rows.lengths.min() ?? 0) to \(rows.lengths.max() ?? 0) elements; equal lengths expected",
            place: [quoted(source)],
            remedy: "only the rows of 'input_ids', and others of the same lengths, are padded, and only for a model with 'attention_mask'")
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
            note("'\(quoted(info.name))' was given without a batch axis; it got one")
        }
        if let type, type != tensor.elementType {
            if type.isFloatingPoint, tensor.elementType.isFloatingPoint {
                note("'\(quoted(info.name))' was given as \(tensor.elementType), which is rounded to \(type)")
            }
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
