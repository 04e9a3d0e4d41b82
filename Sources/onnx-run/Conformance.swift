internal import ArgumentParser
internal import Bytes
internal import FoundationEssentials
internal import GraphExecutor
internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// `onnx-run conformance DIR`: runs cases in the layout of ONNX's backend tests.
struct Conformance: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run conformance cases in the layout of ONNX's backend tests.",
        discussion: """
            DIR holds cases at any depth: model.onnx, test_data_set_N/input_M.pb and
            output_M.pb, and tolerance.json or data.json with rtol and atol (else 1e-3
            and 1e-7). A manifest lists known failures, one a line: CASE, a space, the
            reason. A listed case that passes fails the run.
            """)

    @Argument(help: "Folder of cases.") var directory: String
    @Option(help: "reference or optimized.") var session = SessionName.reference
    @Option(help: ArgumentHelp("File of known failures with their reasons.", valueName: "file")) var manifest: String?
    @Option(help: ArgumentHelp("Run only cases whose name holds this text.", valueName: "text")) var filter: String?
    @Flag(help: "Print lists of passed, failed and skipped cases as JSON.") var json = false
    @Flag(help: "Name each case before it runs.") var verbose = false

    func run() throws {
        let suite = try ConformanceSuite(directory: directory, filter: filter)
        let known = try manifest.map(KnownFailures.init(path:)) ?? KnownFailures()
        var report = ConformanceReport(known: known)
        for (index, name) in suite.cases.enumerated() {
            if verbose { Console.error(name) } else { Console.progress("\(index + 1)/\(suite.cases.count) \(name)") }
            report.add(name, failure: suite.failure(of: name, kind: session.kind))
        }
        Console.progress("")
        Console.output(json ? try report.json(session: session.kind) : report.text)
        guard report.isSuccess else { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}

/// The cases below a folder.
struct ConformanceSuite {
    let directory: String
    /// Paths of the cases' folders below `directory`, sorted.
    let cases: [String]

    init(directory: String, filter: String?) throws {
        self.directory = directory
        guard let paths = try? FileManager.default.subpathsOfDirectory(atPath: directory) else {
            throw ONNXError(.io, "no folder to read", place: [directory])
        }
        let suffix = "/model.onnx"
        cases = paths.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
            .filter { name in filter.map { name.contains($0) } ?? true }.sorted()
        guard !cases.isEmpty else {
            throw ONNXError(.io, "no case found: a folder with model.onnx and test_data_set_0 is expected", place: [directory])
        }
    }

    /// Why case `name` fails, or nil when it passes.
    func failure(of name: String, kind: SessionOptions.Kind) -> String? {
        let folder = directory + "/" + name
        do {
            let model = try Model(contentsOf: folder + "/model.onnx")
            var options = SessionOptions(kind: kind)
            // Random operators draw the same in every run, so that none agrees with its expected values by luck.
            options.seed = 0
            let session = try Session(model: model, options: options)
            let tolerance = try Tolerance(folder: folder)
            let sets = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("test_data_set_") }.sorted()
            guard !sets.isEmpty else { return "it has no data set" }
            for set in sets {
                if let difference = try failure(model, session, folder + "/" + set, tolerance) { return set + ": " + difference }
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func failure(_ model: Model, _ session: Session, _ folder: String, _ tolerance: Tolerance) throws -> String? {
        var inputs: [String: Value] = [:]
        // The numbers count what must be given: inputs with an initializer of their name are weights.
        let fed = model.graph.inputs.filter { model.graph.initializers[$0.name] == nil }
        for (index, input) in fed.enumerated() {
            let path = "\(folder)/input_\(index).pb"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            inputs[input.name] = try Value(path, for: input)
        }
        let outputs = try session.runSynchronously(inputs)
        for (index, output) in model.graph.outputs.enumerated() {
            let path = "\(folder)/output_\(index).pb"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            let expected = try Value(path, for: output)
            guard let found = outputs[output.name] else { return "output '\(output.name)' is missing" }
            if let difference = try Difference(found, expected, absolute: tolerance.absolute, relative: tolerance.relative) {
                return "output '\(output.name)': \(difference)"
            }
        }
        return nil
    }
}

/// How far a case's outputs may be from the expected ones.
struct Tolerance {
    private(set) var relative = 1e-3
    private(set) var absolute = 1e-7

    init(folder: String) throws {
        for file in ["tolerance.json", "data.json"] where FileManager.default.fileExists(atPath: "\(folder)/\(file)") {
            let fields = try JSONValue(ByteRegion(try MappedFile(path: "\(folder)/\(file)")))
            guard fields.members != nil else { throw ONNXError(.malformed, "an object expected", place: ["\(folder)/\(file)"]) }
            relative = fields["rtol"]?.double ?? relative
            absolute = fields["atol"]?.double ?? absolute
            return
        }
    }
}

extension Value {
    /// A value of `info`'s type from a TensorProto, SequenceProto or OptionalProto file.
    init(_ path: String, for info: ValueInfo) throws {
        guard let type = info.type else { throw ONNXError(.malformed, "'\(info.name)' declares no type", place: [path]) }
        try self.init(pb: path, as: type)
    }
}
