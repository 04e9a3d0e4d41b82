internal import Bytes
package import Converter
package import GraphExecutor
package import GraphIR
package import OrderedCollections
package import Tensors

/// A model of any source, ready to be written in any form.
package struct ConvertedModel {
    /// The graph with its weights.
    package private(set) var model: Model
    /// The weights under the names of a state dict; nil for a graph whose constants are not known to be one.
    package let stateDict: OrderedDictionary<String, Tensor>?
    /// What the model is for, where it is a DistilBERT that was built anew.
    package let task: DistilBertTask?
    /// What became of each tensor of a checkpoint.
    package let report: ConversionReport?
    /// Weights of a head that the checkpoint lacks, which were drawn at random.
    package let drawn: [String]
    /// The files that travel along.
    package let companions: Companions
    /// The files that were read.
    package let inputs: [String]

    /// Finds and reads `source`, and builds the graph that `options` ask for.
    ///
    /// Weights of another type than asked for go to a file without a name beside `output`; nil leaves them as they are, to see what would be done.
    package init(_ source: String, options: ConversionOptions, output: String?, cache: HuggingFaceCache = .standard) throws {
        let found = try ModelSource(source, cache: cache)
        guard let path = found.weights else {
            _ = try found.checkpoint()
            throw ONNXError(.io, "has no weights", place: [quoted(source)])
        }
        let isNamed = path == found.name
        let region = isNamed ? ByteRegion(try MappedFile(path: path)) : try found.open(String(path.dropFirst(found.folder.count + 1)))
        if let region, NativeFile.isNative(region) {
            self = try Self.native(try NativeFile(region), path, options, output)
        } else if let region, Checkpoint.recognises(region) {
            self = try Self.built(try found.checkpoint(), Companions(found), path, options, output)
        } else {
            self = try Self.kept(try ModelFile(contentsOf: path).model, Companions(found), path, options)
        }
    }

    /// Adds the weights in the layouts of this machine's kernels, for sessions of these precisions: they start without packing anything.
    package mutating func pack(for precisions: [SessionOptions.Precision]) throws {
        for precision in precisions {
            var options = SessionOptions()
            options.precision = precision
            let forms = try Session(model: model, options: options).packedWeights?.forNativeFile() ?? []
            model.packedForms += forms.filter { form in !model.packedForms.contains { $0.name == form.name } }
        }
    }

    private init(
        model: Model, stateDict: OrderedDictionary<String, Tensor>?, task: DistilBertTask? = nil, report: ConversionReport? = nil, drawn: [String] = [],
        companions: Companions, inputs: [String]
    ) {
        self.model = companions.licensing(model)
        (self.stateDict, self.task, self.report, self.drawn) = (stateDict, task, report, drawn)
        (self.companions, self.inputs) = (companions, inputs)
    }

    private static func native(_ file: NativeFile, _ path: String, _ options: ConversionOptions, _ output: String?) throws -> ConvertedModel {
        let companions = Companions(file)
        let checkpoint = try file.weights()
        guard !options.asksForAnotherGraph else { return try built(checkpoint, companions, path, options, output) }
        return ConvertedModel(model: try file.model(), stateDict: try stateDict(checkpoint, companions), companions: companions, inputs: [path])
    }

    /// The state dict that a native file's tensors are, if its configuration is a DistilBERT's and none is missing.
    private static func stateDict(_ checkpoint: Checkpoint, _ companions: Companions) throws -> OrderedDictionary<String, Tensor>? {
        guard let text = companions[Companions.configuration], let config = try? DistilBertConfig(text) else { return nil }
        let task = DistilBertTask.inferred(try JSONValue(text), checkpoint)
        guard let expected = try? config.expectedWeights(for: task) else { return nil }
        let (weights, report) = try StateDict.load(checkpoint, expecting: expected)
        return report.items.contains { $0.outcome == .missing || $0.outcome == .mismatched } ? nil : weights
    }

    /// Of a graph that stays as it is.
    private static func kept(_ model: Model, _ companions: Companions, _ path: String, _ options: ConversionOptions) throws -> ConvertedModel {
        guard !options.asksForAnotherGraph else {
            throw ONNXError(
                .usage, "is an ONNX graph, which is kept as it is: --task, --opset, --outputs, --inputs, --dtype and --semantics are for checkpoints",
                place: [quoted(path)],
                remedy: "give the checkpoint that it was exported from")
        }
        var companions = companions
        try companions.add(metadataOf: model)
        let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? ""
        return ConvertedModel(model: model, stateDict: nil, companions: companions, inputs: [path] + model.externalFiles.map { folder + $0 })
    }

    /// Of a graph that is built for the weights of `checkpoint`.
    private static func built(
        _ checkpoint: Checkpoint, _ companions: Companions, _ path: String, _ options: ConversionOptions, _ output: String?
    ) throws -> ConvertedModel {
        guard let text = companions[Companions.configuration] else {
            throw ONNXError(.io, "there is no config.json beside the weights", place: [quoted(path)], remedy: "put the model's config.json there")
        }
        var config = try DistilBertConfig(text)
        let task = try options.task ?? .inferred(JSONValue(text), checkpoint)
        let graph = try DistilBertGraph(
            config, task: task, options: DistilBertGraphOptions(options, config: config, task: task), semantics: options.semantics?.value ?? .newest)
        var (weights, report) = try StateDict.load(checkpoint, expecting: config.expectedWeights(for: task))
        let base = DistilBertNames(task: task).base
        do throws(ONNXError) {
            if options.isStrict { try report.requireComplete(isStrict: true) }
            try report.refuse { item in item.outcome == .mismatched || item.outcome == .missing && item.name?.hasPrefix(base) ?? true }
        } catch {
            throw error.at(quoted(path))
        }
        let drawn = report.items(.missing).compactMap(\.name)
        if !drawn.isEmpty { weights = try completed(weights, drawn, config, task) }
        let type = options.elementType ?? WeightCast.common(weights)
        if let output { weights = try WeightCast(type: type, path: output)(weights) }

        config.architectures = [task.architecture]
        var companions = companions
        try companions.replaceConfiguration(naming(type, in: config.jsonBytes()))
        // Without an output nothing is cast, and a graph of several types can't be built.
        let isUniform = Set(weights.values.map(\.elementType)).count == 1
        return ConvertedModel(
            model: isUniform ? try graph.model(weights: weights) : Model(opsetImports: [:], graph: Graph()), stateDict: weights, task: task, report: report,
            drawn: drawn, companions: companions, inputs: [path])
    }

    /// `weights` with those of a head that are called `names` drawn, always the same.
    private static func completed(
        _ weights: OrderedDictionary<String, Tensor>, _ names: [String], _ config: DistilBertConfig, _ task: DistilBertTask
    ) throws -> OrderedDictionary<String, Tensor> {
        let wanted = Set(names)
        let fresh = FreshWeights(config: config, task: task, initialisation: DistilBertSemantics.newest.initialisation)
        let made = try fresh.make(seed: 0) { wanted.contains($0) }
        var result: OrderedDictionary<String, Tensor> = [:]
        for weight in try config.expectedWeights(for: task) { result[weight.name] = weights[weight.name] ?? made[weight.name] }
        return result
    }

    /// The configuration with the type of the weights in the member that says it, if there is one.
    private static func naming(_ type: ElementType, in bytes: [UInt8]) throws -> [UInt8] {
        let text = try JSONValue(ByteRegion(try MappedFile(name: Companions.configuration, copying: bytes)))
        let name = type == .float ? "float32" : type == .double ? "float64" : type.name
        let members = (text.members ?? []).map { member in
            ["torch_dtype", "dtype"].contains(member.name) ? JSONValue.Member(member.name, .string(name)) : member
        }
        return try JSONWriter.bytes { json in try json.value(.object(members)) }
    }
}
