package import Bytes
internal import Converter
internal import GraphIR
internal import OrderedCollections

/// The files that travel with a model: configuration, tokenizer, model card, licence.
package struct Companions: Sendable {
    static let configuration = "config.json"
    private static let card = "README.md"
    private static let licenceKey = "license"
    /// Those that an .onnx file carries in its metadata.
    private static let texts = [configuration, card] + ModelSource.documents.filter { $0 != card }

    package private(set) var files: [(name: String, region: ByteRegion)] = []

    /// Those in the folder of `source`; the model card and the licence only where there is a configuration or a tokenizer beside them.
    init(_ source: ModelSource) throws {
        for name in [Self.configuration] + ModelSource.tokenizerFiles {
            if let region = try source.open(name) { files.append((name, region)) }
        }
        guard !files.isEmpty else { return }
        for name in ModelSource.documents {
            if let region = try Self.document(name, of: source) { files.append((name, region)) }
        }
    }

    /// Nil where there is none, or an empty one: that can't be mapped, and is nothing to carry.
    private static func document(_ name: String, of source: ModelSource) throws(ONNXError) -> ByteRegion? {
        do throws(ONNXError) { return try source.open(name) } catch {
            guard error.code == .malformed else { throw error }
            return nil
        }
    }

    /// Those in a native file.
    init(_ file: NativeFile) {
        files = file.fileNames.compactMap { name in file.file(name).map { (name, $0) } }
    }

    /// Takes over the texts that an .onnx file has in its metadata, where no file has them.
    mutating func add(metadataOf model: Model) throws {
        for name in Self.texts where self[name] == nil {
            guard let text = model.metadata[name], !text.isEmpty else { continue }
            files.append((name, ByteRegion(try MappedFile(name: name, copying: Array(text.utf8)))))
        }
    }

    subscript(_ name: String) -> ByteRegion? { files.first { $0.name == name }?.region }

    /// Puts `bytes` in the place of the configuration.
    mutating func replaceConfiguration(_ bytes: [UInt8]) throws {
        let region = ByteRegion(try MappedFile(name: Self.configuration, copying: bytes))
        files = [(Self.configuration, region)] + files.filter { $0.name != Self.configuration }
    }

    /// What the model card says of the licence: `license: apache-2.0` in its front matter.
    var licence: String? {
        guard let card = self[Self.card], let head = try? card.slice(offset: 0, count: min(card.count, 1 << 16)) else { return nil }
        let lines = String(decoding: head.bytes(), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first?.hasPrefix("---") == true else { return nil }
        let line = lines.dropFirst().prefix { !$0.hasPrefix("---") }.first { $0.hasPrefix("license:") }
        let name = line?.dropFirst("license:".count).trimming { $0.isWhitespace || $0 == "\"" || $0 == "'" }
        return name.flatMap { $0.isEmpty ? nil : String($0) }
    }

    /// `model` with the licence in its metadata.
    func licensing(_ model: Model) -> Model {
        var model = model
        if let licence, model.metadata[Self.licenceKey] == nil { model.metadata[Self.licenceKey] = licence }
        return model
    }

    /// `model` with the texts in its metadata, for an .onnx file without others beside it.
    func inMetadata(of model: Model) -> Model {
        var model = model
        for name in Self.texts {
            if let text = self[name].flatMap({ String(validating: $0.bytes(), as: UTF8.self) }) { model.metadata[name] = text }
        }
        return model
    }

    /// The safetensors metadata that says what every tool may want to know.
    func metadata(of model: Model) -> [(String, String)] {
        model.metadata[Self.licenceKey].map { [(Self.licenceKey, $0)] } ?? []
    }
}

extension Substring {
    fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> Substring {
        let front = drop(while: isTrimmed)
        return front.lastIndex { !isTrimmed($0) }.map { front[...$0] } ?? ""
    }
}
