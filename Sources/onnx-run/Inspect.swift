internal import ArgumentParser
internal import Bytes
internal import Converter
internal import GraphExecutor
internal import GraphIR
internal import Tensors

/// `onnx-run inspect MODEL`: what a model is made of, and what a session makes of it.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a model or a checkpoint is made of.",
        discussion: """
            Of a model, without an option: inputs, outputs, operators, parameters, sizes,
            licence, files and metadata. Of a checkpoint (safetensors, PyTorch, Keras,
            TensorFlow, or the index of its shards): every tensor's name, type and shape.
            Of a folder: the checkpoint in it, or its model.onnx, as convert takes them.

            onnx-run inspect model.onnx --passes
            onnx-run inspect model.onnx --plan input_ids=1x128 --plan attention_mask=1x128
            onnx-run inspect model.onnx --dim batch=1 --dim sequence=128
            onnx-run inspect pytorch_model.bin --dump weights.safetensors
            """)

    @Argument(help: "An ONNX or native model file, a checkpoint, or a folder with one.", completion: .file()) var model: String
    @Option(help: ArgumentHelp("Show the nodes of this name, or that make or read this value, with the types of their values.", valueName: "name"))
    var node: String?
    @Flag(help: "Print the graph, a line a node.") var graph = false
    @Flag(help: "Show what each pass of the optimised session did and refused.") var passes = false
    @Option(help: ArgumentHelp("Show the memory plan for an input of this shape; once for each input.", valueName: "name=1x128")) var plan: [String] = []
    @Option(help: ArgumentHelp("Show the memory plan with this extent of a named dimension.", valueName: "name=128")) var dim: [String] = []
    @Option(
        help: ArgumentHelp("Write a checkpoint's tensors, names and values as they are, to this .safetensors or .npz.", valueName: "file"),
        completion: .file()) var dump: String?
    @Flag(help: "Print JSON.") var json = false

    private var ways: Int { [node != nil, graph, passes, !plan.isEmpty || !dim.isEmpty].count { $0 } }

    func validate() throws {
        guard ways <= 1 else { throw ValidationError("--node, --graph, --passes and --plan show different things: give one of them") }
    }

    func run() throws {
        let source = PathKind(model) == .folder ? try ModelSource(model) : nil
        if let source, source.weights == nil { _ = try source.checkpoint() }
        let path = source?.weights ?? model
        let file = ByteRegion(try MappedFile(path: path))
        guard Checkpoint.recognises(file), !NativeFile.isNative(file) else { return try showModel(path) }
        try showCheckpoint(try source?.checkpoint() ?? Checkpoint(contentsOf: path))
    }

    private func showCheckpoint(_ checkpoint: Checkpoint) throws {
        guard ways == 0 else {
            throw ONNXError(.usage, "is a checkpoint, which has no graph", place: [quoted(model)], remedy: "leave --node, --graph, --passes and --plan out")
        }
        let report = CheckpointReport(checkpoint)
        if let dump { try report.write(to: dump) }
        Console.output(json ? try report.json() : report.text)
    }

    private func showModel(_ path: String) throws {
        guard dump == nil else {
            throw ONNXError(.usage, "is a model, but --dump writes a checkpoint's tensors", place: [quoted(path)], remedy: "onnx-run MODEL --dump FOLDER")
        }
        let file = try ModelFile(contentsOf: path)
        let model = file.model
        if let node {
            let nodes = try NodeReport(model, name: node, path: path)
            Console.output(json ? try nodes.json() : nodes.text)
        } else if graph {
            Console.print("\(model.graph)")
        } else if passes {
            let report = PassesReport(try session(model).passReports)
            Console.output(json ? try report.json() : report.text)
        } else if !plan.isEmpty || !dim.isEmpty {
            let report = try planReport(model)
            Console.output(json ? try report.json() : report.text)
        } else {
            let summary = ModelSummary(file)
            Console.output(json ? try summary.json() : summary.text)
        }
    }

    private func session(_ model: Model) throws -> Session {
        do { return try Session(model: model) } catch let error as ONNXError { throw error.at(quoted(self.model)) }
    }

    private func planReport(_ model: Model) throws -> PlanReport {
        var samples = try SampleInputs(
            model, shapes: try NamedSizes.shapes(plan, option: "--plan"), dimensions: try NamedSizes.dimensions(dim), seed: 0)
        let session = try session(model)
        do { return PlanReport(try session.plan(for: try samples.next())) } catch let error as ONNXError { throw error.at(quoted(self.model)) }
    }
}
