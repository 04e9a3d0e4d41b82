internal import Bytes

/// A tokenizer.json whose parts are those of a BERT tokenizer; any other part is refused by name.
struct TokenizerJSON {
    private let file: JSONValue
    private let name: String
    private let limits: Limits

    init(_ file: JSONValue, name: String, _ limits: Limits) throws(ONNXError) {
        self.file = file
        self.name = name
        self.limits = limits
        guard file.members != nil else { throw ONNXError(.malformed, "holds \(file.kind) where an object is expected", place: [name]) }
        try check("model", ["WordPiece"], isRequired: true)
        try check("normalizer", ["BertNormalizer"], isRequired: false)
        try check("pre_tokenizer", ["BertPreTokenizer"], isRequired: true)
        try check("post_processor", ["TemplateProcessing", "BertProcessing"], isRequired: false)
    }

    private func check(_ part: String, _ kinds: [String], isRequired: Bool) throws(ONNXError) {
        let value = file[part] ?? .null
        if value == .null, !isRequired { return }
        // Old files don't name the model's kind.
        let kind = value["type"]?.string ?? (part == "model" && value["vocab"]?.members != nil && value["merges"] == nil ? "WordPiece" : nil)
        guard let kind, kinds.contains(kind) else {
            let found = kind.map { "\"\(quoted($0))\"" } ?? (value == .null ? "missing" : "without a type")
            throw ONNXError(
                .unsupported, "the \(part) is \(found); accepted: \(kinds.joined(separator: ", "))", place: [name], remedy: "use the tokenizer of a BERT model")
        }
    }

    func options() throws(ONNXError) -> DistilBertTokenizer.Options {
        var options = DistilBertTokenizer.Options()
        let normalizer = file["normalizer"] ?? .null
        let isOn = normalizer != .null
        options.cleanText = try flag(normalizer, "clean_text") ?? isOn
        options.tokenizeChineseChars = try flag(normalizer, "handle_chinese_chars") ?? isOn
        options.doLowerCase = try flag(normalizer, "lowercase") ?? isOn
        options.stripAccents = try flag(normalizer, "strip_accents")
        let model = file["model"] ?? .null
        options.unkToken = model["unk_token"]?.string ?? options.unkToken
        options.wordpiecesPrefix = model["continuing_subword_prefix"]?.string ?? options.wordpiecesPrefix
        if let longest = model["max_input_chars_per_word"] {
            guard let longest = longest.int else {
                throw ONNXError(.malformed, "max_input_chars_per_word is \(longest.kind) where an integer is expected", place: [name, "model"])
            }
            options.maxInputCharsPerWord = longest
        }
        return options
    }

    func vocabulary() throws(ONNXError) -> Vocabulary {
        guard let members = file["model"]?["vocab"]?.members else {
            throw ONNXError(.malformed, "\"vocab\" is not an object of tokens", place: [name, "model"])
        }
        return try Vocabulary(members: members, name: name, limits: limits)
    }

    /// Gives `tokenizer` the added tokens, the template and what is only kept.
    func finish(_ tokenizer: inout DistilBertTokenizer) throws(ONNXError) {
        var added: [(id: Int32, token: AddedToken)] = []
        for value in file["added_tokens"]?.array ?? [] {
            guard let token = AddedToken(value) else { throw ONNXError(.malformed, "a token without content", place: [name, "added_tokens"]) }
            added.append((try tokenID(value["id"] ?? .null, of: token.content, place: [name, "added_tokens"]), token))
        }
        do throws(ONNXError) {
            try tokenizer.addTokens(added)
        } catch {
            throw error.at(name)
        }
        if let processor = file["post_processor"], processor != .null { tokenizer.template = try template(processor, tokenizer) }
        if let saved = file["truncation"], let length = saved["max_length"]?.int {
            tokenizer.savedTruncation = Truncation(
                maxLength: length, strategy: strategy(saved["strategy"]?.string), stride: saved["stride"]?.int ?? 0, side: side(saved["direction"]?.string))
        }
        if let saved = file["padding"], saved != .null {
            let fixed = saved["strategy"]?["Fixed"]?.int
            tokenizer.savedPadding = Padding(
                fixed.map { .fixed($0) } ?? .longest, side: side(saved["direction"]?.string), multipleOf: saved["pad_to_multiple_of"]?.int)
        }
    }

    private func template(_ processor: JSONValue, _ tokenizer: DistilBertTokenizer) throws(ONNXError) -> Template {
        if processor["type"]?.string == "BertProcessing" {
            func id(_ name: String) throws(ONNXError) -> Int32 {
                try tokenID(processor[name]?.array?.last ?? .null, of: name, place: [self.name, "post_processor"])
            }
            return Template(classify: try id("cls"), separate: try id("sep"))
        }
        return Template(single: try pieces(processor, "single"), pair: try pieces(processor, "pair"))
    }

    private func pieces(_ processor: JSONValue, _ form: String) throws(ONNXError) -> [Template.Piece] {
        let place = [name, "post_processor", form]
        var pieces: [Template.Piece] = []
        for value in processor[form]?.array ?? [] {
            guard let member = value.members?.first, let id = member.value["id"]?.string, let type = UInt8(exactly: member.value["type_id"]?.int ?? 0) else {
                throw ONNXError(.malformed, "a piece without an id", place: place)
            }
            if member.name == "Sequence" {
                pieces.append(.sequence(id == "A" ? 0 : 1, type: type))
                continue
            }
            guard let ids = processor["special_tokens"]?[id]?["ids"]?.array else {
                throw ONNXError(.malformed, "\"\(quoted(id))\" is not among special_tokens", place: place)
            }
            var numbers: [Int32] = []
            for number in ids { numbers.append(try tokenID(number, of: id, place: place)) }
            pieces.append(.special(numbers, type: type))
        }
        return pieces
    }

    private func strategy(_ name: String?) -> Truncation.Strategy {
        switch name {
        case "OnlyFirst": .onlyFirst
        case "OnlySecond": .onlySecond
        default: .longestFirst
        }
    }

    private func side(_ name: String?) -> Side { name == "Left" ? .left : .right }

    private func flag(_ part: JSONValue, _ name: String) throws(ONNXError) -> Bool? {
        guard let value = part[name], value != .null else { return nil }
        guard let flag = value.bool else {
            throw ONNXError(.malformed, "\(name) is \(value.kind) where true or false is expected", place: [self.name, "normalizer"])
        }
        return flag
    }
}
