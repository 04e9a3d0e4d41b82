internal import Bytes
internal import OrderedCollections
internal import Tensors

/// Writes the messages of a model.
struct ModelWriter {
    let external: (any ExternalPlace)?
    /// The operator sets that the nodes in hand are written in; a node that was written in another version can't be among them.
    var opsets: OrderedDictionary<String, Int>

    init(_ model: Model, external: (any ExternalPlace)?) {
        self.external = external
        opsets = model.opsetImports
    }

    func write(_ model: Model, to proto: inout ProtoWriter) throws(ONNXError) {
        typealias Field = ProtoField.Model
        proto.integer(Field.irVersion, Int64(model.irVersion))
        proto.optionalText(Field.producerName, model.producerName)
        proto.optionalText(Field.producerVersion, model.producerVersion)
        proto.optionalText(Field.domain, model.domain)
        if model.modelVersion != 0 { proto.integer(Field.modelVersion, Int64(model.modelVersion)) }
        proto.optionalText(Field.docString, model.documentation)
        try proto.message(Field.graph) { proto throws(ONNXError) in try write(model.graph, to: &proto) }
        write(opsetImports: model.opsetImports, Field.opsetImport, to: &proto)
        write(metadata: model.metadata, Field.metadataProps, to: &proto)
        for function in model.functions {
            var writer = self
            writer.opsets = function.opsetImports
            try proto.message(Field.functions) { proto throws(ONNXError) in try writer.write(function, to: &proto) }
        }
    }

    private func write(_ graph: Graph, to proto: inout ProtoWriter) throws(ONNXError) {
        typealias Field = ProtoField.Graph
        for node in graph.nodes { try write(node, Field.node, to: &proto) }
        // The standard asks for a name.
        proto.text(Field.name, graph.name.isEmpty ? "graph" : graph.name)
        for (name, tensor) in graph.initializers {
            try proto.message(Field.initializer) { proto throws(ONNXError) in try tensor.write(name: name, to: &proto, external: external) }
        }
        proto.optionalText(Field.docString, graph.documentation)
        for value in graph.inputs { write(value, Field.input, to: &proto) }
        for value in graph.outputs { write(value, Field.output, to: &proto) }
        for value in graph.valueInfo.values { write(value, Field.valueInfo, to: &proto) }
        write(metadata: graph.metadata, Field.metadataProps, to: &proto)
    }

    private func write(_ node: Node, _ field: Int, to proto: inout ProtoWriter) throws(ONNXError) {
        typealias Field = ProtoField.Node
        if let version = node.version, version != opsets[node.domain] {
            let domain = node.domain.isEmpty ? "ai.onnx" : quoted(node.domain)
            throw ONNXError(
                .unsupported, "was written in version \(version) of \(domain), and an ONNX file has one version of it for all nodes", place: ["node \(node)"],
                remedy: "write the model before its functions are inlined")
        }
        try proto.message(field) { proto throws(ONNXError) in
            proto.texts(Field.input, node.inputs)
            proto.texts(Field.output, node.outputs)
            proto.optionalText(Field.name, node.name)
            proto.text(Field.opType, node.opType)
            for (name, attribute) in node.attributes { try write(attribute, name, Field.attribute, to: &proto) }
            proto.optionalText(Field.docString, node.documentation)
            proto.optionalText(Field.domain, node.domain)
            proto.optionalText(Field.overload, node.overload)
            write(metadata: node.metadata, Field.metadataProps, to: &proto)
        }
    }

    private func write(_ attribute: Attribute, _ name: String, _ field: Int, to proto: inout ProtoWriter) throws(ONNXError) {
        typealias Field = ProtoField.Attribute
        try proto.message(field) { proto throws(ONNXError) in
            proto.text(Field.name, name)
            switch attribute {
            case .float(let value): proto.float(Field.f, value)
            case .int(let value): proto.integer(Field.i, value)
            case .string(let value): proto.text(Field.s, value)
            case .tensor(let value): try write(value, Field.t, to: &proto)
            case .graph(let value): try proto.message(Field.g) { proto throws(ONNXError) in try write(value, to: &proto) }
            case .type(let value): proto.message(Field.tp) { $0.type(value) }
            case .floats(let values): for value in values { proto.float(Field.floats, value) }
            case .ints(let values): for value in values { proto.integer(Field.ints, value) }
            case .strings(let values): proto.texts(Field.strings, values)
            case .tensors(let values): for value in values { try write(value, Field.tensors, to: &proto) }
            case .graphs(let values):
                for value in values { try proto.message(Field.graphs) { proto throws(ONNXError) in try write(value, to: &proto) } }
            case .types(let values): for value in values { proto.message(Field.typeProtos) { $0.type(value) } }
            case .reference(let target, _): proto.text(Field.refAttrName, target)
            }
            proto.integer(Field.type, Int64(attribute.kind.rawValue))
        }
    }

    private func write(_ tensor: Tensor, _ field: Int, to proto: inout ProtoWriter) throws(ONNXError) {
        try proto.message(field) { proto throws(ONNXError) in try tensor.write(name: "", to: &proto, external: external) }
    }

    private func write(_ function: Function, to proto: inout ProtoWriter) throws(ONNXError) {
        typealias Field = ProtoField.Function
        proto.text(Field.name, function.name)
        proto.texts(Field.input, function.inputs)
        proto.texts(Field.output, function.outputs)
        proto.texts(Field.attribute, function.attributeNames)
        for node in function.nodes { try write(node, Field.node, to: &proto) }
        proto.optionalText(Field.docString, function.documentation)
        write(opsetImports: function.opsetImports, Field.opsetImport, to: &proto)
        proto.text(Field.domain, function.domain)
        for (name, attribute) in function.attributeDefaults { try write(attribute, name, Field.attributeProto, to: &proto) }
        for value in function.valueInfo.values { write(value, Field.valueInfo, to: &proto) }
        proto.optionalText(Field.overload, function.overload)
        write(metadata: function.metadata, Field.metadataProps, to: &proto)
    }

    private func write(_ value: ValueInfo, _ field: Int, to proto: inout ProtoWriter) {
        typealias Field = ProtoField.ValueInfo
        proto.message(field) { proto in
            proto.text(Field.name, value.name)
            if let type = value.type { proto.message(Field.type) { $0.type(type) } }
            proto.optionalText(Field.docString, value.documentation)
            write(metadata: value.metadata, Field.metadataProps, to: &proto)
        }
    }

    private func write(opsetImports: OrderedDictionary<String, Int>, _ field: Int, to proto: inout ProtoWriter) {
        for (domain, version) in opsetImports {
            proto.message(field) {
                $0.text(ProtoField.OperatorSetId.domain, domain)
                $0.integer(ProtoField.OperatorSetId.version, Int64(version))
            }
        }
    }

    private func write(metadata: OrderedDictionary<String, String>, _ field: Int, to proto: inout ProtoWriter) {
        for (key, value) in metadata { proto.message(field) { $0.entry(key, value) } }
    }
}

extension ProtoWriter {
    /// A TypeProto's fields.
    mutating func type(_ type: ValueType) {
        typealias Field = ProtoField.TypeProto
        switch type {
        case .tensor(let element, let shape): message(Field.tensorType) { $0.tensorType(element, shape) }
        case .sparseTensor(let element, let shape): message(Field.sparseTensorType) { $0.tensorType(element, shape) }
        case .sequence(let element): message(Field.sequenceType) { $0.message(ProtoField.SequenceType.elemType) { $0.type(element) } }
        case .optional(let element): message(Field.optionalType) { $0.message(ProtoField.OptionalType.elemType) { $0.type(element) } }
        case .map(let key, let value):
            message(Field.mapType) {
                $0.integer(ProtoField.MapType.keyType, Int64(key.rawValue))
                $0.message(ProtoField.MapType.valueType) { $0.type(value) }
            }
        }
    }

    private mutating func tensorType(_ element: ElementType?, _ shape: [Dimension]?) {
        if let element { integer(ProtoField.TensorType.elemType, Int64(element.rawValue)) }
        guard let shape else { return }
        message(ProtoField.TensorType.shape) { proto in
            for dimension in shape {
                proto.message(ProtoField.TensorShape.dim) {
                    switch dimension {
                    case .known(let size): $0.integer(ProtoField.Dimension.dimValue, Int64(size))
                    case .named(let name): $0.text(ProtoField.Dimension.dimParam, name)
                    case .unknown: break
                    }
                }
            }
        }
    }
}
