internal import Bytes
internal import Tokenizers

/// Encodings as JSON.
struct TokenizeJSON {
    private let tokenizer: DistilBertTokenizer
    private let form: TokenizeFlags

    init(_ tokenizer: DistilBertTokenizer, _ form: TokenizeFlags) {
        self.tokenizer = tokenizer
        self.form = form
    }

    /// One object; each member is an array with a row for each encoding.
    func object(_ encodings: [Encoding]) throws -> [UInt8] {
        try write { json, name, row in
            try json.name(name)
            try json.beginArray()
            for encoding in encodings { try row(encoding, &json) }
            try json.endArray()
        }
    }

    /// One object; each member is an array with a value for each token.
    func line(_ encoding: Encoding) throws -> [UInt8] {
        try write { json, name, row in
            try json.name(name)
            try row(encoding, &json)
        }
    }

    private typealias Row = (Encoding, inout JSONWriter) throws -> Void

    private func write(_ member: (inout JSONWriter, String, Row) throws -> Void) throws -> [UInt8] {
        try JSONWriter.bytes { json in
            try json.beginObject()
            try member(&json, "input_ids") { try Self.array($0.ids, &$1) { try $1.integer($0) } }
            try member(&json, "attention_mask") { try Self.array($0.attentionMask, &$1) { try $1.integer($0) } }
            if form.offsets {
                try member(&json, "offsets") { encoding, json in
                    try Self.array(encoding.offsets, &json) { range, json in try Self.array([range.lowerBound, range.upperBound], &json) { try $1.integer($0) }
                    }
                }
            }
            if form.tokens {
                try member(&json, "tokens") { encoding, json in try Self.array(encoding.ids, &json) { try $1.string(tokenizer.token(of: $0) ?? "") } }
            }
            try json.endObject()
            try json.endLine()
        }
    }

    private static func array<Element>(_ elements: [Element], _ json: inout JSONWriter, _ write: (Element, inout JSONWriter) throws -> Void) throws {
        try json.beginArray()
        for element in elements { try write(element, &json) }
        try json.endArray()
    }
}
