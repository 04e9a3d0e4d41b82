internal import Bytes
public import Converter
internal import GraphExecutor
package import GraphIR
public import OrderedCollections
internal import Parallelism
public import Tensors

/// Weights with their configuration, and the sessions that were compiled of them: what every class of the family is made of.
///
/// It is immutable to its users and may be called from many tasks at once.
public final class DistilBertNetwork: Sendable {
    /// The configuration.
    public let config: DistilBertConfig
    /// What the network is for.
    public let task: DistilBertTask
    /// Which version's ways are followed.
    public let semantics: DistilBertSemantics
    /// The state dict, float; a tied weight is not repeated.
    public let weights: OrderedDictionary<String, Tensor>
    /// What became of each tensor of the checkpoint; nil for a fresh network.
    public let report: ConversionReport?

    private let sessions = Locked<OrderedDictionary<DistilBertGraphOptions, Session>>([:])
    /// Each session packs the weights anew, so that only the last few are kept.
    private static let mostSessions = 4

    /// A network of the weights in a state dict, which are made float where they are of another type.
    ///
    /// Throws `ONNXError`: `.usage` for a configuration that isn't valid or a weight that is missing, `.shape` for one of another shape.
    public convenience init(
        _ config: DistilBertConfig, task: DistilBertTask, weights: OrderedDictionary<String, Tensor>, semantics: DistilBertSemantics = .newest
    ) throws {
        try self.init(config, task: task, semantics: semantics, weights: weights, report: nil)
    }

    init(
        _ config: DistilBertConfig, task: DistilBertTask, semantics: DistilBertSemantics, weights: OrderedDictionary<String, Tensor>,
        report: ConversionReport?
    ) throws {
        (self.config, self.task, self.semantics, self.report) = (config, task, semantics, report)
        self.weights = try weights.mapValues { try $0.cast(to: .float) }
        _ = try DistilBertGraph(config, task: task, semantics: semantics).checked(self.weights)
    }

    /// The network, if it is for `task`.
    func checked(for task: DistilBertTask) throws(ONNXError) -> DistilBertNetwork {
        guard self.task == task else { throw ONNXError(.usage, "the network is for \(self.task.rawValue), one for \(task.rawValue) expected") }
        return self
    }

    /// The graph with these inputs and outputs, its tensors those of the network.
    package func model(_ options: DistilBertGraphOptions = DistilBertGraphOptions()) throws -> Model {
        try DistilBertGraph(config, task: task, options: options, semantics: semantics).model(weights: weights)
    }

    /// Runs the graph on `inputs`, with a loss where there are `labels`.
    func run(_ inputs: DistilBertInputs, labels: [String: Tensor] = [:]) throws -> DistilBertAnswers {
        let binding = try InputBinding(self, inputs, labels: labels)
        let results = try session(binding.options).runSynchronously(binding.feeds, options: RunOptions(seed: inputs.seed))
        func all(_ prefix: String) -> [Tensor] { results.filter { $0.key.hasPrefix(prefix + ".") }.values.compactMap(\.tensor) }
        let main = results.filter { $0.key != "loss" && !$0.key.contains(".") }
        return DistilBertAnswers(
            loss: results["loss"]?.tensor, main: main.values.compactMap(\.tensor),
            hiddenStates: binding.options.outputsHiddenStates ? all("hidden_states") : nil,
            attentions: binding.options.outputsAttentions ? all("attentions") : nil)
    }

    private func session(_ options: DistilBertGraphOptions) throws -> Session {
        if let kept = sessions.withLock({ $0[options] }) { return kept }
        let session = try Session(model: try model(options))
        return sessions.withLock { sessions in
            if let other = sessions[options] { return other }
            if sessions.count >= Self.mostSessions { sessions.removeFirst() }
            sessions[options] = session
            return session
        }
    }
}
