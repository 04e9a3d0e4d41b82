package import Bytes
package import Tensors

/// Rows of different lengths, as JSON may hold and a tensor may not.
package struct RaggedRows: Sendable {
    /// All elements, row after row.
    package let elements: Tensor
    package let lengths: [Int]

    /// The rows filled up to the longest with zeros (empty strings, false).
    package func padded() throws(ONNXError) -> Tensor {
        let shape = try paddedShape()
        let width = shape[1]
        if elements.elementType == .string {
            var rest = try elements.stringArray()[...]
            var strings: [String] = []
            for length in lengths {
                strings += rest.prefix(length) + [String](repeating: "", count: width - length)
                rest = rest.dropFirst(length)
            }
            return try Tensor(strings: strings, shape: shape)
        }
        let source = try elements.unpacked()
        let result = try MutableTensor(source.elementType, shape)
        let size = source.elementType.bitWidth / 8
        let (from, to) = (try source.bytes(), result.rawBytes())
        to.fill(0)
        var start = 0
        for (row, length) in lengths.enumerated() {
            to.copy(from, from: start * size, count: length * size, to: row * width * size)
            start += length
        }
        return try result.tensor.packed(as: elements.elementType)
    }

    /// Bounded by what the rows hold themselves: a long row among very many empty ones would take all memory.
    private func paddedShape() throws(ONNXError) -> [Int] {
        let shape = [lengths.count, lengths.max() ?? 0]
        let count = try Shape.count(shape)
        guard count <= max(1 << 24, elements.count.multipliedReportingOverflow(by: 64).partialValue) else {
            throw ONNXError(.limit, "\(elements.count) elements in \(shape[0]) rows would be padded to \(count)", remedy: "split the rows over several runs")
        }
        return shape
    }

    /// 1 where `padded` has an element, 0 where it has padding; int64.
    package func mask() throws(ONNXError) -> Tensor {
        let width = try paddedShape()[1]
        return try Tensor(lengths.flatMap { length in (0..<width).map { Int64($0 < length ? 1 : 0) } }, shape: [lengths.count, width])
    }
}

/// Tensors as JSON: `{"input_ids": [[101, 102]], "scale": 0.5}`.
///
/// A nested array is a tensor: of int64 if all its numbers are integers, uint64 if one only fits without a sign, float if one is not, bool or string; "NaN",
/// "Infinity" and "-Infinity" are numbers among numbers. What that can't say has a form of its own, an object:
/// `{"type": "float16", "shape": [0, 3], "data": []}` (data flat or nested; complex numbers as pairs), `{"sequence": [VALUE, …]}`,
/// `{"map": {"keys": ARRAY, "values": [VALUE, …]}}`, and null for an optional without a value.
package enum JSONTensors {
    package enum Item: Sendable {
        case value(Value)
        /// Only where rows of a matrix differ in length; other uneven arrays are errors.
        case ragged(RaggedRows)
    }

    /// The values of a JSON text in its order; a text that is one array or number gives one item without a name.
    ///
    /// `expecting` says which element type a name should have, where that is known: numbers are converted, exactly to integers, rounded to floats.
    package static func read(
        _ region: ByteRegion, limits: Limits = Limits(), expecting: (_ name: String?) -> ElementType? = { _ in nil }
    ) throws(ONNXError) -> [(name: String?, item: Item)] {
        var reader = try JSONReader(region, limits: limits, allowsNonFinite: true)
        var items: [(name: String?, item: Item)] = []
        let first = try reader.next()
        if first == .beginObject {
            while case .name(let name) = try reader.next() {
                let event = try reader.next()
                items.append((name, try item(event, &reader, expecting(name), limits: limits, name: name)))
            }
        } else {
            items.append((nil, try item(first, &reader, expecting(nil), limits: limits, name: nil)))
        }
        _ = try reader.next()
        return items
    }

    private static func item(
        _ first: JSONEvent, _ reader: inout JSONReader, _ type: ElementType?, limits: Limits, name: String?
    ) throws(ONNXError) -> Item {
        do throws(ONNXError) {
            switch first {
            case .null: return .value(.optional(nil, of: .tensor(type, nil)))
            case .beginObject: return .value(try form(&reader, type, limits: limits))
            default: return try array(first, &reader, type, limits: limits)
            }
        } catch {
            let message = (name.map { "\"\(quoted($0))\": " } ?? "") + error.message
            // What the reader refuses has its place already.
            throw error.place.isEmpty
                ? reader.error(error.code, message, remedy: error.remedy) : ONNXError(error.code, message, place: error.place, remedy: error.remedy)
        }
    }

    private static func array(_ first: JSONEvent, _ reader: inout JSONReader, _ type: ElementType?, limits: Limits) throws(ONNXError) -> Item {
        let nested = try NestedArray(first, &reader, limits: limits)
        let type = type ?? nested.scalars.ownType
        guard nested.isRagged else { return .value(.tensor(try nested.scalars.tensor(type, nested.shape))) }
        guard nested.isRaggedMatrix else { throw reader.error(.shape, "arrays of one level differ in length") }
        return .ragged(RaggedRows(elements: try nested.scalars.tensor(type, [nested.scalars.count]), lengths: nested.rowLengths))
    }

    private static func value(_ first: JSONEvent, _ reader: inout JSONReader, _ type: ElementType?, limits: Limits) throws(ONNXError) -> Value {
        guard case .value(let value) = try item(first, &reader, type, limits: limits, name: nil) else {
            throw reader.error(.shape, "rows of different lengths can't be in a sequence or a map")
        }
        return value
    }

    /// One of the objects that stand for what an array can't say.
    private static func form(_ reader: inout JSONReader, _ type: ElementType?, limits: Limits) throws(ONNXError) -> Value {
        guard case .name(let kind) = try reader.next() else { throw reader.error(.malformed, "an empty object is no value") }
        switch kind {
        case "sequence":
            let values = try values(&reader, type, limits: limits)
            try end(&reader)
            return .sequence(values, of: values.first?.type.withoutShape ?? .tensor(type, nil))
        case "map":
            let map = try map(&reader, type, limits: limits)
            try end(&reader)
            return map
        case "type", "shape", "data": return .tensor(try typed(kind, &reader, limits: limits))
        default:
            throw reader.error(.malformed, "\"\(quoted(kind))\" is unknown: an object with sequence, with map, or with type, shape and data is expected")
        }
    }

    private static func end(_ reader: inout JSONReader) throws(ONNXError) {
        guard try reader.next() == .endObject else { throw reader.error(.malformed, "the object should end here") }
    }

    private static func values(_ reader: inout JSONReader, _ type: ElementType?, limits: Limits) throws(ONNXError) -> [Value] {
        guard try reader.next() == .beginArray else { throw reader.error(.malformed, "an array of values is expected") }
        var values: [Value] = []
        while true {
            let event = try reader.next()
            if event == .endArray { return values }
            values.append(try value(event, &reader, type, limits: limits))
        }
    }

    private static func map(_ reader: inout JSONReader, _ type: ElementType?, limits: Limits) throws(ONNXError) -> Value {
        guard try reader.next() == .beginObject, try reader.next() == .name("keys") else { throw reader.error(.malformed, "\"keys\" is expected") }
        let first = try reader.next()
        guard case .tensor(let keys) = try value(first, &reader, nil, limits: limits), keys.rank == 1 else {
            throw reader.error(.shape, "the keys of a map are an array of integers or strings")
        }
        guard try reader.next() == .name("values") else { throw reader.error(.malformed, "\"values\" is expected") }
        let values = try values(&reader, type, limits: limits)
        guard values.count == keys.count else { throw reader.error(.shape, "a map of \(keys.count) keys has \(values.count) values") }
        try end(&reader)
        return .map(keys: keys, values: values, of: values.first?.type.withoutShape ?? .tensor(type, nil))
    }

    private static func typed(_ first: String, _ reader: inout JSONReader, limits: Limits) throws(ONNXError) -> Tensor {
        var key = first
        var type: ElementType?
        var shape: [Int]?
        var scalars: ScalarBuffer?
        while true {
            let event = try reader.next()
            switch key {
            case "type":
                guard case .string(let name) = event, let known = ElementType(name: name) else {
                    throw reader.error(.malformed, "an ONNX element type is expected")
                }
                type = known
            case "shape":
                let sizes = try reader.value(event).array.map { $0.compactMap(\.int).filter { $0 >= 0 } }
                guard let sizes, sizes.count <= limits.rank else { throw reader.error(.malformed, "an array of sizes is expected") }
                shape = sizes
            case "data": scalars = try NestedArray(event, &reader, limits: limits).scalars
            default: throw reader.error(.malformed, "\"\(quoted(key))\" is unknown: type, shape and data are expected")
            }
            guard case .name(let next) = try reader.next() else { break }
            key = next
        }
        guard let type, let shape, let scalars else { throw reader.error(.malformed, "type, shape and data are all needed") }
        return try scalars.tensor(type, shape)
    }
}

extension ValueType {
    /// The type with every shape left open, as the elements of a sequence have it in common.
    var withoutShape: ValueType {
        switch self {
        case .tensor(let type, _): .tensor(type, nil)
        case .sparseTensor(let type, _): .sparseTensor(type, nil)
        case .sequence(let element): .sequence(element.withoutShape)
        case .optional(let element): .optional(element.withoutShape)
        case .map(let key, let value): .map(key, value.withoutShape)
        }
    }
}
