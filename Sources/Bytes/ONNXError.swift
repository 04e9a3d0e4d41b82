/// What went wrong, where, and what can be done about it. The one error type of the libraries.
public struct ONNXError: Error, Sendable, Equatable {
    /// The class of a failure; the command's exit codes follow it.
    public enum Code: String, Sendable, CaseIterable {
        /// The bytes are not a valid file of their kind.
        case malformed
        /// A bound of `Limits` or of the memory budget would be exceeded.
        case limit
        /// Valid, but not something this engine does.
        case unsupported
        /// A path leaves the place it must stay in.
        case path
        /// A type, shape, rank, index or value does not fit.
        case shape
        /// The operating system refused.
        case io
        /// Cancelled, or past its deadline.
        case cancelled
        /// The caller asked for something that does not exist or contradicts itself.
        case usage
    }

    /// The class of the failure.
    public var code: Code
    /// What was found and what was expected, in the user's words.
    public var message: String
    /// Where, outermost first: a file, a byte offset, a node, a tensor.
    public var place: [String]
    /// What to do about it.
    public var remedy: String?

    /// An error of `code` that says `message`.
    public init(_ code: Code, _ message: String, place: [String] = [], remedy: String? = nil) {
        self.code = code
        self.message = message
        self.place = place
        self.remedy = remedy
    }

    /// The same error, seen from one level further out.
    public func at(_ outer: String) -> ONNXError {
        ONNXError(code, message, place: [outer] + place, remedy: remedy)
    }
}

extension ONNXError: CustomStringConvertible {
    /// One line: place, message, remedy.
    public var description: String {
        let head = place.isEmpty ? message : place.joined(separator: ": ") + ": " + message
        return remedy.map { head + " (" + $0 + ")" } ?? head
    }
}
