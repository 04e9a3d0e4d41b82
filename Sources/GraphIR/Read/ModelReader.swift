internal import Bytes
internal import OrderedCollections
internal import Tensors

/// Makes a model of a ModelProto message.
struct ModelReader {
    let tensors: TensorReader

    func model(_ proto: ProtoMessage) throws(ONNXError) -> Model {
        typealias Field = ProtoField.Model
        guard let graphProto = proto.message(Field.graph), let irVersion = proto.integer(Field.irVersion) else {
            let missing = proto.has(Field.graph) ? "ir_version" : "graph"
            throw ONNXError(.malformed, "is not a complete ONNX model: it has no \(missing)", remedy: "the file is cut short or of another kind")
        }
        guard (3...14).contains(irVersion) else {
            let code: ONNXError.Code = irVersion > 14 ? .unsupported : .malformed
            throw ONNXError(code, "the model has IR version \(irVersion); 3 to 14 are supported")
        }
        let imports = try opsetImports(proto.messages(Field.opsetImport))
        guard !imports.isEmpty else {
            throw ONNXError(.malformed, "the model imports no operator set: opset_import is empty", remedy: "the file is cut short or damaged")
        }
        var model = Model(irVersion: Int(irVersion), opsetImports: imports, graph: try graph(graphProto))
        for function in proto.messages(Field.functions) { model.functions.append(try self.function(function)) }
        model.producerName = proto.text(Field.producerName)
        model.producerVersion = proto.text(Field.producerVersion)
        model.domain = proto.text(Field.domain)
        model.modelVersion = Int(proto.integer(Field.modelVersion) ?? 0)
        model.documentation = proto.text(Field.docString)
        model.metadata = metadata(proto.messages(Field.metadataProps))
        return model
    }

    func graph(_ proto: ProtoMessage) throws(ONNXError) -> Graph {
        typealias Field = ProtoField.Graph
        var graph = Graph(name: proto.text(Field.name))
        for (index, tensor) in proto.messages(Field.initializer).enumerated() {
            let name = tensor.text(ProtoField.Tensor.name)
            try add(name, index, to: &graph) { () throws(ONNXError) in try tensors.tensor(tensor) }
        }
        for (index, sparse) in proto.messages(Field.sparseInitializer).enumerated() {
            let name = sparse.message(ProtoField.SparseTensor.values)?.text(ProtoField.Tensor.name) ?? ""
            try add(name, index, to: &graph) { () throws(ONNXError) in try tensors.sparseTensor(sparse) }
        }
        for input in proto.messages(Field.input) { graph.inputs.append(try valueInfo(input, "graph input")) }
        for output in proto.messages(Field.output) { graph.outputs.append(try valueInfo(output, "graph output")) }
        for value in proto.messages(Field.valueInfo) {
            let value = try valueInfo(value, "value_info")
            graph.valueInfo[value.name] = value
        }
        for node in proto.messages(Field.node) { graph.nodes.append(try self.node(node)) }
        graph.documentation = proto.text(Field.docString)
        graph.metadata = metadata(proto.messages(Field.metadataProps))
        return graph
    }

    private func add(_ name: String, _ index: Int, to graph: inout Graph, _ read: () throws(ONNXError) -> Tensor) throws(ONNXError) {
        guard !name.isEmpty else { throw ONNXError(.malformed, "initializer \(index) has no name") }
        do throws(ONNXError) {
            let previous = graph.initializers.updateValue(try read(), forKey: name)
            guard previous == nil else { throw ONNXError(.malformed, "a second initializer has this name") }
        } catch {
            throw error.at("initializer '\(quoted(name))'")
        }
    }

    func node(_ proto: ProtoMessage) throws(ONNXError) -> Node {
        typealias Field = ProtoField.Node
        var node = Node(
            proto.text(Field.opType), domain: Self.domain(proto.text(Field.domain)), name: proto.text(Field.name), inputs: proto.texts(Field.input),
            outputs: proto.texts(Field.output))
        node.overload = proto.text(Field.overload)
        node.documentation = proto.text(Field.docString)
        node.metadata = metadata(proto.messages(Field.metadataProps))
        do throws(ONNXError) {
            guard !node.opType.isEmpty else { throw ONNXError(.malformed, "the node names no operator") }
            node.attributes = try attributes(proto.messages(Field.attribute))
            // The dense tensor that it was read as would not be valid under this name when written.
            if node.isOperator("Constant"), let dense = node.attributes.removeValue(forKey: "sparse_value") { node.attributes["value"] = dense }
        } catch {
            throw error.at("node \(node)")
        }
        return node
    }

    private func attributes(_ protos: [ProtoMessage]) throws(ONNXError) -> OrderedDictionary<String, Attribute> {
        var attributes: OrderedDictionary<String, Attribute> = [:]
        let reader = AttributeReader(model: self)
        for proto in protos {
            let name = proto.text(ProtoField.Attribute.name)
            guard !name.isEmpty else { throw ONNXError(.malformed, "an attribute has no name") }
            do throws(ONNXError) {
                let previous = attributes.updateValue(try reader.attribute(proto), forKey: name)
                guard previous == nil else { throw ONNXError(.malformed, "the attribute stands here twice") }
            } catch {
                throw error.at("attribute '\(quoted(name))'")
            }
        }
        return attributes
    }

    private func function(_ proto: ProtoMessage) throws(ONNXError) -> Function {
        typealias Field = ProtoField.Function
        var function = Function(proto.text(Field.name), domain: Self.domain(proto.text(Field.domain)))
        function.overload = proto.text(Field.overload)
        function.inputs = proto.texts(Field.input)
        function.outputs = proto.texts(Field.output)
        function.attributeNames = proto.texts(Field.attribute)
        function.documentation = proto.text(Field.docString)
        function.metadata = metadata(proto.messages(Field.metadataProps))
        do throws(ONNXError) {
            guard !function.name.isEmpty else { throw ONNXError(.malformed, "the function has no name") }
            function.opsetImports = try opsetImports(proto.messages(Field.opsetImport))
            function.attributeDefaults = try attributes(proto.messages(Field.attributeProto))
            for node in proto.messages(Field.node) { function.nodes.append(try self.node(node)) }
            for value in proto.messages(Field.valueInfo) {
                let value = try valueInfo(value, "value_info")
                function.valueInfo[value.name] = value
            }
        } catch {
            throw error.at("function '\(quoted(function.name))'")
        }
        return function
    }

    private func valueInfo(_ proto: ProtoMessage, _ role: String) throws(ONNXError) -> ValueInfo {
        typealias Field = ProtoField.ValueInfo
        var info = ValueInfo(proto.text(Field.name))
        do throws(ONNXError) {
            if let type = proto.message(Field.type) { info.type = try TypeReader.type(type) }
        } catch {
            throw error.at("\(role) '\(quoted(info.name))'")
        }
        info.documentation = proto.text(Field.docString)
        info.metadata = metadata(proto.messages(Field.metadataProps))
        return info
    }

    private func metadata(_ protos: [ProtoMessage]) -> OrderedDictionary<String, String> {
        var entries: OrderedDictionary<String, String> = [:]
        for proto in protos { entries[proto.text(ProtoField.StringStringEntry.key)] = proto.text(ProtoField.StringStringEntry.value) }
        return entries
    }

    private func opsetImports(_ protos: [ProtoMessage]) throws(ONNXError) -> OrderedDictionary<String, Int> {
        var imports: OrderedDictionary<String, Int> = [:]
        for proto in protos {
            let domain = Self.domain(proto.text(ProtoField.OperatorSetId.domain))
            let version = proto.integer(ProtoField.OperatorSetId.version) ?? 0
            let label = domain.isEmpty ? "ai.onnx" : quoted(domain)
            guard version > 0 else { throw ONNXError(.malformed, "operator set \(label) is imported in version \(version)") }
            guard imports.updateValue(Int(version), forKey: domain) == nil else {
                throw ONNXError(.malformed, "operator set \(label) is imported twice")
            }
        }
        return imports
    }

    /// ONNX's own domain has two names.
    static func domain(_ name: String) -> String { name == "ai.onnx" ? "" : name }
}
