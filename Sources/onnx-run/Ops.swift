internal import ArgumentParser
internal import OpLibrary

/// `onnx-run ops`: the operators that the engine has.
struct Ops: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the supported operators and their versions.",
        discussion: "Made from the registry that binds every node, so it can't be out of date.")

    @Argument(help: "Show only operators whose name holds this text.") var name: String?
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let schemas = Registry.standard.schemas.filter { schema in name.map { schema.name.lowercased().contains($0.lowercased()) } ?? true }
        Console.output(json ? try text(json: schemas) : table(schemas))
        guard !schemas.isEmpty else { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    private func label(_ domain: String) -> String { domain.isEmpty ? "ai.onnx" : domain }

    private func table(_ schemas: [OperatorSchema]) -> String {
        let rows = schemas.map { ($0.domain.isEmpty ? "ai.onnx" : $0.domain, $0.name, $0.since.map(String.init).joined(separator: ", ")) }
        let widths = (rows.map(\.0.count).max() ?? 0, rows.map(\.1.count).max() ?? 0)
        let lines = rows.map { domain, name, versions in
            domain.padded(to: widths.0 + 2) + name.padded(to: widths.1 + 2) + versions
        }
        return lines.map { $0 + "\n" }.joined() + "\(schemas.count) operators\n"
    }

    private func text(json schemas: [OperatorSchema]) throws -> String {
        let list = schemas.map { schema -> [String: Any] in
            var fields: [String: Any] = ["domain": label(schema.domain), "name": schema.name, "versions": schema.since]
            if let deprecated = schema.deprecated { fields["deprecated"] = deprecated }
            return fields
        }
        return try JSONText.pretty(list)
    }
}
