internal import ArgumentParser

@main
struct OnnxRun: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "onnx-run", abstract: "Run ONNX models.")
}
