public import Bytes
internal import OrderedCollections
internal import Tensors

extension Model {
    /// Writes the model as an ONNX file at `path`. The file appears when it is complete; no tensor is copied in memory.
    ///
    /// Tensors of more than `externalDataAbove` bytes go to a file beside it, `path` with `.data` added, which appears first. By default that is done with
    /// those of more than 1,024 bytes where the model would be larger than 2 GB, which no protobuf reader takes.
    /// Throws `.io` where the file can't be written, `.unsupported` for nodes of inlined functions with operator sets of their own.
    public func write(to path: String, externalDataAbove threshold: Int? = nil) throws(ONNXError) {
        try write(to: path, externalDataAbove: threshold, largestFile: Int(Int32.max))
    }

    /// As the other, with a bound of its own for the model's file.
    package func write(to path: String, externalDataAbove threshold: Int?, largestFile: Int) throws(ONNXError) {
        var proto = ProtoWriter()
        var external: ExternalWriter?
        if let threshold { external = ExternalWriter(besides: path, threshold: threshold) }
        try ModelWriter(self, external: external).write(self, to: &proto)
        if external == nil && proto.count > largestFile {
            try write(to: path, externalDataAbove: 1024, largestFile: largestFile)
            return
        }
        guard proto.count <= largestFile else {
            throw ONNXError(.limit, "would have \(proto.count) bytes, more than the \(largestFile) that protobuf readers take", place: [quoted(path)])
        }
        let file = try AtomicFile(path: path)
        try proto.write(to: file)
        try external?.commit()
        try file.commit()
    }

    /// The bytes of the model as an ONNX file, with all tensors that `external` doesn't take.
    package func protoBytes(external: (any ExternalPlace)? = nil) throws(ONNXError) -> [UInt8] {
        var proto = ProtoWriter()
        try ModelWriter(self, external: external).write(self, to: &proto)
        return proto.bytes()
    }

    /// The model without the documentation and metadata of its graphs, nodes and values, where exporters leave paths and stack traces.
    /// What the model says of itself as a whole stays.
    public func strippingAnnotations() -> Model {
        var model = self
        model.graph = graph.strippingAnnotations()
        model.functions = functions.map { function in
            var function = function
            function.documentation = ""
            function.metadata = [:]
            function.nodes = function.nodes.map { $0.strippingAnnotations() }
            function.valueInfo = function.valueInfo.mapValues { $0.strippingAnnotations() }
            return function
        }
        return model
    }
}

extension ExternalWriter {
    convenience init(besides path: String, threshold: Int) {
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.index(after: $0)...]) } ?? path
        self.init(path: path + ".data", location: name + ".data", threshold: threshold)
    }
}

extension Graph {
    fileprivate func strippingAnnotations() -> Graph {
        var graph = self
        graph.documentation = ""
        graph.metadata = [:]
        graph.nodes = nodes.map { $0.strippingAnnotations() }
        graph.inputs = inputs.map { $0.strippingAnnotations() }
        graph.outputs = outputs.map { $0.strippingAnnotations() }
        graph.valueInfo = valueInfo.mapValues { $0.strippingAnnotations() }
        return graph
    }
}

extension Node {
    fileprivate func strippingAnnotations() -> Node {
        var node = self
        node.documentation = ""
        node.metadata = [:]
        node.attributes = attributes.mapValues { attribute in attribute.mapGraphs { $0.strippingAnnotations() } }
        return node
    }
}

extension ValueInfo {
    fileprivate func strippingAnnotations() -> ValueInfo {
        ValueInfo(name, type)
    }
}
