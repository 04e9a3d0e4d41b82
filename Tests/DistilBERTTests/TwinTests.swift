import DistilBERT
import Foundation
import ONNX
import Testing

/// What the TensorFlow twins of transformers 4.46 answer, against ours under their semantics.
@Suite struct TwinTests {
    @Test(arguments: DistilBertTask.allCases, ["plain", "masked"]) func answersWhatTheTwinAnswers(_ task: DistilBertTask, _ group: String) throws {
        let family = try Family(task)
        let hasLoss = task != .base && group == "plain"
        let model = try family.model(.tensorflow) {
            ($0.outputsHiddenStates, $0.outputsAttentions, $0.labels) = (true, true, hasLoss ? .classes : nil)
        }
        var inputs = try family.inputs(["input_ids": "input_ids", "attention_mask": group == "plain" ? "attention_mask" : "masked"])
        if hasLoss && task == .questionAnswering {
            inputs["start_positions"] = .tensor(try Tensor([1, 0, 6] as [Int64], shape: [3]))
            inputs["end_positions"] = .tensor(try Tensor([4, 3, 0] as [Int64], shape: [3]))
        } else if hasLoss {
            inputs["labels"] = .tensor(try #require(family.values["labels"]))
        }
        let path = Family.folder.appending(path: "\(task.rawValue)/twin.npz").path
        let twin = Dictionary(try TensorFile.read(path).map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        for kind in SessionOptions.Kind.allCases {
            for (name, value) in try Session(model: model, options: SessionOptions(kind: kind)).runSynchronously(inputs) {
                let expected = try #require(twin["f32/\(group)/\(name)"]?.tensor, "\(name)")
                #expect(try distance(try #require(value.tensor), expected) < 4e-5, "\(name)")
            }
        }
    }
}
