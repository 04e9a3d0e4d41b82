internal import Bytes

extension Vocabulary {
    /// Reads vocab.txt: a token a line, its id the line's number from 0.
    init(lines region: ByteRegion, limits: Limits) throws(ONNXError) {
        let name = quoted(region.file.name)
        guard region.count <= limits.jsonBytes else {
            throw ONNXError(.limit, "\(region.count) bytes are above the limit of \(limits.jsonBytes)", place: [name], remedy: "raise the limit jsonBytes")
        }
        var entries: [(token: [UInt8], id: Int32)] = []
        for line in region.bytes().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            entries.append((Array(line), Int32(truncatingIfNeeded: entries.count)))
            guard String(validating: line, as: UTF8.self) != nil else {
                throw ONNXError(.malformed, "is not UTF-8\(FileKind.hint(region, expected: .json))", place: [name, "line \(entries.count)"])
            }
            guard line.count <= limits.nameBytes else {
                throw ONNXError(.limit, "a token of \(line.count) bytes is above the limit of \(limits.nameBytes)", place: [name, "line \(entries.count)"])
            }
        }
        if entries.last?.token.isEmpty == true { entries.removeLast() }
        guard !entries.isEmpty else { throw ONNXError(.malformed, "holds no token", place: [name]) }
        try self.init(entries, name: name)
    }

    /// Reads the `vocab` object of tokenizer.json: token to id.
    init(members: [JSONValue.Member], name: String, limits: Limits) throws(ONNXError) {
        var entries: [(token: [UInt8], id: Int32)] = []
        entries.reserveCapacity(members.count)
        for member in members {
            guard member.name.utf8.count <= limits.nameBytes else {
                throw ONNXError(.limit, "a token of \(member.name.utf8.count) bytes is above the limit of \(limits.nameBytes)", place: [name, "vocab"])
            }
            entries.append((Array(member.name.utf8), try tokenID(member.value, of: member.name, place: [name, "vocab"])))
        }
        guard !entries.isEmpty else { throw ONNXError(.malformed, "holds no token", place: [name, "vocab"]) }
        try self.init(entries, name: name)
        var owners: [Int32: [UInt8]] = [:]
        for entry in entries {
            if let other = owners.updateValue(entry.token, forKey: entry.id) {
                let tokens = [other, entry.token].map { "\"\(quoted(String(decoding: $0, as: UTF8.self)))\"" }
                throw ONNXError(
                    .malformed, "the id \(entry.id) belongs to \(tokens[0]) and to \(tokens[1])", place: [name, "vocab"], remedy: "give each token an id")
            }
        }
    }
}

/// An id: an integer from 0 to 2^31 - 2.
func tokenID(_ value: JSONValue, of token: String, place: [String]) throws(ONNXError) -> Int32 {
    guard let id = value.int, id >= 0, id < Int(Int32.max) else {
        let found = value.int.map(String.init) ?? value.kind
        throw ONNXError(
            .malformed, "the id of \"\(quoted(token))\" is \(found), not an integer from 0 to \(Int32.max - 1)", place: place)
    }
    return Int32(truncatingIfNeeded: id)
}
