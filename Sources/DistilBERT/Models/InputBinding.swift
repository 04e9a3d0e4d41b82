internal import Bytes
internal import Converter
internal import GraphIR
internal import OrderedCollections
internal import Tensors

/// Inputs of a call, checked and brought to the types and shapes that a graph takes.
struct InputBinding {
    let network: DistilBertNetwork
    private(set) var options = DistilBertGraphOptions()
    private(set) var feeds: [String: Value] = [:]
    /// The extents of ids: batch, choice where the task has them, sequence.
    private var axes: [Int] = []

    private var config: DistilBertConfig { network.config }

    init(_ network: DistilBertNetwork, _ inputs: DistilBertInputs, labels: [String: Tensor]) throws {
        self.network = network
        options.outputsHiddenStates = inputs.outputHiddenStates ?? config.outputHiddenStates
        options.outputsAttentions = inputs.outputAttentions ?? config.outputAttentions
        options.isTraining = inputs.training
        try bindTokens(inputs)
        try bindMask(inputs.attentionMask)
        if let positions = inputs.positionIDs { try bindPositions(positions) }
        if let mask = inputs.headMask { try bindHeadMask(mask) }
        if !labels.isEmpty { try bindLabels(labels) }
    }

    private mutating func bindTokens(_ inputs: DistilBertInputs) throws {
        let rank = network.task == .multipleChoice ? 3 : 2
        switch (inputs.inputIDs, inputs.inputsEmbeds) {
        case (let ids?, nil):
            try require(ids.rank == rank, "input_ids", ids, "integers [\(rank == 3 ? "batch, choice, sequence" : "batch, sequence")]")
            axes = ids.shape
            feeds["input_ids"] = .tensor(try integers(ids, "input_ids", in: 0..<config.vocabSize))
        case (nil, let embeds?):
            try require(
                embeds.rank == rank + 1 && embeds.shape.last == config.dim, "inputs_embeds", embeds,
                "numbers [\(rank == 3 ? "batch, choice, sequence" : "batch, sequence"), \(config.dim)]")
            axes = Array(embeds.shape.dropLast())
            feeds["inputs_embeds"] = .tensor(try floats(embeds, "inputs_embeds"))
            options.takesInputsEmbeds = true
        default:
            throw ONNXError(.usage, "exactly one of input_ids and inputs_embeds is given; \(inputs.inputIDs == nil ? "neither" : "both") found")
        }
        let needsPositions = !options.takesInputsEmbeds || network.semantics.inputsEmbeds == .embedded
        let length = axes.last ?? 0
        if needsPositions, inputs.positionIDs == nil, length > config.maxPositionEmbeddings {
            throw ONNXError(
                .usage, "a sequence of \(length) tokens is longer than the \(config.maxPositionEmbeddings) that the model has positions for",
                remedy: "truncate it")
        }
    }

    private mutating func bindMask(_ given: Tensor?) throws {
        guard let mask = given else {
            let count = axes.reduce(1, *)
            feeds["attention_mask"] = .tensor(try Tensor([Int64](repeating: 1, count: count), shape: axes))
            return
        }
        try require(mask.shape == axes, "attention_mask", mask, "numbers \(Shape.text(axes))")
        options.attentionMask = mask.elementType
        feeds["attention_mask"] = .tensor(mask)
    }

    private mutating func bindPositions(_ positions: Tensor) throws {
        let length = axes.last ?? 0
        let count = axes.reduce(1, *)
        let isOne = positions.shape.last == length && positions.count == length
        try require(
            isOne || positions.shape.last == length && positions.count == count, "position_ids", positions, "integers \(Shape.text(axes)) or [1, \(length)]")
        let ids = try integers(positions, "position_ids", in: 0..<config.maxPositionEmbeddings)
        let values = try ids.array(of: Int64.self)
        let repeated = isOne && length > 0 ? Array(repeatElement(values, count: count / length).joined()) : values
        feeds["position_ids"] = .tensor(try Tensor(repeated, shape: axes))
        options.takesPositionIDs = true
    }

    private mutating func bindHeadMask(_ mask: Tensor) throws {
        let (layers, heads) = (config.nLayers, config.nHeads)
        try require(mask.shape == [heads] || mask.shape == [layers, heads], "head_mask", mask, "numbers [\(heads)] or [\(layers), \(heads)]")
        let values = try floats(mask, "head_mask").array(of: Float.self)
        let all = mask.rank == 1 ? Array(repeatElement(values, count: layers).joined()) : values
        feeds["head_mask"] = .tensor(try Tensor(all, shape: [layers, heads]))
        options.takesHeadMask = true
    }

    private mutating func bindLabels(_ labels: [String: Tensor]) throws {
        let (batch, length) = (axes[0], axes[axes.count - 1])
        let kind = try kindOfLabels(labels)
        for (name, tensor) in labels {
            let shape: [Int]
            switch network.task {
            case .fillMask, .tokenClassification: shape = [batch, length]
            case .textClassification where kind == .values && config.numLabels > 1: shape = [batch, config.numLabels]
            default: shape = [batch]
            }
            let isColumn = shape == [batch] && tensor.shape == [batch, 1]
            try require(tensor.shape == shape || isColumn, name, tensor, "\(kind == .classes ? "integers" : "numbers") \(Shape.text(shape))")
            let values = kind == .classes ? try integers(tensor, name, in: nil) : try floats(tensor, name)
            feeds[name] = .tensor(try values.reshaped(shape))
        }
        options.labels = kind
    }

    /// Where the configuration leaves it open, integers are classes and other numbers are several labels at once.
    private func kindOfLabels(_ labels: [String: Tensor]) throws -> DistilBertGraphOptions.Labels? {
        let kind = DistilBertGraph.labels(of: config, task: network.task, semantics: network.semantics)
        let isOpen =
            network.task == .textClassification && config.problemType == nil && config.numLabels > 1
            && network.semantics.multiLabel == .binaryCrossEntropy
        return isOpen && labels.values.contains { $0.elementType.isFloatingPoint } ? .values : kind
    }

    private func require(_ condition: Bool, _ name: String, _ found: Tensor, _ expected: String) throws(ONNXError) {
        if !condition { throw ONNXError(.shape, "input '\(name)' is \(found), \(expected) expected") }
    }

    private func floats(_ tensor: Tensor, _ name: String) throws -> Tensor {
        if tensor.elementType.isInteger { return try Tensor(try integers(tensor, name, in: nil).array(of: Int64.self).map { Float($0) }, shape: tensor.shape) }
        try require([.float, .double, .float16, .bfloat16].contains(tensor.elementType), name, tensor, "numbers")
        return try tensor.cast(to: .float)
    }

    /// As int64, each in `range` if there is one.
    private func integers(_ tensor: Tensor, _ name: String, in range: Range<Int>?) throws -> Tensor {
        let values: [Int64]
        switch tensor.elementType {
        case .int64: values = try tensor.array(of: Int64.self)
        case .int32: values = try tensor.array(of: Int32.self).map(Int64.init)
        case .int16: values = try tensor.array(of: Int16.self).map(Int64.init)
        case .int8: values = try tensor.array(of: Int8.self).map(Int64.init)
        case .uint8: values = try tensor.array(of: UInt8.self).map(Int64.init)
        case .uint16: values = try tensor.array(of: UInt16.self).map(Int64.init)
        case .uint32: values = try tensor.array(of: UInt32.self).map(Int64.init)
        default: throw ONNXError(.shape, "input '\(name)' is \(tensor), integers expected")
        }
        if let range, let (index, wrong) = values.enumerated().first(where: { !(Int64(range.lowerBound)..<Int64(range.upperBound)).contains($0.element) }) {
            throw ONNXError(.shape, "input '\(name)' holds \(wrong) at \(index), but there are rows 0 to \(range.upperBound - 1)")
        }
        return tensor.elementType == .int64 ? tensor : try Tensor(values, shape: tensor.shape)
    }
}
