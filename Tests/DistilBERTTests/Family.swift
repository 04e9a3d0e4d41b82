import Converter
import DistilBERT
import Foundation
import ONNX
import Testing

/// A checkpoint under Models/family, its inputs, and what PyTorch answers in float64.
struct Family {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(
        path: "Models/family")

    let task: DistilBertTask
    let config: DistilBertConfig
    let weights: OrderedDictionary<String, Tensor>
    let values: [String: Tensor]

    init(_ task: DistilBertTask) throws {
        self.task = task
        let folder = Self.folder.appending(path: task.rawValue)
        config = try DistilBertConfig(contentsOf: folder.appending(path: "config.json").path)
        let (weights, report) = try StateDict.load(
            try Checkpoint(contentsOf: folder.appending(path: "model.safetensors").path), expecting: try config.expectedWeights(for: task))
        try report.requireComplete(isStrict: true)
        self.weights = weights
        values = Dictionary(
            try TensorFile.read(folder.appending(path: "expected.npz").path).compactMap { entry in entry.value.tensor.map { (entry.name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// The input of that name, or `other` under it.
    func inputs(_ names: [String: String]) throws -> [String: Value] {
        try names.mapValues { name in .tensor(try #require(values[name], "\(name)")) }
    }

    var plain: [String: Value] { get throws { try inputs(["input_ids": "input_ids", "attention_mask": "attention_mask"]) } }

    func model(
        _ semantics: DistilBertSemantics = .newest, config: DistilBertConfig? = nil, _ change: (inout DistilBertGraphOptions) -> Void = { _ in }
    ) throws -> Model {
        var options = DistilBertGraphOptions()
        change(&options)
        return try DistilBertGraph(config ?? self.config, task: task, options: options, semantics: semantics).model(weights: weights)
    }

    /// Compares results with PyTorch's of `kind`, by name.
    func expect(_ results: OrderedDictionary<String, Value>, _ kind: String, tolerance: Double = 2e-5, _ note: String = "") throws {
        for (name, value) in results {
            let expected = try #require(values["\(kind).\(name)"], "\(kind).\(name)")
            let found = try distance(try #require(value.tensor), expected)
            #expect(found <= tolerance, "\(task) \(kind) \(name) \(note)")
        }
    }
}

/// The elements of a tensor of numbers.
func numbers(_ tensor: Tensor) throws -> [Double] {
    switch tensor.elementType {
    case .double: try tensor.array(of: Double.self)
    case .float16: try tensor.array(of: Float16.self).map(Double.init)
    default: try tensor.array(of: Float.self).map(Double.init)
    }
}

/// The largest distance between two tensors of one shape; infinite where only one of two elements is a NaN.
func distance(_ a: Tensor, _ b: Tensor) throws -> Double {
    #expect(a.shape == b.shape)
    return zip(try numbers(a), try numbers(b)).reduce(0) { most, pair in
        if pair.0.isNaN && pair.1.isNaN || pair.0 == pair.1 { return most }
        let difference = abs(pair.0 - pair.1)
        return max(most, difference.isNaN ? .infinity : difference)
    }
}
