internal import ArgumentParser
internal import Bytes
internal import Foundation
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
            --input takes FILE with all inputs by name (JSON, .npz, .safetensors), or NAME=FILE for one
            (.npy, .pb or JSON); - is standard input. It may be given several times.

            JSON is {"input_ids": [[101, 7592, 102]], "attention_mask": …} or a bare array for the first
            input. Rows of different lengths are padded; a missing attention_mask becomes ones; a missing
            batch axis is added. With --jsonl (or a file that ends with .jsonl) each line is a run, and
            each result is a line.
            """)

    @Argument(help: "An ONNX model.", completion: .file()) var model: String
    @Option(help: ArgumentHelp("Input values.", valueName: "file | name=file | -"), completion: .file()) var input: [String] = []
    @Option(help: ArgumentHelp("Write the outputs to this .npz, .safetensors, .npy or .json.", valueName: "file"), completion: .file()) var output: String?
    @Option(help: ArgumentHelp("Return this value too; any value of the main graph.", valueName: "name")) var fetch: [String] = []
    @Option(help: ArgumentHelp("Write every value of the main graph to values.npz in this folder.", valueName: "folder"), completion: .directory) var dump: String?
    @OptionGroup var session: SessionFlags
    @Option(help: ArgumentHelp("Give up after this time, as 500ms or 10s.", valueName: "time")) var timeout: TimeSpan?
    @Flag(help: "Print all of each output as JSON.") var json = false
    @Flag(help: "Each line of the input is a run, and each result is a line of JSON.") var jsonl = false
    @Flag(help: "A missing attention_mask is an error.") var strictInputs = false
    @Flag(help: "Print no notes.") var quiet = false
    @Flag(help: "Print times and sizes.") var verbose = false

    func run() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let model = try Model(contentsOf: self.model)
        let session: Session
        do {
            session = try Session(model: model, options: self.session.options)
        } catch let error as ONNXError {
            throw error.at(self.model)
        }
        if verbose { Console.error("loaded \(self.model) in \(clock.now - start)") }
        if jsonl || input.contains(where: { $0.hasSuffix(".jsonl") }) {
            try await runLines(session)
        } else {
            let results = try await results(session, try given(session), values: try names(model, session))
            try report(results, outputs: session.outputs.map(\.name) + fetch)
        }
        if verbose { Console.error("done after \(clock.now - start)") }
    }

    private func given(_ session: Session) throws -> [GivenValue] {
        let reader = GivenInputs(session.inputs)
        return try input.flatMap { try reader.read($0) }
    }

    private func binding(_ session: Session) -> InputBinding {
        InputBinding(inputs: session.inputs, isStrict: strictInputs) { if !quiet { Console.error("note: \($0)") } }
    }

    private func results(_ session: Session, _ given: [GivenValue], values: [String]?) async throws -> OrderedDictionary<String, Value> {
        try await session.run(try binding(session).bind(given), fetch: values, options: RunOptions(timeout: timeout?.duration))
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
            let values = try await session.run(
                try binding.bind(try reader.json(line)), fetch: fetch.isEmpty ? nil : Array(OrderedSet(session.outputs.map(\.name) + fetch)),
                options: RunOptions(timeout: timeout?.duration))
            let bytes = try Self.line(values)
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
        if let dump {
            try FileManager.default.createDirectory(atPath: dump, withIntermediateDirectories: true)
            try TensorFile.write(results.map { ($0.key, $0.value) }, to: dump + "/values.npz")
        }
        let shown = results.filter { outputs.contains($0.key) }
        if let output { try TensorFile.write(shown.map { ($0.key, $0.value) }, to: output) }
        if json {
            Console.output(String(decoding: try Self.line(shown), as: UTF8.self))
        } else if output == nil || !quiet {
            for (name, value) in shown { Console.output(Preview(name: name, value: value).text) }
        }
    }
}
