import Foundation
import Testing

/// The built command, run as a process.
struct Command {
    struct Ended {
        let code: Int32
        let output: String
        let said: String

        /// Standard output as JSON.
        func json() throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
        }
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    /// The command stands beside the tests.
    private static let binary = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "onnx-run")

    static func model(_ name: String) -> String { root.appending(path: "Models/distilbert-tiny/\(name)").path }

    /// The command with what it is given, not yet started. `limits` are the shell's, as `-f 8`.
    static func process(_ arguments: [String], limits: String? = nil) -> Process {
        let process = Process()
        process.executableURL = limits == nil ? binary : URL(filePath: "/bin/sh")
        process.arguments = limits.map { ["-c", "ulimit \($0); exec \"$0\" \"$@\"", binary.path] + arguments } ?? arguments
        return process
    }

    /// Runs the command in `folder` and waits for its end.
    static func run(
        _ arguments: [String], input: String = "", in folder: Folder? = nil, environment: [String: String] = [:], limits: String? = nil
    ) throws -> Ended {
        let scratch = try Folder()
        let (given, output, said) = (scratch.url.appending(path: "in"), scratch.url.appending(path: "out"), scratch.url.appending(path: "err"))
        for (url, text) in [(given, input), (output, ""), (said, "")] { try Data(text.utf8).write(to: url) }
        let process = process(arguments, limits: limits)
        process.currentDirectoryURL = folder?.url ?? scratch.url
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardInput = try FileHandle(forReadingFrom: given)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: said)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        return Ended(
            code: process.terminationStatus, output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            said: String(decoding: try Data(contentsOf: said), as: UTF8.self))
    }
}

/// A temporary folder that goes with its last user.
final class Folder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "onnx-run-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() } }
}
