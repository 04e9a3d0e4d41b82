internal import ArgumentParser
internal import Bytes
internal import Converter
internal import GraphExecutor
internal import GraphIR

/// `onnx-run check MODEL`: whether a model can run, and why not.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check that a model is well formed and can run.",
        discussion: """
            Reads the file, checks the graph's structure, binds every operator and
            infers types and shapes. Prints a finding a line, with its place. Where one
            is an error, the exit code is that of the first (see onnx-run --help), or 1
            for several models.

            --verify reads every byte of a native file too, and compares each tensor
            with its checksum. An .onnx file has none.
            """)

    @Argument(help: "ONNX or native model files.", completion: .file()) var models: [String]
    @Flag(help: "Compare a native file's tensors with their checksums.") var verify = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let reports = models.map { ($0, findings($0)) }
        Console.output(json ? try Self.json(reports) : Self.text(reports))
        let errors = reports.flatMap(\.1).filter { $0.severity == .error }
        if let first = errors.first { throw ExitCode(models.count == 1 ? ExitStatus(first.error.code).rawValue : ExitStatus.failed.rawValue) }
    }

    private func findings(_ path: String) -> [Finding] {
        do {
            let file = try ModelFile(contentsOf: path)
            if verify { try file.native?.verify() }
            let model = file.model
            var findings = model.check()
            if verify, file.native == nil {
                findings.append(Finding(.warning, ONNXError(.usage, "an .onnx file has no checksums that --verify could compare")))
            }
            guard !findings.contains(where: { $0.severity == .error }) else { return findings }
            do {
                _ = try Session(model: model, options: SessionOptions(kind: .reference))
                return findings
            } catch let error as ONNXError {
                return findings + [Finding(.error, error)]
            }
        } catch let error as ONNXError {
            return [Finding(.error, error)]
        } catch {
            return [Finding(.error, ONNXError(.io, "\(error)"))]
        }
    }

    private static func text(_ reports: [(String, [Finding])]) -> String {
        reports.map { path, findings in
            let path = quoted(path)
            let lines = findings.map { finding in
                let error = finding.error.place.first == path ? finding.error : finding.error.at(path)
                return "\(finding.severity.rawValue): \(error)\n"
            }
            return lines.isEmpty ? "\(path): ok\n" : lines.joined()
        }.joined()
    }

    private static func json(_ reports: [(String, [Finding])]) throws -> String {
        let list = reports.map { path, findings -> [String: Any] in
            let items = findings.map { finding -> [String: Any] in
                var fields: [String: Any] = [
                    "severity": finding.severity.rawValue, "code": finding.error.code.rawValue, "message": finding.error.message, "place": finding.error.place,
                ]
                fields["remedy"] = finding.error.remedy
                return fields
            }
            return ["model": path, "ok": !findings.contains { $0.severity == .error }, "findings": items]
        }
        return try JSONText.pretty(list)
    }
}
