package import Bytes
package import Tensors

/// How files that know only named tensors (.npz, safetensors) keep other values.
///
/// | value | tensors |
/// |---|---|
/// | sequence `s` | `s[]`, an int64 scalar, the length; its elements `s[0]`, `s[1]`, … |
/// | optional `o` | `o?`, a bool scalar, whether there is a value; then the value under `o` |
/// | map `m` | `m{}`, the keys; its values `m{0}`, `m{1}`, … |
package enum FlatNames {
    package static func flatten(_ values: [(name: String, value: Value)]) throws(ONNXError) -> [(name: String, tensor: Tensor)] {
        var tensors: [(name: String, tensor: Tensor)] = []
        for (name, value) in values { try flatten(name, value, into: &tensors) }
        return tensors
    }

    private static func flatten(_ name: String, _ value: Value, into tensors: inout [(name: String, tensor: Tensor)]) throws(ONNXError) {
        switch value {
        case .tensor(let tensor): tensors.append((name, tensor))
        case .sequence(let elements, _):
            tensors.append((name + "[]", try Tensor(scalar: Int64(elements.count))))
            for (index, element) in elements.enumerated() { try flatten("\(name)[\(index)]", element, into: &tensors) }
        case .optional(let value, _):
            tensors.append((name + "?", try Tensor(scalar: TensorBool(value != nil))))
            if let value { try flatten(name, value, into: &tensors) }
        case .map(let keys, let values, _):
            tensors.append((name + "{}", keys))
            for (index, element) in values.enumerated() { try flatten("\(name){\(index)}", element, into: &tensors) }
        }
    }

    /// The values that `tensors` stand for, in the order of their first tensors.
    package static func assemble(_ tensors: [(name: String, tensor: Tensor)]) throws(ONNXError) -> [(name: String, value: Value)] {
        var parts = Parts(tensors: Dictionary(tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first }))
        // Markers first: what they stand for is then no longer there under its own name.
        let roots = tensors.map(\.name).filter { kind(of: $0) != nil }.sorted { $0.utf8.count < $1.utf8.count }
        var whole: [String: Value] = [:]
        for marker in roots where parts.tensors[marker] != nil {
            let name = root(of: marker)
            whole[name] = try parts.take(name, depth: 0)
        }
        var values: [(name: String, value: Value)] = []
        for (name, _) in tensors {
            let name = kind(of: name) == nil ? name : root(of: name)
            if let value = whole.removeValue(forKey: name) {
                values.append((name, value))
            } else if let tensor = parts.tensors.removeValue(forKey: name) {
                values.append((name, .tensor(tensor)))
            }
        }
        return values
    }

    private static let markers = ["[]", "?", "{}"]

    fileprivate static func kind(of name: String) -> String? {
        markers.first { name.hasSuffix($0) }
    }

    private static func root(of marker: String) -> String {
        String(marker.dropLast(kind(of: marker)?.count ?? 0))
    }
}

private struct Parts {
    var tensors: [String: Tensor]

    /// Removes the tensors that the value `name` consists of.
    mutating func take(_ name: String, depth: Int) throws(ONNXError) -> Value {
        guard depth < 16 else { throw ONNXError(.limit, "the value \"\(quoted(name))\" nests more than 16 deep") }
        if let marker = tensors.removeValue(forKey: name + "?") {
            guard try flag(marker, name) else { return .optional(nil, of: .tensor(nil, nil)) }
            let value = try take(name, depth: depth + 1)
            return .optional(value, of: value.type.withoutShape)
        }
        if let marker = tensors.removeValue(forKey: name + "[]") {
            let count = try marker.array(of: Int64.self).first ?? 0
            guard marker.count == 1, count >= 0, count <= Int64(tensors.count) else {
                throw ONNXError(.malformed, "\"\(quoted(name))[]\" should be the length of a sequence whose elements are there")
            }
            let elements = try (0..<Int(count)).map { index throws(ONNXError) in try take("\(name)[\(index)]", depth: depth + 1) }
            return .sequence(elements, of: elements.first?.type.withoutShape ?? .tensor(nil, nil))
        }
        if let keys = tensors.removeValue(forKey: name + "{}") {
            guard keys.rank == 1, keys.count <= tensors.count else { throw ONNXError(.malformed, "\"\(quoted(name)){}\" should be the keys of a map") }
            let values = try (0..<keys.count).map { index throws(ONNXError) in try take("\(name){\(index)}", depth: depth + 1) }
            return .map(keys: keys, values: values, of: values.first?.type.withoutShape ?? .tensor(nil, nil))
        }
        guard let tensor = tensors.removeValue(forKey: name) else { throw ONNXError(.malformed, "the tensor \"\(quoted(name))\" is missing") }
        return .tensor(tensor)
    }

    private func flag(_ marker: Tensor, _ name: String) throws(ONNXError) -> Bool {
        guard marker.elementType == .bool, marker.count == 1, let value = try marker.array(of: TensorBool.self).first else {
            throw ONNXError(.malformed, "\"\(quoted(name))?\" should be a bool scalar")
        }
        return value.value
    }
}
