internal import Bytes
package import GraphIR
internal import OrderedCollections
package import Tensors

/// A node as its operator sees it: attributes with their defaults, checked against the schema.
package struct NodeReader: Sendable {
    package let node: Node
    /// The opset version that the node's domain was imported under.
    package let opset: Int
    /// The operator's version in force at `opset`, a member of `schema.since`.
    package let version: Int
    package let schema: OperatorSchema

    /// Checks arity and attributes.
    ///
    /// Throws `.unsupported` for a version that the operator doesn't have or an attribute that it doesn't know, `.malformed` for a wrong kind or count.
    package init(_ node: Node, opset: Int, schema: OperatorSchema) throws {
        guard let version = schema.version(at: opset) else {
            let domain = schema.domain.isEmpty ? "ai.onnx" : schema.domain
            if let deprecated = schema.deprecated, opset >= deprecated {
                throw ONNXError(.unsupported, "\(schema.name) was withdrawn from \(domain) at opset \(deprecated); the model declares \(opset)")
            }
            throw ONNXError(
                .unsupported, "\(schema.name) exists in \(domain) from opset \(schema.since[0]) on; the model declares \(opset)",
                remedy: "export again with that opset, or correct the model's opset import")
        }
        self.node = node
        self.opset = opset
        self.version = version
        self.schema = schema
        try Self.checkArity(node.inputs, schema.inputs(at: opset), "input")
        try Self.checkArity(node.outputs, schema.outputs(at: opset), "output")
        try checkAttributes()
    }

    private static func checkArity(_ names: [String], _ parameters: [Parameter], _ what: String) throws {
        for (index, parameter) in parameters.enumerated() {
            switch parameter.kind {
            case .single where index >= names.count || names[index].isEmpty && what == "input":
                throw ONNXError(.malformed, "\(what) \(index) '\(parameter.name)' is missing")
            case .variadic(let minimum, _):
                guard names.count - index >= minimum else {
                    throw ONNXError(.malformed, "at least \(index + minimum) \(what)s expected, \(names.count) found")
                }
                return
            default: continue
            }
        }
        guard names.count <= parameters.count else {
            throw ONNXError(.malformed, "at most \(parameters.count) \(what)s expected, \(names.count) found")
        }
    }

    private func checkAttributes() throws {
        let known = schema.attributes(at: opset)
        for (name, attribute) in node.attributes {
            guard let formal = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name).joined(separator: ", ")
                throw ONNXError(
                    .unsupported, "attribute '\(name)' is not one of \(schema.name)-\(version)'s (\(names.isEmpty ? "it has none" : names))")
            }
            if case .reference(let outer, _) = attribute {
                throw ONNXError(.malformed, "attribute '\(name)' refers to '\(outer)' of a function, outside of one")
            }
            guard attribute.kind == formal.kind || Self.isReadAs(attribute, formal.kind) else {
                throw ONNXError(.malformed, "attribute '\(name)' is of kind \(attribute.kind), \(formal.kind) expected")
            }
        }
        for formal in known where formal.isRequired && node.attributes[formal.name] == nil {
            throw ONNXError(.malformed, "attribute '\(formal.name)' is missing")
        }
    }

    /// Exporters write an empty list without saying of what; sparse tensors are read as dense ones.
    private static func isReadAs(_ attribute: Attribute, _ kind: AttributeKind) -> Bool {
        switch attribute {
        case .tensor: kind == .sparseTensor
        case .floats(let list): list.isEmpty && [.ints, .strings].contains(kind)
        case .ints(let list): list.isEmpty && [.floats, .strings].contains(kind)
        case .strings(let list): list.isEmpty && [.ints, .floats].contains(kind)
        default: false
        }
    }

    /// The node's own value, else the schema's default at this version, else nil.
    package func attribute(_ name: String) -> Attribute? {
        node.attributes[name] ?? schema.attributes.first { $0.name == name && $0.versions.contains(opset) }?.defaultValue
    }

    /// Whether the node itself gives the attribute.
    package func has(_ name: String) -> Bool { node.attributes[name] != nil }

    private func missing(_ name: String) -> ONNXError { ONNXError(.malformed, "attribute '\(name)' is missing") }

    /// An integer that fits Swift's `Int`.
    package func int(_ name: String) throws -> Int {
        guard let value = optionalInt(name) else { throw missing(name) }
        return value
    }

    package func optionalInt(_ name: String) -> Int? {
        if case .int(let value)? = attribute(name) { Int(value) } else { nil }
    }

    /// An integer used as a flag.
    package func flag(_ name: String) throws -> Bool { try int(name) != 0 }

    package func float(_ name: String) throws -> Float {
        guard let value = optionalFloat(name) else { throw missing(name) }
        return value
    }

    package func optionalFloat(_ name: String) -> Float? {
        if case .float(let value)? = attribute(name) { value } else { nil }
    }

    package func string(_ name: String) throws -> String {
        guard let value = optionalString(name) else { throw missing(name) }
        return value
    }

    package func optionalString(_ name: String) -> String? {
        if case .string(let value)? = attribute(name) { value } else { nil }
    }

    /// A string that names one of an enumeration's cases. Throws `.malformed` with the accepted names otherwise.
    package func choice<T: RawRepresentable & CaseIterable>(_ name: String, _ type: T.Type = T.self) throws -> T where T.RawValue == String {
        let found = try string(name)
        guard let value = T(rawValue: found) else {
            let accepted = T.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            throw ONNXError(.malformed, "attribute '\(name)' is '\(found)'; one of \(accepted) expected")
        }
        return value
    }

    package func ints(_ name: String) throws -> [Int] {
        guard let value = optionalInts(name) else { throw missing(name) }
        return value
    }

    package func optionalInts(_ name: String) -> [Int]? {
        switch attribute(name) {
        case .ints(let values)?: values.map { Int($0) }
        case .floats, .strings: []
        default: nil
        }
    }

    package func optionalFloats(_ name: String) -> [Float]? {
        switch attribute(name) {
        case .floats(let values)?: values
        case .ints, .strings: []
        default: nil
        }
    }

    package func optionalStrings(_ name: String) -> [String]? {
        switch attribute(name) {
        case .strings(let values)?: values
        case .ints, .floats: []
        default: nil
        }
    }

    package func optionalTensor(_ name: String) -> Tensor? {
        if case .tensor(let value)? = attribute(name) { value } else { nil }
    }

    package func optionalType(_ name: String) -> ValueType? {
        if case .type(let value)? = attribute(name) { value } else { nil }
    }

    package func graph(_ name: String) throws -> Graph {
        guard case .graph(let graph)? = attribute(name) else { throw missing(name) }
        return graph
    }

    /// An integer attribute that is a number of `TensorProto.DataType`. Throws `.unsupported` for one that isn't, `.malformed` for 0, which says that there is none.
    package func elementType(_ name: String) throws -> ElementType? {
        guard let number = optionalInt(name) else { return nil }
        guard let type = Int32(exactly: number).flatMap(ElementType.init(rawValue:)) else {
            throw ONNXError(number == 0 ? .malformed : .unsupported, "attribute '\(name)' is \(number), which is no element type")
        }
        return type
    }

    /// How many inputs the node lists; trailing ones may be left out by an empty name.
    package var inputCount: Int { node.inputs.count }
    package var outputCount: Int { node.outputs.count }
    package func hasInput(_ index: Int) -> Bool { index < node.inputs.count && !node.inputs[index].isEmpty }
    package func hasOutput(_ index: Int) -> Bool { index < node.outputs.count && !node.outputs[index].isEmpty }
}
