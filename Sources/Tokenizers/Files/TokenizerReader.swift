public import Bytes
internal import Glibc

extension DistilBertTokenizer {
    /// Reads the tokenizer of a model's folder: tokenizer.json if it is there, else vocab.txt, with what tokenizer_config.json,
    /// special_tokens_map.json and added_tokens.json say.
    ///
    /// Truncation and padding of tokenizer.json are not applied by themselves: see `savedTruncation`.
    public init(folder: String, implementation: Implementation = .fast, limits: Limits = Limits()) throws {
        try self.init(files: TokenizerFiles(folder: try Folder(path: folder)), implementation: implementation, limits: limits)
    }

    /// As from a folder, from wherever `files` has them.
    package init(files: TokenizerFiles, implementation: Implementation = .fast, limits: Limits = Limits()) throws {
        let folder = files.place
        func json(_ name: String) throws(ONNXError) -> JSONValue? { try files.json(name, limits) }
        var options = Options()
        var reader: TokenizerJSON?
        if let text = try json("tokenizer.json") {
            let found = try TokenizerJSON(text, name: quoted(folder + "/tokenizer.json"), limits)
            options = try found.options()
            reader = found
        }
        options.implementation = implementation
        let map = try json("special_tokens_map.json")
        let config = try json("tokenizer_config.json")
        var added: [AddedToken] = []
        for source in [map, config].compactMap({ $0 }) { try options.take(source, place: quoted(folder), added: &added) }

        if let reader {
            try self.init(reader.vocabulary(), options, place: quoted(folder))
            try reader.finish(&self)
        } else {
            guard let file = try files.open("vocab.txt") else {
                throw ONNXError(
                    .io, "has neither tokenizer.json nor vocab.txt", place: [quoted(folder)], remedy: "give the folder that holds the tokenizer's files")
            }
            try self.init(Vocabulary(lines: file, limits: limits), options, place: quoted(folder))
        }
        if let members = try json("added_tokens.json")?.members {
            let place = [quoted(folder + "/added_tokens.json")]
            var tokens: [(id: Int32, token: AddedToken)] = []
            for member in members {
                let id = try tokenID(member.value, of: member.name, place: place)
                if addedTokens[id] == nil { tokens.append((id, AddedToken(member.name))) }
            }
            try addTokens(tokens)
        }
        if let members = config?["added_tokens_decoder"]?.members {
            var tokens: [(id: Int32, token: AddedToken)] = []
            for member in members {
                let place = [quoted(folder + "/tokenizer_config.json"), "added_tokens_decoder"]
                let id = try tokenID(Int64(member.name).map { .integer($0) } ?? .string(member.name), of: member.name, place: place)
                if let token = AddedToken(member.value) { tokens.append((id, token)) }
            }
            try addTokens(tokens)
        }
        try addTokens(added)
    }

    /// Reads a vocabulary, a token a line.
    public init(vocabulary path: String, options: Options = Options(), limits: Limits = Limits()) throws {
        let file = try MappedFile(path: path)
        try self.init(Vocabulary(lines: ByteRegion(file), limits: limits), options, place: quoted(path))
    }

    /// Reads a tokenizer.json.
    public init(json path: String, limits: Limits = Limits()) throws {
        let name = quoted(path)
        let reader = try TokenizerJSON(JSONValue(ByteRegion(MappedFile(path: path)), limits: limits), name: name, limits)
        try self.init(reader.vocabulary(), reader.options(), place: name)
        try reader.finish(&self)
    }
}

/// The files of a tokenizer: in a folder, or in a model's own file.
package struct TokenizerFiles: Sendable {
    /// Where they are, for messages.
    package let place: String
    private let find: @Sendable (String) throws(ONNXError) -> ByteRegion?

    /// `find` gives the bytes of the file of that name, nil where there is none.
    package init(place: String, find: @escaping @Sendable (String) throws(ONNXError) -> ByteRegion?) {
        self.place = place
        self.find = find
    }

    init(folder: Folder) {
        self.init(place: folder.path) { name throws(ONNXError) in
            guard unsafe access(folder.path + "/" + name, F_OK) == 0 else { return nil }
            return ByteRegion(try folder.open(name))
        }
    }

    package func open(_ name: String) throws(ONNXError) -> ByteRegion? { try find(name) }

    package func json(_ name: String, _ limits: Limits) throws(ONNXError) -> JSONValue? {
        guard let file = try find(name) else { return nil }
        let value = try JSONValue(file, limits: limits)
        guard value.members != nil else {
            throw ONNXError(.malformed, "holds \(value.kind) where an object is expected", place: [quoted(place + "/" + name)])
        }
        return value
    }
}

extension DistilBertTokenizer.Options {
    /// What tokenizer_config.json or special_tokens_map.json says.
    fileprivate mutating func take(_ file: JSONValue, place: String, added: inout [AddedToken]) throws(ONNXError) {
        func flag(_ name: String) throws(ONNXError) -> Bool? {
            guard let value = file[name], value != .null else { return nil }
            guard let flag = value.bool else { throw ONNXError(.malformed, "\(name) is \(value.kind) where true or false is expected", place: [place]) }
            return flag
        }
        doLowerCase = try flag("do_lower_case") ?? doLowerCase
        tokenizeChineseChars = try flag("tokenize_chinese_chars") ?? tokenizeChineseChars
        cleanText = try flag("clean_text") ?? cleanText
        doBasicTokenize = try flag("do_basic_tokenize") ?? doBasicTokenize
        if let words = file["never_split"]?.array { neverSplit = words.compactMap(\.string) }
        if file["strip_accents"] != nil { stripAccents = try flag("strip_accents") }
        if let prefix = file["wordpieces_prefix"]?.string { wordpiecesPrefix = prefix }
        if let length = file["model_max_length"], length != .null { modelMaxLength = try maxLength(length, place) ?? modelMaxLength }
        func token(_ name: String, _ field: inout String) throws(ONNXError) {
            guard let value = file[name], value != .null else { return }
            guard let token = AddedToken(value) else { throw ONNXError(.malformed, "\(name) is \(value.kind) where a token is expected", place: [place]) }
            field = token.content
            if case .object = value { added.append(token.asSpecial) }
        }
        try token("unk_token", &unkToken)
        try token("sep_token", &sepToken)
        try token("pad_token", &padToken)
        try token("cls_token", &clsToken)
        try token("mask_token", &maskToken)
        for value in file["additional_special_tokens"]?.array ?? [] {
            if let token = AddedToken(value) { added.append(token.asSpecial) }
        }
    }
}

/// Nil where there is no such length, for which transformers writes 10^30.
private func maxLength(_ value: JSONValue, _ place: String) throws(ONNXError) -> Int? {
    if let length = value.int, length > 0 { return length }
    if case .number(let length) = value, length >= 0x1p62, length.isFinite { return nil }
    let found = value.int.map(String.init) ?? value.kind
    throw ONNXError(.malformed, "model_max_length is \(found) where an integer above 0 is expected", place: [place])
}

extension AddedToken {
    /// A token as transformers writes it: its text, or an object with its flags.
    init?(_ value: JSONValue) {
        if let content = value.string {
            self.init(content)
            return
        }
        guard let content = value["content"]?.string else { return nil }
        func flag(_ name: String) -> Bool { value[name]?.bool ?? false }
        self.init(
            content, lstrip: flag("lstrip"), rstrip: flag("rstrip"), singleWord: flag("single_word"), normalized: value["normalized"]?.bool,
            special: flag("special"))
    }

    fileprivate var asSpecial: AddedToken {
        var token = self
        token.special = true
        return token
    }
}
