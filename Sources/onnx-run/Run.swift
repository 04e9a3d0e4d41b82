internal import ArgumentParser
internal import Bytes
internal import Converter
internal import GraphExecutor
internal import GraphIR
internal import OrderedCollections
internal import TensorFiles
internal import Tensors

/// `onnx-run MODEL --input FILE`: the main job.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a model on inputs (the default subcommand).",
        discussion: """
            --input takes FILE with all inputs by name (JSON, .npz, .safetensors), or
            NAME=FILE for one (.npy, .pb or JSON); - is standard input. It may be given
            several times.

            JSON is {"input_ids": [[101, 7592, 102]], "attention_mask": …} or a bare
            array for the first input. Rows of different lengths are padded; a missing
            attention_mask becomes ones; a missing batch axis is added. With --jsonl (or
            a file that ends with .jsonl) each line is a run, and each result is a line.

            --output and --json write a tensor as nested arrays, NaN and infinities as
            "NaN", "Infinity" and "-Infinity", a sequence as {"sequence": [...]}, a map
            as {"map": {"keys": [...], "values": [...]}}, an empty optional as null. In
            .npz and .safetensors a sequence s is s[] (its length), s[0], s[1], …; an
            optional o is o? (whether there is a value) and o; a map m is m{} (the
            keys), m{0}, m{1}, …. A .npz holds a type that NumPy lacks, such as bfloat16,
            as records of one field of its name. Names keep their / and ::.
            """)

    @Argument(help: "An ONNX or native model file.", completion: .file()) var model: String
    @Option(help: ArgumentHelp("Input values.", valueName: "file | name=file | -"), completion: .file()) var input: [String] = []
    @Option(help: ArgumentHelp("Write the outputs to this .npz, .safetensors, .npy or .json.", valueName: "file"), completion: .file()) var output: String?
    @Option(help: ArgumentHelp("Return this value too; any value of the main graph.", valueName: "name")) var fetch: [String] = []
    @Option(
        help: ArgumentHelp("Write every value of the main graph to values.npz in this folder, and what they are to index.json.", valueName: "folder"),
        completion: .directory) var dump: String?
    @OptionGroup var session: SessionFlags
    @Option(help: ArgumentHelp("Give up after this time, as 500ms or 10s.", valueName: "time")) var timeout: TimeSpan?
    @Flag(help: "Print all of each output as JSON.") var json = false
    @Flag(help: "Each line of the input is a run, and each result is a line of JSON.") var jsonl = false
    @Flag(help: "A missing attention_mask is an error.") var strictInputs = false
    @Flag(help: "Print no notes.") var quiet = false
    @Flag(help: "Print times and sizes.") var verbose = false

    private var isLines: Bool { jsonl || input.contains { $0.hasSuffix(".jsonl") } }

    func validate() throws {
        guard let output else { return try checkLines() }
        let name = quoted(output)
        if isLines {
            guard ["jsonl", "json", "ndjson"].contains(where: { output.lowercased().hasSuffix("." + $0) }) else {
                throw ValidationError("--output \(name): each result of JSON Lines is a line of JSON; end the name with .jsonl")
            }
        } else if TensorFile.Format(path: output) == nil {
            throw ValidationError("--output \(name): the ending names no format; .npz, .safetensors, .npy or .json expected")
        }
        try checkLines()
    }

    private func checkLines() throws {
        if isLines, dump != nil { throw ValidationError("--dump writes the values of one run; it can't go with JSON Lines") }
        if input.count(where: { $0 == "-" || $0.hasSuffix("=-") }) > 1 { throw ValidationError("standard input can be read once: give - once") }
    }

    func run() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let model = try ModelFile(contentsOf: self.model).model
        let session: Session
        do {
            session = try Session(model: model, options: self.session.options)
        } catch let error as ONNXError {
            throw error.at(quoted(self.model))
        }
        if !quiet { for note in session.notes { Console.error("note: \(note)") } }
        if verbose { Console.error("loaded \(self.model) in \(clock.now - start)") }
        if isLines {
            try await runLines(session)
        } else {
            let results = try await results(session, try given(session), values: try names(model, session))
            if let dump { try Dump(model, results, kind: self.session.options.kind).write(to: dump) }
            try report(results, outputs: session.outputs.map(\.name) + fetch)
        }
        if verbose { Console.error("done after \(clock.now - start), peak memory \(ProcessMemory.peakBytes / 1_000_000) MB") }
    }

    private func given(_ session: Session) throws -> [GivenValue] {
        let reader = GivenInputs(session.inputs)
        return try input.flatMap { try reader.read($0) }
    }

    private func binding(_ session: Session) -> InputBinding {
        InputBinding(inputs: session.inputs, isStrict: strictInputs) { if !quiet { Console.error("note: \($0)") } }
    }

    private func results(_ session: Session, _ given: [GivenValue], values: [String]?) async throws -> OrderedDictionary<String, Value> {
        try await run(session, try binding(session).bind(given), fetch: values)
    }

    private func run(_ session: Session, _ inputs: [String: Value], fetch: [String]?) async throws -> OrderedDictionary<String, Value> {
        do {
            return try await session.run(inputs, fetch: fetch, options: RunOptions(timeout: timeout?.duration))
        } catch let error as ONNXError {
            throw error.at(quoted(model))
        }
    }

    /// The values to fetch; nil for the outputs alone.
    private func names(_ model: Model, _ session: Session) throws -> [String]? {
        let outputs = session.outputs.map(\.name)
        if dump != nil {
            let made = model.graph.nodes.flatMap(\.outputs).filter { !$0.isEmpty }
            return Array(OrderedSet(outputs + fetch + made))
        }
        return fetch.isEmpty ? nil : Array(OrderedSet(outputs + fetch))
    }

    /// One run a line of JSON Lines.
    private func runLines(_ session: Session) async throws {
        guard input.count == 1, let source = input.first else { throw ONNXError(.usage, "JSON Lines come from one --input") }
        let reader = GivenInputs(session.inputs)
        let limit = Limits().jsonBytes
        var lines = source == "-" ? try LineReader(descriptor: 0, name: "standard input", limit: limit) : try LineReader(path: source, limit: limit)
        var said: Set<String> = []
        let binding = InputBinding(inputs: session.inputs, isStrict: strictInputs) { note in
            if !quiet, said.insert(note).inserted { Console.error("note: \(note)") }
        }
        let file = try output.map { try AtomicFile(path: $0) }
        while let line = try lines.next() {
            let bytes: [UInt8]
            do {
                let names = fetch.isEmpty ? nil : Array(OrderedSet(session.outputs.map(\.name) + fetch))
                bytes = try Self.line(try await run(session, try binding.bind(try reader.json(line)), fetch: names))
            } catch let error as ONNXError {
                throw error.place.first == line.name ? error : error.at(line.name)
            }
            if let file { try file.write(bytes) } else { Console.output(String(decoding: bytes, as: UTF8.self)) }
        }
        try file?.commit()
    }

    private static func line(_ values: OrderedDictionary<String, Value>) throws -> [UInt8] {
        try JSONWriter.bytes { json in
            try json.values(values.map { ($0.key, $0.value) })
            try json.endLine()
        }
    }

    private func report(_ results: OrderedDictionary<String, Value>, outputs: [String]) throws {
        let shown = results.filter { outputs.contains($0.key) }
        if let output { try TensorFile.write(shown.map { ($0.key, $0.value) }, to: output) }
        if json {
            Console.output(String(decoding: try Self.line(shown), as: UTF8.self))
        } else if output == nil || !quiet {
            for (name, value) in shown { Console.output(Preview(name: name, value: value).text) }
        }
    }
}
