internal import Bytes

extension DistilBertTokenizer {
    /// Writes vocab.txt, tokenizer.json, tokenizer_config.json, special_tokens_map.json and, where tokens were added, added_tokens.json into `folder`, which
    /// must exist: what transformers' from_pretrained and `init(folder:)` read. Each file is replaced at once or not at all.
    ///
    /// Throws if ids are missing between tokens or a token holds a line feed, which vocab.txt can't express.
    public func save(to folder: String) throws {
        try write(folder + "/vocab.txt", vocabularyLines(folder))
        try write(folder + "/tokenizer.json", JSONWriter.bytes { try $0.value(tokenizerJSON()) })
        try write(folder + "/tokenizer_config.json", JSONWriter.bytes { try $0.value(configuration()) })
        try write(folder + "/special_tokens_map.json", JSONWriter.bytes { try $0.value(.object(namedTokens)) })
        let added = sortedTokens.filter { model.vocabulary.token($0.key) == nil }
        guard !added.isEmpty else { return }
        let members = added.map { JSONValue.Member($0.value.content, .integer(Int64($0.key))) }
        try write(folder + "/added_tokens.json", JSONWriter.bytes { try $0.value(.object(members)) })
    }

    private func write(_ path: String, _ bytes: [UInt8]) throws(ONNXError) {
        let file = try AtomicFile(path: path)
        try file.write(bytes)
        try file.commit()
    }

    private func vocabularyLines(_ folder: String) throws(ONNXError) -> [UInt8] {
        var lines: [UInt8] = []
        for (id, token) in model.vocabulary.tokens.enumerated() {
            guard let token, !token.utf8.contains(UInt8(ascii: "\n")) else {
                let what = token.map { "the token \"\(quoted($0))\" holds a line feed" } ?? "no token has the id \(id)"
                throw ONNXError(
                    .unsupported, "\(what), which vocab.txt can't express", place: [quoted(folder)], remedy: "keep the tokenizer.json that it is from")
            }
            lines += Array(token.utf8) + [UInt8(ascii: "\n")]
        }
        return lines
    }

    private var sortedTokens: [(key: Int32, value: AddedToken)] { addedTokens.sorted { $0.key < $1.key } }

    private var namedTokens: [JSONValue.Member] {
        [
            ("unk_token", options.unkToken), ("sep_token", options.sepToken), ("pad_token", options.padToken), ("cls_token", options.clsToken),
            ("mask_token", options.maskToken),
        ].map { JSONValue.Member($0, .string($1)) }
    }

    private func configuration() -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("tokenizer_class", .string("DistilBertTokenizer")), .init("do_lower_case", .bool(options.doLowerCase)),
            .init("clean_text", .bool(options.cleanText)), .init("tokenize_chinese_chars", .bool(options.tokenizeChineseChars)),
            .init("strip_accents", options.stripAccents.map { .bool($0) } ?? .null), .init("do_basic_tokenize", .bool(options.doBasicTokenize)),
            .init("never_split", options.neverSplit.isEmpty ? .null : .array(options.neverSplit.map { .string($0) })),
        ]
        if let length = options.modelMaxLength { members.append(.init("model_max_length", .integer(Int64(length)))) }
        members += namedTokens
        members.append(.init("added_tokens_decoder", .object(sortedTokens.map { .init(String($0.key), .object(flags($0.value))) })))
        return .object(members)
    }

    private func flags(_ token: AddedToken) -> [JSONValue.Member] {
        [
            .init("content", .string(token.content)), .init("lstrip", .bool(token.lstrip)), .init("normalized", .bool(token.normalized)),
            .init("rstrip", .bool(token.rstrip)), .init("single_word", .bool(token.singleWord)), .init("special", .bool(token.special)),
        ]
    }

    private func tokenizerJSON() -> JSONValue {
        let vocabulary = model.vocabulary.tokens.enumerated().compactMap { id, token in token.map { JSONValue.Member($0, .integer(Int64(id))) } }
        let normalizer: [JSONValue.Member] = [
            .init("type", .string("BertNormalizer")), .init("clean_text", .bool(options.cleanText)),
            .init("handle_chinese_chars", .bool(options.tokenizeChineseChars)),
            .init("strip_accents", options.stripAccents.map { .bool($0) } ?? .null), .init("lowercase", .bool(options.doLowerCase)),
        ]
        let wordPiece: [JSONValue.Member] = [
            .init("type", .string("WordPiece")), .init("unk_token", .string(options.unkToken)),
            .init("continuing_subword_prefix", .string(options.wordpiecesPrefix)),
            .init("max_input_chars_per_word", .integer(Int64(options.maxInputCharsPerWord))), .init("vocab", .object(vocabulary)),
        ]
        let decoder: [JSONValue.Member] = [
            .init("type", .string("WordPiece")), .init("prefix", .string(options.wordpiecesPrefix)), .init("cleanup", .bool(true)),
        ]
        return .object([
            .init("version", .string("1.0")), .init("truncation", .null), .init("padding", .null),
            .init("added_tokens", .array(sortedTokens.map { .object([.init("id", .integer(Int64($0.key)))] + flags($0.value)) })),
            .init("normalizer", .object(normalizer)), .init("pre_tokenizer", .object([.init("type", .string("BertPreTokenizer"))])),
            .init("post_processor", template.json(token: { token(of: $0) ?? "" })), .init("decoder", .object(decoder)), .init("model", .object(wordPiece)),
        ])
    }
}

extension Template {
    /// As a TemplateProcessing; special tokens are named by their first token.
    fileprivate func json(token: (Int32) -> String) -> JSONValue {
        var special: [JSONValue.Member] = []
        func pieces(_ pieces: [Piece]) -> JSONValue {
            .array(
                pieces.map { piece in
                    switch piece {
                    case .sequence(let index, let type):
                        return named("Sequence", index == 0 ? "A" : "B", type)
                    case .special(let ids, let type):
                        let name = ids.map(token).joined(separator: " ")
                        if !special.contains(where: { $0.name == name }) {
                            let members: [JSONValue.Member] = [
                                .init("id", .string(name)), .init("ids", .array(ids.map { .integer(Int64($0)) })),
                                .init("tokens", .array(ids.map { .string(token($0)) })),
                            ]
                            special.append(.init(name, .object(members)))
                        }
                        return named("SpecialToken", name, type)
                    }
                })
        }
        let (single, pair) = (pieces(single), pieces(pair))
        return .object([.init("type", .string("TemplateProcessing")), .init("single", single), .init("pair", pair), .init("special_tokens", .object(special))])
    }

    private func named(_ kind: String, _ id: String, _ type: UInt8) -> JSONValue {
        .object([.init(kind, .object([.init("id", .string(id)), .init("type_id", .integer(Int64(type)))]))])
    }
}
