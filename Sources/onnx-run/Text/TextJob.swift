internal import Bytes

/// A task on many texts: read in windows, so that memory is bounded and texts of like lengths share a batch; written a line each, in their order.
struct TextJob {
    /// What becomes of one text.
    struct Line {
        /// Whether the text was cut.
        let isTruncated: Bool
        /// Writes the fields of the result.
        let write: (inout JSONWriter) throws -> Void
    }

    /// Texts that wait for their batches together.
    static let window = 256

    /// Told of texts that were cut; nil for silence.
    let maxLength: Int?

    /// Hands the texts to `perform` window by window and prints a line of JSON for each.
    func run(_ source: consuming TextSource, _ perform: ([TextItem]) throws -> [Line]) throws {
        try forEach(source, perform) { item, line in
            let bytes = try JSONWriter.bytes { json in
                try json.beginObject()
                try line.write(&json)
                try json.endObject()
                try json.endLine()
            }
            Console.output(String(decoding: bytes, as: UTF8.self))
            if line.isTruncated, let maxLength { Console.error("note: \(item.place) has more than \(maxLength) tokens; it was cut") }
        }
    }

    /// Hands the texts to `perform` window by window, and each one and what became of it to `body`, in their order.
    ///
    /// Where a window fails, its texts are done one by one, so that those before the one at fault are told and the error names it.
    func forEach<Outcome>(
        _ source: consuming TextSource, _ perform: ([TextItem]) throws -> [Outcome], _ body: (TextItem, Outcome) throws -> Void
    ) throws {
        var source = source
        var done = 0
        while true {
            let items = try source.next(Self.window)
            guard !items.isEmpty else { break }
            do {
                let outcomes = try perform(items)
                Console.progress("")
                for (item, outcome) in zip(items, outcomes) { try body(item, outcome) }
            } catch is ONNXError {
                for item in items {
                    let outcomes: [Outcome]
                    do { outcomes = try perform([item]) } catch let error as ONNXError { throw Self.locate(error, item) }
                    for outcome in outcomes { try body(item, outcome) }
                }
            }
            done += items.count
            Console.progress("\(done) texts")
        }
        Console.progress("")
    }

    private static func locate(_ error: ONNXError, _ item: TextItem) -> ONNXError {
        var error = error
        error.place.removeAll { $0 == "text 0" || $0 == item.place }
        return error.at(item.place)
    }
}
