package import Bytes
package import Tensors

extension JSONWriter {
    /// Writes named values as one object, in the form that `JSONTensors` reads.
    package mutating func values(_ values: [(name: String, value: Value)]) throws {
        try beginObject()
        for (name, value) in values {
            try self.name(name)
            try self.value(value)
        }
        try endObject()
    }

    /// Writes a tensor as nested arrays, anything else as the object that stands for it.
    package mutating func value(_ value: Value) throws {
        switch value {
        case .tensor(let tensor): try self.tensor(tensor)
        case .sequence(let values, _):
            try beginObject()
            try name("sequence")
            try array(values)
            try endObject()
        case .optional(let value?, _): try self.value(value)
        case .optional(nil, _): try null()
        case .map(let keys, let values, _):
            try beginObject()
            try name("map")
            try beginObject()
            try name("keys")
            try tensor(keys)
            try name("values")
            try array(values)
            try endObject()
            try endObject()
        }
    }

    private mutating func array(_ values: [Value]) throws {
        try beginArray()
        for value in values { try self.value(value) }
        try endArray()
    }

    private mutating func tensor(_ tensor: Tensor) throws {
        let isComplex = tensor.elementType == .complex64 || tensor.elementType == .complex128
        // Nested arrays lose the axes that follow one of size 0.
        guard isComplex || tensor.shape.dropLast().contains(0) else { return try nested(tensor) }
        try beginObject()
        try name("type")
        try string(tensor.elementType.name)
        try name("shape")
        try beginArray()
        for size in tensor.shape { try integer(size) }
        try endArray()
        try name("data")
        try nested(tensor, shape: [tensor.count])
        try endObject()
    }

    private mutating func nested(_ tensor: Tensor, shape: [Int]? = nil) throws {
        let write = try elementWriter(tensor)
        var index = 0
        try nested(shape ?? tensor.shape, axis: 0, &index, write)
    }

    private mutating func nested(_ shape: [Int], axis: Int, _ index: inout Int, _ write: (inout JSONWriter, Int) throws -> Void) throws {
        guard axis < shape.count else {
            try write(&self, index)
            return index += 1
        }
        try beginArray()
        for _ in 0..<shape[axis] { try nested(shape, axis: axis + 1, &index, write) }
        try endArray()
    }
}

/// What writes element `index` of `tensor`.
private func elementWriter(_ tensor: Tensor) throws -> (inout JSONWriter, Int) throws -> Void {
    func integers<T: TensorElement & FixedWidthInteger>(_ type: T.Type) throws -> (inout JSONWriter, Int) throws -> Void {
        let elements = try tensor.unpacked().elements(type)
        return { try $0.integer(elements[$1]) }
    }
    switch tensor.elementType {
    case .int8, .int4, .int2: return try integers(Int8.self)
    case .int16: return try integers(Int16.self)
    case .int32: return try integers(Int32.self)
    case .int64: return try integers(Int64.self)
    case .uint8, .uint4, .uint2: return try integers(UInt8.self)
    case .uint16: return try integers(UInt16.self)
    case .uint32: return try integers(UInt32.self)
    case .uint64: return try integers(UInt64.self)
    case .bool:
        let elements = try tensor.elements(TensorBool.self)
        return { try $0.bool(elements[$1].value) }
    case .string:
        let strings = try tensor.stringArray()
        return { try $0.string(strings[$1]) }
    case .float:
        let elements = try tensor.elements(Float.self)
        return { try $0.number(elements[$1]) }
    case .double:
        let elements = try tensor.elements(Double.self)
        return { try $0.number(elements[$1]) }
    case .float16:
        let elements = try tensor.elements(Float16.self)
        return { try $0.number(Float(elements[$1])) }
    case .bfloat16:
        let elements = try tensor.elements(BFloat16.self)
        return { try $0.number(elements[$1].float) }
    case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float6e2m3, .float6e3m2, .float4e2m1:
        guard let format = SmallFloatFormat.of(tensor.elementType) else { throw ONNXError(.unsupported, "\(tensor) is not written as JSON") }
        let elements = try tensor.unpacked().bytes()
        return { try $0.number(format.decode(elements[$1])) }
    case .complex64: return try complex(tensor, Float.self) { try $0.number($1) }
    case .complex128: return try complex(tensor, Double.self) { try $0.number($1) }
    }
}

private func complex<T: TensorElement>(
    _ tensor: Tensor, _ half: T.Type, _ write: @escaping (inout JSONWriter, T) throws -> Void
) throws -> (inout JSONWriter, Int) throws -> Void {
    let bytes = try tensor.bytes()
    guard case .bytes(let storage, let offset) = tensor.contents else { throw ONNXError(.shape, "\(tensor) has no bytes") }
    let halves = Elements<T>(storage, byteOffset: offset, count: bytes.count / MemoryLayout<T>.size)
    return { json, index in
        try json.beginArray()
        try write(&json, halves[2 * index])
        try write(&json, halves[2 * index + 1])
        try json.endArray()
    }
}
