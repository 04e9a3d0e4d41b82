internal import ArgumentParser
internal import Bytes
internal import Converter
internal import DistilBERT
internal import GraphExecutor
internal import Tensors

/// `onnx-run convert SOURCE --to FORM -o OUT`: a model in another form.
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a native file, an ONNX file, a Hugging Face folder or Swift source of a model.",
        discussion: """
            SOURCE is a folder with weights and config.json, a checkpoint file in one
            (safetensors, PyTorch, Keras, TensorFlow, or the index of its shards), an
            .onnx file, a native file, or the name of a model in the local Hugging Face
            cache. The tokenizer's files, labels, model card and licence travel along.

            onnx-run convert ./distilbert-sst2 --to native -o sst2.safetensors
            onnx-run sst2.safetensors --input ids.json
            onnx-run convert distilbert-base-uncased --to onnx -o base.onnx --opset 18
            onnx-run convert tf_model.h5 --to hf -o folder
            onnx-run convert ./minilm --to native --dtype bf16 -o minilm.safetensors
            onnx-run convert model.onnx --to native -o model.safetensors --pack fp32
            onnx-run convert ./distilbert-sst2 --to swift -o SentimentWeights

            FORMS:
              native    One file, a valid safetensors: weights, graph, tokenizer,
                        configuration, checksums. Runs as an .onnx file does. With
                        --pack it also holds the weights as this machine's kernels
                        want them: a larger file, and nothing to do at the start.
              onnx      OUT.onnx: one file, the configuration and the model card in its
                        metadata. Another OUT: a folder with model.onnx, the tokenizer
                        and the rest beside it.
              hf        A folder that transformers' from_pretrained loads.
              swift     A Swift package with typed access to each weight.

            The report says what became of each weight. Weights of a head that the
            checkpoint lacks are drawn at random, and named in a note; any other that is
            missing or has another shape is an error, and with --strict an unexpected or
            missing one is too. An .onnx file's graph is kept as it is.
            """)

    @Argument(help: "A folder, a file, or a name in the Hugging Face cache.", completion: .file()) var source: String
    @Option(help: "The form.") var to: Choice<ConversionTarget>
    @Option(name: [.short, .long], help: ArgumentHelp("The file or folder to make.", valueName: "path"), completion: .file()) var output: String
    @Option(help: "What the model is for; by default what the checkpoint was made for.") var task: Choice<DistilBertTask>?
    @Option(help: "The version of ONNX's operators, 13 to 25.") var opset: Int?
    @Option(help: ArgumentHelp("Further outputs: hidden_states, attentions.", valueName: "name,…")) var outputs: Names<GraphOutput>?
    @Option(help: ArgumentHelp("Further inputs: head_mask, inputs_embeds, position_ids, labels.", valueName: "name,…")) var inputs: Names<GraphInput>?
    @Option(help: "The type of all weights; by default the checkpoint's.") var dtype: WeightType?
    @Option(help: ArgumentHelp("Keep packed weights for sessions of these precisions: fp32, bf16, int8. Native files only.", valueName: "name,…"))
    var pack: Names<SessionOptions.Precision>?
    @Option(help: "Whose ways a new graph follows: transformers 5's, 2's, or the TensorFlow twins'.") var semantics: Choice<NamedSemantics>?
    @Flag(help: "Anything missing, unexpected or of another shape is an error.") var strict = false
    @Flag(help: "Say what would be done, and write nothing.") var dryRun = false
    @Flag(help: "Replace what is at the output.") var overwrite = false
    @Flag(help: "Print JSON.") var json = false
    @Flag(help: "Print no notes.") var quiet = false
    @Flag(help: "Print every weight.") var verbose = false

    func validate() throws {
        if pack != nil, to.value != .native { throw ValidationError("--pack goes with --to native: other forms hold weights as they are") }
    }

    func run() throws {
        var options = ConversionOptions()
        (options.task, options.opset, options.elementType, options.isStrict) = (task?.value, opset, dtype?.type, strict)
        options.semantics = semantics?.value
        (options.outputs, options.inputs) = (outputs?.values ?? [], inputs?.values ?? [])
        try to.value.check(output, inputs: [], overwrites: overwrite)
        var converted = try ConvertedModel(source, options: options, output: dryRun ? nil : output)
        if !converted.drawn.isEmpty, !quiet {
            Console.error("note: drawn at random, since the checkpoint has none: \(converted.drawn.map(quoted).joined(separator: ", "))")
        }
        try to.value.check(output, inputs: converted.inputs, overwrites: overwrite)
        if !dryRun {
            try converted.pack(for: pack.map { SessionOptions.Precision.allCases.filter($0.values.contains) } ?? [])
            var shown = -1
            try to.value.write(converted, to: output, overwrites: overwrite) { done, total in
                let percent = total > 0 ? done * 100 / total : 100
                if percent != shown { Console.progress("writing \(percent) %") }
                shown = percent
            }
            Console.progress("")
        }
        Console.output(json ? try jsonText(converted) : text(converted))
    }

    private func text(_ converted: ConvertedModel) -> String {
        let kind = converted.task.map { "\($0.rawValue), " } ?? ""
        let files = converted.companions.files.map(\.name)
        let carried = files.isEmpty ? "" : "with " + files.map(quoted).joined(separator: ", ") + "\n"
        let head = "\(dryRun ? "would write" : "wrote") \(quoted(output)): \(kind)\(to.value.rawValue)\n"
        return head + carried + (converted.report?.text(isVerbose: verbose) ?? "")
    }

    private func jsonText(_ converted: ConvertedModel) throws -> String {
        let bytes = try JSONWriter.bytes { json in
            try json.beginObject()
            for (name, value) in [("source", source), ("to", to.value.rawValue), ("output", output), ("task", converted.task?.rawValue)] {
                guard let value else { continue }
                try json.name(name)
                try json.string(value)
            }
            try json.name("written")
            try json.bool(!dryRun)
            for (name, values) in [("files", converted.companions.files.map(\.name)), ("drawn", converted.drawn)] {
                try json.name(name)
                try json.value(.array(values.map { .string($0) }))
            }
            if let report = converted.report {
                try json.name("weights")
                try report.write(to: &json)
            }
            try json.endObject()
            try json.endLine()
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// One of the cases of another module's enumeration.
struct Choice<Value: RawRepresentable & CaseIterable>: ExpressibleByArgument where Value.RawValue == String {
    let value: Value

    init?(argument: String) {
        guard let value = Value(rawValue: argument) else { return nil }
        self.value = value
    }

    static var allValueStrings: [String] { Value.allCases.map(\.rawValue) }
    var defaultValueDescription: String { value.rawValue }
}

/// Names separated by commas.
struct Names<Value: RawRepresentable & Hashable & CaseIterable>: ExpressibleByArgument where Value.RawValue == String {
    let values: Set<Value>

    init?(argument: String) {
        let names = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let values = names.compactMap(Value.init(rawValue:))
        guard values.count == names.count else { return nil }
        self.values = Set(values)
    }
}

/// What `--dtype` accepts.
enum WeightType: String, ExpressibleByArgument, CaseIterable {
    case fp32, fp16, bf16

    var type: ElementType {
        switch self {
        case .fp32: .float
        case .fp16: .float16
        case .bf16: .bfloat16
        }
    }
}
