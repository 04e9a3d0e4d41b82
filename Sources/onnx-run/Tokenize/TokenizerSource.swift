internal import Bytes
internal import Converter
internal import Tokenizers

/// Finds the tokenizer that a path or a name means.
enum TokenizerSource {
    static func open(_ name: String, _ implementation: DistilBertTokenizer.Implementation) throws -> DistilBertTokenizer {
        let source = try ModelSource(name)
        let beside = TokenizerFiles(place: source.folder) { file throws(ONNXError) in try source.open(file) }
        guard source.weights == name else { return try DistilBertTokenizer(files: beside, implementation: implementation) }
        if name.hasSuffix(".json"), implementation == .fast { return try DistilBertTokenizer(json: name) }
        if name.hasSuffix(".txt") {
            var options = DistilBertTokenizer.Options()
            options.implementation = implementation
            return try DistilBertTokenizer(vocabulary: name, options: options)
        }
        let region = ByteRegion(try MappedFile(path: name))
        if NativeFile.isNative(region) {
            let native = try NativeFile(contentsOf: name)
            return try DistilBertTokenizer(files: TokenizerFiles(place: name) { native.file($0) }, implementation: implementation)
        }
        return try DistilBertTokenizer(files: beside, implementation: implementation)
    }
}
