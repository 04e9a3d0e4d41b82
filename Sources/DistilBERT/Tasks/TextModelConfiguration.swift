internal import Bytes

/// What config.json says that a text task needs. Any encoder has these, DistilBERT or not.
struct TextModelConfiguration: Sendable, Equatable {
    /// What a sequence classifier was trained for, as `problem_type` names it.
    enum Problem: String, Sendable {
        case regression
        case singleLabel = "single_label_classification"
        case multiLabel = "multi_label_classification"
    }

    /// The class in transformers, as `DistilBertForMaskedLM`.
    var architecture: String?
    /// The name of each class by its index; empty where the file says nothing.
    var labels: [Int: String] = [:]
    var problem: Problem?
    /// How many positions the model has.
    var maxPositions: Int?
    /// The modes that sentence-transformers' 1_Pooling/config.json sets, as `mean_tokens`; nil without that file.
    var poolingModes: [String]?

    init() {}

    /// Throws `.malformed` for fields of another form than transformers writes.
    init(_ json: JSONValue, place: String) throws(ONNXError) {
        func malformed(_ what: String) -> ONNXError { ONNXError(.malformed, what, place: [place]) }
        guard json.members != nil else { throw malformed("holds \(json.kind) where an object is expected") }
        architecture = json["architectures"]?.array?.first?.string
        maxPositions = (json["max_position_embeddings"]?.int).flatMap { $0 > 0 ? $0 : nil }
        if let value = json["problem_type"], value != .null {
            guard let problem = value.string.flatMap(Problem.init) else {
                throw malformed(
                    "problem_type is \(value.string.map { "\"\(quoted($0))\"" } ?? value.kind); regression, single_ or multi_label_classification expected")
            }
            self.problem = problem
        }
        guard let value = json["id2label"], value != .null else { return }
        guard let members = value.members else { throw malformed("id2label is \(value.kind) where an object is expected") }
        for member in members {
            guard let index = Int(member.name), index >= 0, let label = member.value.string else {
                throw malformed("id2label has \"\(quoted(member.name))\": \(member.value.kind); a class index and its name are expected")
            }
            labels[index] = label
        }
    }

    /// Takes what 1_Pooling/config.json says. Throws `.malformed` for modes that are neither true nor false.
    mutating func take(pooling json: JSONValue, place: String) throws(ONNXError) {
        let prefix = "pooling_mode_"
        var modes: [String] = []
        for member in json.members ?? [] where member.name.hasPrefix(prefix) {
            guard let isSet = member.value.bool else {
                throw ONNXError(.malformed, "\(quoted(member.name)) is \(member.value.kind) where true or false is expected", place: [place])
            }
            if isSet { modes.append(String(member.name.dropFirst(prefix.count))) }
        }
        poolingModes = modes
    }

    /// The name of class `index` of `count`.
    ///
    /// Throws `.shape` where the file names classes, but not so many.
    func label(_ index: Int, of count: Int) throws(ONNXError) -> String {
        guard !labels.isEmpty else { return "LABEL_\(index)" }
        guard labels.count == count, let label = labels[index] else {
            throw ONNXError(
                .shape, "the model gives \(count) scores, and config.json names \(labels.count) classes (id2label)",
                remedy: "put the config.json beside it that the model was trained with")
        }
        return label
    }
}
