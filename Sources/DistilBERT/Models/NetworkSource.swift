internal import Bytes
internal import Converter
internal import OrderedCollections
internal import Tensors

extension DistilBertNetwork {
    /// The network of the weights at `source`, for `task` whatever task they were trained for. A native file brings its own configuration.
    convenience init(from source: ModelSource, task: DistilBertTask, seed: UInt64?, semantics: DistilBertSemantics) throws {
        let native = try source.native()
        guard let text = try native?.file("config.json") ?? source.open("config.json") else {
            throw ONNXError(.io, "has no config.json", place: [quoted(source.folder)], remedy: "put the model's config.json beside its weights")
        }
        try self.init(try native?.weights() ?? source.checkpoint(), try DistilBertConfig(text), task: task, seed: seed, semantics: semantics)
    }

    /// The network of `checkpoint`. Weights of the head that it lacks are drawn.
    convenience init(_ checkpoint: Checkpoint, _ config: DistilBertConfig, task: DistilBertTask, seed: UInt64?, semantics: DistilBertSemantics) throws {
        let expected = try config.expectedWeights(for: task)
        let (found, report) = try StateDict.load(checkpoint, expecting: expected)
        let base = DistilBertNames(task: task).base
        for item in report.items(.mismatched) + report.items(.missing).filter({ $0.name?.hasPrefix(base) ?? false }) {
            let shapes = item.outcome == .missing ? "is missing" : "has the shape \(Shape.text(item.found ?? [])), \(Shape.text(item.expected ?? [])) expected"
            let hint = item.closest.map { "; the closest that is there is \"\(quoted($0))\"" } ?? ""
            throw ONNXError(
                .shape, "the weight \"\(quoted(item.name ?? item.source ?? ""))\" \(shapes)\(hint)", remedy: "give a checkpoint of this configuration")
        }
        let isWhole = report.items(.missing).isEmpty
        let fresh = FreshWeights(config: config, task: task, initialisation: semantics.initialisation)
        let drawn = isWhole ? [:] : try fresh.make(seed: seed ?? UInt64.random(in: 0 ... .max))
        var weights: OrderedDictionary<String, Tensor> = [:]
        for weight in expected { weights[weight.name] = found[weight.name] ?? drawn[weight.name] }
        try self.init(config, task: task, semantics: semantics, weights: weights, report: report)
    }
}

extension ModelSource {
    /// The weights' file, where it is a native one.
    fileprivate func native() throws -> NativeFile? {
        guard let weights else { return nil }
        // The file that a user named may be a link anywhere; one that was found in a folder may not leave it.
        let region = weights == name ? ByteRegion(try MappedFile(path: weights)) : try open(String(weights.dropFirst(folder.count + 1)))
        return try region.flatMap { NativeFile.isNative($0) ? try NativeFile($0) : nil }
    }
}

extension NativeFile {
    /// The weights, without the constants of a graph that was built here.
    func weights() throws -> Checkpoint {
        let all = try checkpoint()
        let entries = all.entries.filter { !$0.key.hasPrefix(GraphBuilder.constantPrefix) }
        return Checkpoint(format: all.format, entries: entries, metadata: all.metadata)
    }
}
