internal import Bytes
internal import Tokenizers

/// One text to work on, with what a line of JSON Lines says beside it.
struct TextItem {
    /// A line's number, for messages.
    let place: String
    private let json: JSONValue

    private init(_ json: JSONValue, _ place: String) {
        self.json = json
        self.place = place
    }

    init(text: String, place: String) {
        self.init(["text": text], place: place)
    }

    init(_ fields: KeyValuePairs<String, String>, place: String) {
        self.init(.object(fields.map { JSONValue.Member($0.key, .string($0.value)) }), place)
    }

    /// A line of JSON Lines: a bare string is a text.
    init(json: JSONValue, place: String) throws {
        if let text = json.string {
            self.init(text: text, place: place)
            return
        }
        guard json.members != nil else {
            throw ONNXError(.malformed, "\(json.kind) found, a string or an object expected", place: [place], remedy: "write {\"text\": \"…\"}")
        }
        self.init(json, place)
    }

    /// The field that must be there.
    func string(_ name: String) throws -> String {
        guard let text = try optional(name) else {
            throw ONNXError(.malformed, "the object has no \"\(name)\"", place: [place], remedy: "write {\"\(name)\": \"…\"}")
        }
        return text
    }

    func optional(_ name: String) throws -> String? {
        guard let value = json[name], value != .null else { return nil }
        guard let text = value.string else { throw ONNXError(.malformed, "\"\(name)\" is \(value.kind); a string expected", place: [place]) }
        return text
    }

    /// The text, with its second part where there is one.
    func input() throws -> DistilBertTokenizer.Input { DistilBertTokenizer.Input(try string("text"), pair: try optional("text_pair")) }

    /// Writes the fields that come back with the result.
    func write(_ names: String..., to writer: inout JSONWriter) throws {
        for name in ["id"] + names {
            guard let value = json[name] else { continue }
            try writer.name(name)
            try writer.value(value)
        }
    }
}

/// Texts in the order in which they come: given ones, or the lines of standard input.
struct TextSource: ~Copyable {
    private var given: ArraySlice<TextItem>
    private var reader: LineReader?
    private let isJSON: Bool

    init(_ items: [TextItem]) {
        given = items[...]
        reader = nil
        isJSON = false
    }

    /// Standard input, line by line.
    init(jsonl: Bool) throws {
        given = []
        reader = try LineReader(descriptor: 0, name: "standard input", limit: Limits().jsonBytes)
        isJSON = jsonl
    }

    /// The next texts, `count` at most: those that are there without waiting, or the first that comes. Empty after the last.
    mutating func next(_ count: Int) throws -> [TextItem] {
        var items = Array(given.prefix(count))
        given = given.dropFirst(items.count)
        while items.count < count, items.isEmpty || reader?.isReady ?? false, let item = try line() { items.append(item) }
        return items
    }

    private mutating func line() throws -> TextItem? {
        if isJSON {
            guard let file = try reader?.next() else { return nil }
            return try TextItem(json: JSONValue(ByteRegion(file)), place: file.name)
        }
        guard let text = try reader?.nextText() else { return nil }
        return TextItem(text: text, place: "standard input, line \(reader?.line ?? 0)")
    }
}
