public import Bytes

/// Something that a check found.
public struct Finding: Sendable, Equatable, CustomStringConvertible {
    /// How bad it is.
    public enum Severity: String, Sendable {
        /// The model can't run.
        case error
        /// The model can run, but this is probably not meant.
        case warning
    }

    /// How bad it is.
    public var severity: Severity
    /// What and where.
    public var error: ONNXError

    /// A finding.
    public init(_ severity: Severity, _ error: ONNXError) {
        self.severity = severity
        self.error = error
    }

    /// One line: severity, place, message, remedy.
    public var description: String { "\(severity.rawValue): \(error)" }
}

/// What a check has found so far; after a hundred findings it has seen enough.
final class Findings {
    private(set) var all: [Finding] = []
    var isFull: Bool { all.count >= 100 }

    func add(_ severity: Finding.Severity, _ error: ONNXError) {
        if !isFull { all.append(Finding(severity, error)) }
    }
}
