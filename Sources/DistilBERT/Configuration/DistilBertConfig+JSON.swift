public import Bytes
internal import OrderedCollections

extension DistilBertConfig {
    /// Reads the config.json at `path`. A BERT configuration is read too, as that of the DistilBERT that its weights can be folded into.
    ///
    /// Throws `ONNXError`: `.io` where the file can't be read, `.malformed` for what is no JSON or has a value of the wrong kind or out of range,
    /// `.unsupported` for an activation or a model type that isn't known; the place names the file and the member.
    public init(contentsOf path: String, limits: Limits = Limits()) throws(ONNXError) {
        try self.init(ByteRegion(try MappedFile(path: path)), limits: limits)
    }

    /// Reads the text of a config.json.
    package init(_ region: ByteRegion, limits: Limits = Limits()) throws(ONNXError) {
        let text = try JSONValue(region, limits: limits)
        do throws(ONNXError) { try self.init(text) } catch { throw error.at(quoted(region.file.name)) }
    }

    /// Takes the members of a config.json that has been read.
    package init(_ json: JSONValue) throws(ONNXError) {
        guard let members = json.members else { throw ONNXError(.malformed, "a configuration is an object, \(json.kind) found") }
        self.init()
        let type = json["model_type"]?.string
        guard type == nil || type == "distilbert" || type == "bert" else {
            throw ONNXError(.unsupported, "model_type is \"\(quoted(type ?? ""))\"; distilbert, or bert to be converted, expected")
        }
        source = type == "bert" ? try BertMembers.translated(members) : members
        for field in ConfigField.all {
            guard let (name, value) = try field.find(in: source) else { continue }
            do throws(ONNXError) { try field.read(&self, value) } catch { throw error.at("\"\(name)\"") }
        }
        do throws(ONNXError) { try validate() } catch { throw ONNXError(.malformed, error.message, remedy: error.remedy) }
    }

    /// The text of config.json: every field, in the order of the file that was read and then of transformers, and what that file had besides.
    package func jsonBytes() throws -> [UInt8] {
        try JSONWriter.bytes { json in try json.value(.object(members)) }
    }

    /// Writes config.json to `path`. Throws `.usage` for a configuration that isn't valid, `.io` where the file can't be written.
    public func write(to path: String) throws {
        try validate()
        let file = try AtomicFile(path: path)
        try file.write(try jsonBytes())
        try file.commit()
    }

    private var members: [JSONValue.Member] {
        var written: Set<String> = []
        var result: [JSONValue.Member] = []
        for member in source {
            guard let field = ConfigField.all.first(where: { $0.names.contains(member.name) }) else {
                result.append(member)
                continue
            }
            guard written.insert(field.name).inserted else { continue }
            if let value = field.write(self) ?? field.whenUnset(member) { result.append(JSONValue.Member(field.name, value)) }
        }
        let isNamed = result.contains { $0.name == "model_type" }
        let type = isNamed ? [] : [JSONValue.Member("model_type", .string("distilbert"))]
        return result + type
            + ConfigField.all.compactMap { field in
                written.contains(field.name) ? nil : field.write(self).map { JSONValue.Member(field.name, $0) }
            }
    }
}
