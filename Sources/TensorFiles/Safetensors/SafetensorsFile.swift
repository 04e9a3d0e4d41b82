package import Bytes
package import Tensors

/// A safetensors file, its tensors not copied.
///
/// Element types that safetensors 0.4 lacks are stored as `U8` bytes, with the ONNX type and shape in the metadata under `onnx.types`:
/// `{"NAME": {"type": "int4", "shape": [3]}}`. The bytes are those of the tensor; of a string tensor, the UTF-8 of a JSON array of the strings.
/// Source: https://github.com/huggingface/safetensors#format
package struct SafetensorsFile: Sendable {
    package struct Entry: Sendable {
        package let name: String
        /// As the file names it: `F32`.
        package let dtype: String
        package let shape: [Int]
        package let data: ByteRegion
    }

    /// The tensors in the order of their bytes.
    package let entries: [Entry]
    package let metadata: [String: String]
    private let indices: [String: Int]
    private let foreignTypes: [String: ForeignType]
    private let limits: Limits

    package init(_ region: ByteRegion, limits: Limits = Limits()) throws(ONNXError) {
        do throws(ONNXError) {
            var cursor = ByteCursor(region)
            guard region.count >= 8 else { throw ONNXError(.malformed, "is not a safetensors file: it has \(region.count) bytes, less than 8") }
            let length = try cursor.uint64()
            guard length > 0, length <= UInt64(cursor.remaining) else {
                let found = "its header would have \(length) bytes, \(cursor.remaining) follow"
                throw ONNXError(.malformed, "is not a safetensors file, or cut short: \(found)\(FileKind.hint(region, expected: .safetensors))")
            }
            guard length <= UInt64(limits.jsonBytes) else {
                throw ONNXError(
                    .limit, "a header of \(length) bytes is above the limit of \(limits.jsonBytes)", remedy: "raise the limit jsonBytes")
            }
            let text = try cursor.take(Int(length))
            guard ByteCursor(text).peek() == UInt8(ascii: "{") else {
                throw ONNXError(.malformed, "the header doesn't begin with {\(FileKind.hint(region, expected: .safetensors))")
            }
            var header = SafetensorsHeader()
            try header.read(text, limits: limits)
            entries = try header.entries(over: cursor.take(cursor.remaining))
            metadata = header.metadata
            indices = Dictionary(entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
            foreignTypes = try ForeignType.read(header.metadata, limits: limits)
            self.limits = limits
        } catch {
            throw error.place.isEmpty ? error.at(quoted(region.file.name)) : error
        }
    }

    /// The entry of that name.
    package subscript(_ name: String) -> Entry? {
        indices[name].map { entries[$0] }
    }

    /// The tensor that `entry` describes.
    package func tensor(_ entry: Entry) throws -> Tensor {
        if entry.dtype == "U8", let foreign = foreignTypes[entry.name] {
            do {
                return try foreign.tensor(entry.data, limits: limits)
            } catch let error as ONNXError {
                throw error.at("tensor \"\(quoted(entry.name))\"").at(quoted(entry.data.file.name))
            }
        }
        guard let type = SafetensorsType.elementType(entry.dtype) else {
            throw ONNXError(.unsupported, "no tensor holds \(quoted(entry.dtype))", place: ["tensor \"\(quoted(entry.name))\""])
        }
        return try Tensor(type, entry.shape, Storage(entry.data))
    }
}

/// The names that safetensors gives to element types.
enum SafetensorsType {
    private static let names: [(String, ElementType)] = [
        ("BOOL", .bool), ("U8", .uint8), ("I8", .int8), ("F8_E5M2", .float8e5m2), ("F8_E4M3", .float8e4m3fn), ("I16", .int16), ("U16", .uint16),
        ("F16", .float16),
        ("BF16", .bfloat16), ("I32", .int32), ("U32", .uint32), ("F32", .float), ("F64", .double), ("I64", .int64), ("U64", .uint64),
    ]
    /// Read, but not written: readers before 0.6 refuse the whole file.
    private static let newNames: [(String, ElementType)] = [
        ("F8_E8M0", .float8e8m0), ("F8_E4M3FNUZ", .float8e4m3fnuz), ("F8_E5M2FNUZ", .float8e5m2fnuz), ("C64", .complex64),
    ]

    static func elementType(_ name: String) -> ElementType? {
        (names + newNames).first { $0.0 == name }?.1
    }

    static func name(_ type: ElementType) -> String? {
        names.first { $0.1 == type }?.0
    }
}

/// The ONNX type and shape of a tensor that is stored as bytes.
struct ForeignType: Sendable {
    static let metadataKey = "onnx.types"

    var type: ElementType
    var shape: [Int]

    static func read(_ metadata: [String: String], limits: Limits) throws(ONNXError) -> [String: ForeignType] {
        guard let text = metadata[metadataKey] else { return [:] }
        func refusal(_ what: String) -> ONNXError { ONNXError(.malformed, "the metadata \(metadataKey) \(what)") }
        guard let members = (try? JSONValue(parsing: text, limits: limits))?.members else { throw refusal("is not a JSON object") }
        var types: [String: ForeignType] = [:]
        for member in members {
            let dimensions = member.value["shape"]?.array?.map { $0.int ?? -1 }
            guard let type = member.value["type"]?.string.flatMap(ElementType.init(name:)), let shape = dimensions, !shape.contains(where: { $0 < 0 }),
                shape.count <= limits.rank
            else { throw refusal("doesn't give \"\(quoted(member.name))\" an ONNX type and a shape") }
            types[member.name] = ForeignType(type: type, shape: shape)
        }
        return types
    }

    func tensor(_ data: ByteRegion, limits: Limits) throws -> Tensor {
        guard type == .string else {
            let expected = try Shape.byteCount(try Shape.count(shape), type)
            guard expected == data.count else {
                throw ONNXError(.malformed, "\(type)\(Shape.text(shape)) has \(expected) bytes, \(data.count) are stored")
            }
            return try Tensor(type, shape, Storage(data))
        }
        guard let values = try JSONValue(data, limits: limits).array else { throw ONNXError(.malformed, "the strings are not stored as a JSON array") }
        let strings = values.compactMap(\.string)
        guard strings.count == values.count else { throw ONNXError(.malformed, "the strings are not stored as a JSON array of strings") }
        return try Tensor(strings: strings, shape: shape)
    }
}
