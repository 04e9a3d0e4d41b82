internal import ArgumentParser
internal import Bytes

@main
struct OnnxRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "onnx-run",
        abstract: "Run, check, inspect and measure ONNX models. No Python, no foreign inference engine.",
        discussion: """
            onnx-run distilbert.onnx --input ids.json
            onnx-run model.onnx --input ids=ids.npy --input mask=mask.npy --output r.npz
            onnx-run inspect model.onnx

            \(ExitStatus.table)

            ENVIRONMENT:
              ONNX_RUN_ISA            Highest instruction set to use: scalar, avx2, avxvnni,
                                      avx512, avx512vnni, avx512bf16, neon, neondot.
              ONNX_RUN_THREADS        Threads where --threads is not given.

            COMPLETION:
              onnx-run --generate-completion-script SHELL    bash, zsh or fish
            """,
        version: CommandLine.arguments.contains("--version") ? Version.text : Version.number,
        subcommands: [
            Run.self, Check.self, Inspect.self, Ops.self, Bench.self, Compare.self, Convert.self, Tokenize.self, FillMask.self, Classify.self, Tag.self,
            Answer.self, Embed.self, Conformance.self,
        ],
        defaultSubcommand: Run.self)

    static func main() async {
        Signals.install()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as ONNXError {
            Console.error("onnx-run: \(error)")
            Self.exit(withError: ExitCode(ExitStatus(error.code).rawValue))
        } catch {
            Self.exit(withError: error)
        }
    }
}
