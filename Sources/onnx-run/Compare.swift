internal import ArgumentParser
internal import Bytes
internal import Converter
internal import FoundationEssentials
internal import GraphExecutor
internal import GraphIR
internal import TensorFiles
internal import Tensors

/// `onnx-run compare A [B]`: where two models, sessions or results part.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two models, sessions or results node by node, and name the first node that differs.",
        discussion: """
            onnx-run compare m.onnx                        its passes against the graph as it stands
            onnx-run compare m.onnx other.onnx --input ids.json
            onnx-run compare m.onnx --precision-b bf16     what a lower precision does
            onnx-run compare m.onnx --reference values.npz --input ids.json

            Every value that both have is compared: by name, outputs that are named
            otherwise by position. A value differs where |a - b| > atol + rtol x |b| for an
            element; other than floats must be equal. Without --input, inputs are made as
            for bench; --shape or --dim say how large.

            --reference is a file of values: of a run with --dump, of NumPy or of another
            engine. Names that it lacks are left out.

            The first node that differs is saved in a folder (--save), with the values that
            it read in A: a.onnx (one node, or those that were fused), b.onnx where B is
            another model, expected.npz where it is a file, and inputs.npz. The command
            that repeats the difference is printed.
            """)

    @Argument(help: "A model.", completion: .file()) var a: String
    @Argument(help: "The other model; by default the same.", completion: .file()) var b: String?
    @Option(help: ArgumentHelp("Compare with the values of this .npz, .npy, .safetensors or JSON.", valueName: "file"), completion: .file())
    var reference: String?
    @Option(help: ArgumentHelp("Input values, as for run; may be given several times.", valueName: "file | name=file | -"), completion: .file())
    var input: [String] = []
    @Option(help: ArgumentHelp("Shape of an input that is made.", valueName: "name=1x128")) var shape: [String] = []
    @Option(help: ArgumentHelp("Extent of a named dimension of inputs that are made.", valueName: "name=128")) var dim: [String] = []
    @Option(help: "Seed of the made inputs.") var seed: UInt64 = 1
    @OptionGroup var session: SessionFlags
    @Option(help: "B's session: by default A's, and the other one where nothing else differs.") var sessionB: SessionName?
    @Option(help: "B's precision: fp32, bf16 or int8; by default A's, or fp32 in a reference session.") var precisionB: PrecisionName?
    @Option(help: "Absolute tolerance.") var atol = 1e-4
    @Option(help: "Relative tolerance.") var rtol = 1e-4
    @Option(help: ArgumentHelp("Where the node that differs is saved.", valueName: "folder"), completion: .directory) var save = "difference"
    @Flag(help: "Save nothing.") var noSave = false
    @Flag(help: "List every value, not only the worst.") var all = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard atol >= 0, rtol >= 0 else { throw ValidationError("--atol and --rtol must be at least 0") }
        if precisionB ?? .fp32 != .fp32, sessionB == .reference {
            throw ValidationError("--precision-b goes with an optimized session: a reference session computes as the graph says")
        }
        if b != nil || sessionB != nil || precisionB != nil, reference != nil { throw ValidationError("--reference stands in for B; give one of the two") }
        if !input.isEmpty, !shape.isEmpty || !dim.isEmpty { throw ValidationError("--shape and --dim are for inputs that are made; --input gives them") }
    }

    func run() throws {
        let model = try ModelFile(contentsOf: a).model
        let (first, given) = try opened(model, a, session.options)
        let values = try given.map { try bind($0, first) } ?? made(model)
        let tolerance = ValueError.Tolerance(absolute: atol, relative: rtol)
        let comparison: SessionComparison
        var second: Session?
        if let reference {
            comparison = try SessionComparison(first, values, against: try TensorFile.read(reference), tolerance: tolerance)
        } else {
            let (other, othersGiven) = try opened(try b.map { try ModelFile(contentsOf: $0).model } ?? model, b ?? a, optionsB)
            second = other
            let others = try othersGiven.map { try bind($0, other) } ?? values.filter { name, _ in other.inputs.contains { $0.name == name } }
            comparison = try SessionComparison(first, values, against: other, others, tolerance: tolerance)
        }
        let repeated = try comparison.firstBeyond.flatMap { try self.repeated(comparison, $0, first, second) }
        let report = ComparisonReport(comparison, tolerance: tolerance, a: title(a, session.options), b: titleB, repeated: repeated)
        Console.output(json ? try report.json() : report.text(all: all))
        if comparison.firstBeyond != nil { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    /// A's options for its parts: packed weights are of one model.
    private var optionsAlone: SessionOptions {
        var options = session.options
        options.packedCache = nil
        return options
    }

    private var optionsB: SessionOptions {
        var options = optionsAlone
        if let sessionB {
            options.kind = sessionB.kind
        } else if precisionB != nil {
            options.kind = .optimized
        } else if b == nil || b == a {
            options.kind = options.kind == .optimized ? .reference : .optimized
        }
        options.precision = options.kind == .reference ? .fp32 : precisionB?.precision ?? options.precision
        return options
    }

    private func title(_ path: String, _ options: SessionOptions) -> String {
        "\(quoted(path)) (\(options.kind.rawValue)\(options.precision == .fp32 ? "" : ", " + options.precision.rawValue))"
    }

    private var titleB: String { reference.map { quoted($0) } ?? title(b ?? a, optionsB) }

    /// The session of a model, with the input values that were given; nil where they are to be made.
    private func opened(_ model: Model, _ path: String, _ options: SessionOptions) throws -> (Session, [GivenValue]?) {
        var options = options
        // Random operators draw alike in both.
        options.seed = seed
        do {
            let session = try Session(model: model, options: options)
            let reader = GivenInputs(session.inputs)
            return (session, input.isEmpty ? nil : try input.flatMap { try reader.read($0) })
        } catch let error as ONNXError { throw error.at(quoted(path)) }
    }

    private func bind(_ given: [GivenValue], _ session: Session) throws -> [String: Value] {
        try InputBinding(inputs: session.inputs, isStrict: false, note: { _ in }).bind(given)
    }

    private func made(_ model: Model) throws -> [String: Value] {
        var samples = try SampleInputs(
            model, shapes: try NamedSizes.shapes(shape, option: "--shape"), dimensions: try NamedSizes.dimensions(dim), seed: seed)
        return try samples.next()
    }

    /// What the node that differs does on its own, on the values that it read in A; saved unless told otherwise.
    private func repeated(
        _ comparison: SessionComparison, _ entry: SessionComparison.Entry, _ first: Session, _ second: Session?
    ) throws -> ComparisonReport.Repeated? {
        guard let part = try comparison.part(first, b == nil || b == a ? nil : second, for: entry) else { return nil }
        let expected = try reference.flatMap { try TensorFile.read($0).first { $0.name == entry.otherName } }
        let values = Dictionary(part.inputs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let alone = try Session(model: part.a, options: optionsAlone)
        let tolerance = ValueError.Tolerance(absolute: atol, relative: rtol)
        let again =
            if let expected {
                try SessionComparison(alone, values, against: [expected], tolerance: tolerance)
            } else {
                try SessionComparison(alone, values, against: try Session(model: part.b ?? part.a, options: optionsB), values, tolerance: tolerance)
            }
        let error = again.entries.last { $0.name == entry.name }?.error
        guard !noSave else { return ComparisonReport.Repeated(error: error, command: nil) }
        do { try FileManager.default.createDirectory(atPath: save, withIntermediateDirectories: true) } catch {
            throw ONNXError(.io, "the folder can't be made: \(error)", place: [quoted(save)])
        }
        try part.a.write(to: save + "/a.onnx")
        try part.b?.write(to: save + "/b.onnx")
        try TensorFile.write(part.inputs, to: save + "/inputs.npz")
        if let expected { try TensorFile.write([expected], to: save + "/expected.npz") }
        let files = ["a.onnx"] + (part.b == nil ? [] : ["b.onnx"]) + ["--input", "inputs.npz"] + (expected == nil ? [] : ["--reference", "expected.npz"])
        return ComparisonReport.Repeated(error: error, command: command(files))
    }

    /// The command line that compares the files that were saved.
    private func command(_ files: [String]) -> String {
        var parts = ["onnx-run", "compare"] + files.map { $0.hasPrefix("--") ? $0 : shellWord(save + "/" + $0) }
        if session.session != .optimized { parts += ["--session", session.session.rawValue] }
        if let sessionB { parts += ["--session-b", sessionB.rawValue] }
        if session.precision != .fp32 { parts += ["--precision", session.precision.rawValue] }
        if let precisionB { parts += ["--precision-b", precisionB.rawValue] }
        return (parts + ["--atol", "\(atol)", "--rtol", "\(rtol)"]).joined(separator: " ")
    }

    private func shellWord(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { Character(Unicode.Scalar($0)).isLetter || Character(Unicode.Scalar($0)).isNumber || "/._-+=".utf8.contains($0) }
        return plain ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
