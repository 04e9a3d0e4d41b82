public import Bytes
internal import Tensors

/// What became of each weight that a model expects, and of each tensor that a checkpoint brought.
public struct ConversionReport: Sendable, Equatable {
    /// What became of it.
    public enum Outcome: String, Sendable, CaseIterable {
        /// Taken as it is.
        case loaded
        /// Taken with its two axes exchanged.
        case transposed
        /// The same tensor as another weight.
        case tied
        /// Added to another weight.
        case added
        /// Not a weight of this model, and known to be none.
        case ignored
        /// Expected, but not in the checkpoint.
        case missing
        /// In the checkpoint, but not expected.
        case unexpected
        /// There, but of another shape.
        case mismatched

        /// Whether `--strict` refuses it.
        public var isProblem: Bool { self == .missing || self == .unexpected || self == .mismatched }
    }

    /// One weight, or one tensor that is none.
    public struct Item: Sendable, Equatable {
        /// What became of it.
        public let outcome: Outcome
        /// The name in the state dict; nil for a tensor that has no place there.
        public let name: String?
        /// The name in the checkpoint; nil where the checkpoint lacks it.
        public let source: String?
        /// The shape that the model expects.
        public let expected: [Int]?
        /// The shape in the checkpoint, transposed where that is done.
        public let found: [Int]?
        /// Why, or what it is tied or added to.
        public let note: String?
        /// The closest name on the other side, where a name may be misspelt.
        public let closest: String?

        init(
            _ outcome: Outcome, name: String? = nil, source: String? = nil, expected: [Int]? = nil, found: [Int]? = nil, note: String? = nil,
            closest: String? = nil
        ) {
            self.outcome = outcome
            self.name = name
            self.source = source
            self.expected = expected
            self.found = found
            self.note = note
            self.closest = closest
        }
    }

    /// The weights in the state dict's order, then what else the checkpoint has, in its own.
    public internal(set) var items: [Item] = []

    /// Those with that outcome.
    public func items(_ outcome: Outcome) -> [Item] { items.filter { $0.outcome == outcome } }

    /// Throws `.shape` for the first weight that is missing or has another shape; with `isStrict`, for an unexpected tensor too.
    public func requireComplete(isStrict: Bool = false) throws(ONNXError) {
        try refuse { $0.outcome.isProblem && (isStrict || $0.outcome != .unexpected) }
    }

    /// Throws `.shape` for the first item that is `isProblem`.
    package func refuse(_ isProblem: (Item) -> Bool) throws(ONNXError) {
        let problems = items.filter(isProblem)
        guard let first = problems.first else { return }
        let more = problems.count > 1 ? "; \(problems.count - 1) more don't fit either" : ""
        throw ONNXError(
            .shape, first.text + more, remedy: first.outcome == .unexpected ? "leave out --strict to ignore it" : "see the whole report with --dry-run")
    }
}

extension ConversionReport.Item {
    /// One line for people.
    var text: String {
        let name = "\"\(quoted(self.name ?? source ?? ""))\""
        let from = source.map { $0 == self.name ? "" : " from \"\(quoted($0))\"" } ?? ""
        let close = closest.map { "; the closest is \"\(quoted($0))\"" } ?? ""
        let shape = (found ?? expected).map { " \(Shape.text($0))" } ?? ""
        let why = note.map { ": \($0)" } ?? ""
        switch outcome {
        case .loaded, .transposed, .tied, .added, .ignored: return "\(outcome.rawValue) \(name)\(shape)\(from)\(why)"
        case .missing: return "the weight \(name)\(shape) is missing\(why)\(close)"
        case .unexpected: return "the tensor \(name)\(shape) is unexpected: this model has no such weight\(why)\(close)"
        case .mismatched:
            return "the weight \(name)\(from) has the shape \(Shape.text(found ?? [])), \(Shape.text(expected ?? [])) expected\(why)\(close)"
        }
    }
}

extension ConversionReport {
    /// For people: how many of each, then each problem; with `isVerbose`, everything.
    package func text(isVerbose: Bool = false) -> String {
        let counts = Outcome.allCases.map { outcome in (outcome, items.count { $0.outcome == outcome }) }.filter { $0.1 > 0 }
        let head = counts.map { "\($1) \($0.rawValue)" }.joined(separator: ", ")
        let lines = items.filter { isVerbose || $0.outcome.isProblem }.map { "  \($0.text)\n" }
        return "weights: \(head.isEmpty ? "none" : head)\n" + lines.joined()
    }

    /// As JSON: an array for each outcome.
    package func write(to json: inout JSONWriter) throws {
        try json.beginObject()
        for outcome in Outcome.allCases {
            try json.name(outcome.rawValue)
            try json.beginArray()
            for item in items where item.outcome == outcome { try item.write(to: &json) }
            try json.endArray()
        }
        try json.endObject()
    }
}

extension ConversionReport.Item {
    fileprivate func write(to json: inout JSONWriter) throws {
        try json.beginObject()
        for (key, value) in [("name", name), ("source", source), ("note", note), ("closest", closest)] {
            guard let value else { continue }
            try json.name(key)
            try json.string(value)
        }
        for (key, value) in [("expected", expected), ("found", found)] {
            guard let value else { continue }
            try json.name(key)
            try json.value(.array(value.map { .integer(Int64($0)) }))
        }
        try json.endObject()
    }
}
