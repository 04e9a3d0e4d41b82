internal import Bytes
internal import OrderedCollections

/// One member of config.json and the field that it fills.
struct ConfigField: Sendable {
    let name: String
    /// What older files, or other models, call it.
    var aliases: [String] = []
    let read: @Sendable (inout DistilBertConfig, JSONValue) throws(ONNXError) -> Void
    /// Nil where the member is left out.
    let write: @Sendable (DistilBertConfig) -> JSONValue?

    var names: [String] { [name] + aliases }

    /// A member that was there stays, as null, where the field has no value.
    func whenUnset(_ member: JSONValue.Member) -> JSONValue? { member.value == .null ? .null : nil }

    /// The member under any of the field's names. Several must say the same.
    func find(in members: [JSONValue.Member]) throws(ONNXError) -> (name: String, value: JSONValue)? {
        let found = members.filter { names.contains($0.name) }
        guard let first = found.first else { return nil }
        for other in found.dropFirst() where other.value != first.value {
            throw ONNXError(.malformed, "\"\(first.name)\" and \"\(other.name)\" are two names of one value, but differ", remedy: "remove one of them")
        }
        return (first.name, first.value)
    }

    /// Every field, in the order that a new file has.
    static let all: [ConfigField] = [
        architectures,
        .text("activation", { .string($0.activation.name) }) { config, text throws(ONNXError) in config.activation = try Activation(named: text) },
        .share("attention_dropout", \.attentionDropout),
        .size("dim", \.dim, aliases: ["hidden_size"]),
        .share("dropout", \.dropout),
        .size("hidden_dim", \.hiddenDim),
        labelCount, id2label, label2id,
        .share("initializer_range", \.initializerRange),
        .size("max_position_embeddings", \.maxPositionEmbeddings),
        .size("n_heads", \.nHeads, aliases: ["num_attention_heads"]),
        .size("n_layers", \.nLayers, aliases: ["num_hidden_layers"]),
        .flag("output_attentions", \.outputAttentions, isWrittenWhenFalse: false),
        .flag("output_hidden_states", \.outputHiddenStates, isWrittenWhenFalse: false),
        padTokenID, problemType, prunedHeads,
        .share("qa_dropout", \.qaDropout),
        .share("seq_classif_dropout", \.seqClassifDropout),
        .flag("sinusoidal_pos_embds", \.sinusoidalPosEmbds),
        .flag("tie_word_embeddings", \.tieWordEmbeddings, aliases: ["tie_weights_"]),
        .size("vocab_size", \.vocabSize, aliases: ["vocab_size_or_config_json_file"]),
    ]
}

// Kinds of fields.
extension ConfigField {
    private static func size(_ name: String, _ path: any WritableKeyPath<DistilBertConfig, Int> & Sendable, aliases: [String] = []) -> ConfigField {
        ConfigField(name: name, aliases: aliases) { config, value throws(ONNXError) in
            config[keyPath: path] = try value.count(least: 1)
        } write: {
            .integer(Int64($0[keyPath: path]))
        }
    }

    private static func share(_ name: String, _ path: any WritableKeyPath<DistilBertConfig, Double> & Sendable) -> ConfigField {
        ConfigField(name: name) { config, value throws(ONNXError) in
            guard let number = value.double else { throw misfit(value, "a number") }
            config[keyPath: path] = number
        } write: {
            .number($0[keyPath: path])
        }
    }

    private static func flag(
        _ name: String, _ path: any WritableKeyPath<DistilBertConfig, Bool> & Sendable, aliases: [String] = [], isWrittenWhenFalse: Bool = true
    ) -> ConfigField {
        ConfigField(name: name, aliases: aliases) { config, value throws(ONNXError) in
            guard let flag = value.bool else { throw misfit(value, "true or false") }
            config[keyPath: path] = flag
        } write: { config in
            config[keyPath: path] || isWrittenWhenFalse ? .bool(config[keyPath: path]) : nil
        }
    }

    private static func text(
        _ name: String, _ write: @escaping @Sendable (DistilBertConfig) -> JSONValue?,
        _ read: @escaping @Sendable (inout DistilBertConfig, String) throws(ONNXError) -> Void
    ) -> ConfigField {
        ConfigField(name: name) { config, value throws(ONNXError) in
            guard let text = value.string else { throw misfit(value, "a string") }
            try read(&config, text)
        } write: {
            write($0)
        }
    }

    private static func misfit(_ value: JSONValue, _ expected: String) -> ONNXError {
        ONNXError(.malformed, "\(expected) expected, \(value.summary) found")
    }
}

// Fields with a rule of their own.
extension ConfigField {
    private static let architectures = ConfigField(name: "architectures") { config, value throws(ONNXError) in
        guard value != .null else { return }
        guard let names = value.array?.map(\.string), !names.contains(nil) else { throw misfit(value, "an array of strings") }
        config.architectures = names.compactMap(\.self)
    } write: {
        $0.architectures.isEmpty ? nil : .array($0.architectures.map(JSONValue.string))
    }

    /// Not written: `id2label` says it. It comes first, so that a map has the last word, as in transformers.
    private static let labelCount = ConfigField(name: "num_labels") { config, value throws(ONNXError) in
        config.numLabels = try value.count(least: 1, most: DistilBertConfig.mostLabels)
    } write: { _ in
        nil
    }

    private static let id2label = ConfigField(name: "id2label") { config, value throws(ONNXError) in
        guard value != .null else { return }
        guard let members = value.members, !members.isEmpty else { throw misfit(value, "an object of labels by number") }
        var labels: [(Int, String)] = []
        for member in members {
            guard let id = Int(member.name), let name = member.value.string else {
                throw ONNXError(.malformed, "\"\(quoted(member.name))\" is \(member.value.summary), an integer with a name expected")
            }
            labels.append((id, name))
        }
        let sorted = labels.sorted { $0.0 < $1.0 }
        guard sorted.enumerated().allSatisfy({ $0.offset == $0.element.0 }) else {
            throw ONNXError(.malformed, "the labels are not numbered from 0 to \(labels.count - 1)", remedy: "number them so")
        }
        config.id2label = OrderedDictionary(sorted, uniquingKeysWith: { first, _ in first })
        config.label2id = DistilBertConfig.inverse(config.id2label)
    } write: { config in
        let isDefault = config.id2label == DistilBertConfig.defaultLabels(2)
        return isDefault ? nil : .object(config.id2label.map { JSONValue.Member("\($0)", .string($1)) })
    }

    private static let label2id = ConfigField(name: "label2id") { config, value throws(ONNXError) in
        guard value != .null else { return }
        guard let members = value.members else { throw misfit(value, "an object of numbers by label") }
        var ids: [(String, Int)] = []
        for member in members {
            do throws(ONNXError) { ids.append((member.name, try member.value.count(least: 0))) } catch { throw error.at("\"\(quoted(member.name))\"") }
        }
        config.label2id = OrderedDictionary(ids, uniquingKeysWith: { first, _ in first })
    } write: { config in
        let isDefault = config.label2id == DistilBertConfig.inverse(DistilBertConfig.defaultLabels(2))
        return isDefault ? nil : .object(config.label2id.map { JSONValue.Member($0, .integer(Int64($1))) })
    }

    private static let padTokenID = ConfigField(name: "pad_token_id") { config, value throws(ONNXError) in
        config.padTokenID = value == .null ? nil : try value.count(least: 0)
    } write: {
        $0.padTokenID.map { .integer(Int64($0)) } ?? .null
    }

    private static let problemType = ConfigField(name: "problem_type") { config, value throws(ONNXError) in
        guard value != .null else { return }
        guard let type = value.string.flatMap(ProblemType.init) else {
            throw misfit(value, "null or one of \(ProblemType.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        config.problemType = type
    } write: {
        $0.problemType.map { .string($0.rawValue) }
    }

    private static let prunedHeads = ConfigField(name: "pruned_heads") { config, value throws(ONNXError) in
        guard value != .null else { return }
        guard let members = value.members else { throw misfit(value, "an object of heads by layer") }
        for member in members {
            guard let layer = Int(member.name), let heads = member.value.array else { throw misfit(member.value, "an array of heads for each layer's number") }
            var pruned: [Int] = []
            for head in heads { pruned.append(try head.count(least: 0)) }
            config.prunedHeads[layer] = pruned
        }
    } write: { config in
        config.prunedHeads.isEmpty
            ? nil : .object(config.prunedHeads.map { layer, heads in JSONValue.Member("\(layer)", .array(heads.map { .integer(Int64($0)) })) })
    }
}

extension JSONValue {
    /// The integer, which must lie between the bounds. 1.0 and 1e3 are no integers.
    func count(least: Int, most: Int = DistilBertConfig.largestSize) throws(ONNXError) -> Int {
        guard let value = int, (least...most).contains(value) else {
            throw ONNXError(.malformed, "an integer from \(least) to \(most) expected, \(summary) found")
        }
        return value
    }

    /// The value, where it is short, else what it is.
    var summary: String {
        switch self {
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .number(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .string(let text) where text.utf8.count <= 64: "\"\(quoted(text))\""
        default: kind
        }
    }
}
