internal import Bytes

/// The exit codes of every subcommand.
enum ExitStatus: Int32, CaseIterable {
    case success = 0
    case failed = 1
    case malformed = 2
    case limit = 3
    case unsupported = 4
    case path = 5
    case shape = 6
    case io = 7
    case cancelled = 8
    case usage = 64

    init(_ code: ONNXError.Code) {
        switch code {
        case .malformed: self = .malformed
        case .limit: self = .limit
        case .unsupported: self = .unsupported
        case .path: self = .path
        case .shape: self = .shape
        case .io: self = .io
        case .cancelled: self = .cancelled
        case .usage: self = .usage
        }
    }

    private var meaning: String {
        switch self {
        case .success: "done"
        case .failed: "findings, failed cases or differences"
        case .malformed: "the file is not what it claims to be"
        case .limit: "a bound or the memory budget would be exceeded"
        case .unsupported: "valid, but not supported"
        case .path: "a path leaves the place it must stay in"
        case .shape: "a type, shape, index or value does not fit"
        case .io: "the operating system refused"
        case .cancelled: "past the time limit"
        case .usage: "the command line"
        }
    }

    /// As `--help` shows it.
    static var table: String {
        let rows = allCases.map { status in
            let number = "\(status.rawValue)"
            return "  \(number)\(String(repeating: " ", count: 24 - number.count))\(status.meaning)"
        }
        return (["EXIT CODES:"] + rows + ["  130, 143                interrupted (Ctrl-C), terminated"]).joined(separator: "\n")
    }
}
