internal import Bytes
internal import GraphExecutor

/// Cases that are known to fail, each with its reason.
struct KnownFailures {
    private(set) var reasons: [String: String] = [:]

    init() {}

    /// One case a line, a space, the reason; lines that begin with # are comments.
    init(path: String) throws {
        let text = String(decoding: ByteRegion(try MappedFile(path: path)).bytes(), as: UTF8.self)
        for (index, line) in text.split(separator: "\n").enumerated() where !line.hasPrefix("#") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2 else { throw ONNXError(.malformed, "a case, a space and a reason expected", place: [path, "line \(index + 1)"]) }
            reasons[String(parts[0])] = String(parts[1])
        }
    }
}

/// What became of each case.
struct ConformanceReport {
    let known: KnownFailures
    private var passed: [String] = []
    private var failed: [(name: String, why: String)] = []
    private var skipped: [String] = []

    init(known: KnownFailures) { self.known = known }

    /// Whether everything passed but the known failures, and none of those.
    var isSuccess: Bool { failed.isEmpty }

    mutating func add(_ name: String, failure: String?) {
        switch (failure, known.reasons[name]) {
        case (nil, nil): passed.append(name)
        case (nil, let reason?): failed.append((name, "passes, but the manifest lists it: \(reason)"))
        case (_?, _?): skipped.append(name)
        case (let why?, nil): failed.append((name, why))
        }
    }

    var text: String {
        let failures = failed.map { "FAILED \($0.name): \($0.why)\n" }.joined()
        return failures + "\(passed.count) passed, \(failed.count) failed, \(skipped.count) skipped\n"
    }

    func json(session: SessionOptions.Kind) throws -> String {
        let fields: [String: Any] = [
            "session": session.rawValue, "passed": passed, "failed": failed.map(\.name), "skipped": skipped,
            "failures": Dictionary(failed.map { ($0.name, $0.why) }, uniquingKeysWith: { first, _ in first }),
        ]
        return try JSONText.pretty(fields)
    }
}
