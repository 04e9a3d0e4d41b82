import Converter
import Foundation
import GraphExecutor
import ONNX
import Testing

@Suite struct PackedCacheTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("packed-\(UUID().uuidString)").path

    private func session(_ precision: SessionOptions.Precision = .fp32, cached: Bool = true) throws -> Session {
        var options = SessionOptions()
        options.precision = precision
        if cached { options.packedCache = path }
        return try Session(model: try Fixtures.model("distilbert-tiny/base/ts17.onnx"), options: options)
    }

    private func bits(_ session: Session) throws -> [UInt32] {
        let inputs: [String: Value] = [
            "input_ids": .tensor(try Tensor([5, 9, 17, 3] as [Int64], shape: [1, 4])),
            "attention_mask": .tensor(try Tensor([1, 1, 1, 1] as [Int64], shape: [1, 4])),
        ]
        return try #require(try session.runSynchronously(inputs)["last_hidden_state"]?.tensor).array(of: Float.self).map(\.bitPattern)
    }

    private func bytes() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    /// Damages the file with `change`; the next session must say `note`, give the same bits, and leave a whole cache behind.
    private func isMadeAnew(after change: (inout Data) -> Void, note: String) throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let fresh = try session()
        let whole = try bytes()
        var damaged = whole
        change(&damaged)
        try damaged.write(to: URL(fileURLWithPath: path))
        let second = try session()
        #expect(second.notes.contains { $0.contains(note) }, "\(second.notes)")
        #expect(second.notes.last?.contains("made anew") == true)
        #expect(try bits(second) == bits(fresh))
        #expect(try bytes() == whole)
    }

    @Test(arguments: SessionOptions.Precision.allCases) func isUsedByTheNextSession(_ precision: SessionOptions.Precision) throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try session(precision)
        let forms = try #require(first.packedWeights)
        #expect(forms.isIncomplete && !forms.forms.isEmpty)
        let second = try session(precision)
        #expect(second.packedWeights?.isIncomplete == false && second.notes == first.notes)
        #expect(try bits(first) == bits(second))
        #expect(try bits(first) == bits(session(precision, cached: false)))
    }

    @Test func damagedFormIsNotUsed() throws { try isMadeAnew(after: { $0[$0.count - 1] ^= 1 }, note: "is damaged") }
    @Test func cutFileIsNotUsed() throws { try isMadeAnew(after: { $0.removeLast($0.count / 2) }, note: "packed-") }
    @Test func otherFileIsNotUsed() throws { try isMadeAnew(after: { $0 = Data("not safetensors at all".utf8) }, note: "packed-") }

    @Test func formsOfOtherPrecisionsStay() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        for precision in SessionOptions.Precision.allCases { #expect(try session(precision).packedWeights?.isIncomplete == true) }
        let whole = try bytes()
        for precision in SessionOptions.Precision.allCases {
            let (again, plain) = (try session(precision), try session(precision, cached: false))
            #expect(again.packedWeights?.isIncomplete == false && again.notes == plain.notes)
            #expect(try bits(again) == bits(plain))
        }
        #expect(try bytes() == whole)
    }

    /// Doubles one weight of `model`, and says its name.
    private func change(_ model: inout Model) throws -> String {
        let name = try #require(model.graph.initializers.first { $0.value.rank == 2 && $0.key.contains("MatMul") }?.key)
        let weight = try #require(model.graph.initializers[name])
        model.graph.initializers[name] = try Tensor(weight.array(of: Float.self).map { $0 * 2 }, shape: weight.shape)
        return name
    }

    @Test func formsOfOtherValuesGoWithTheNextWriting() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try session(.bf16)
        var options = SessionOptions()
        options.packedCache = path
        var model = try Fixtures.model("distilbert-tiny/base/ts17.onnx")
        let name = try change(&model)
        _ = try Session(model: model, options: options)
        let made = try #require(session(.bf16).packedWeights).forms.filter(\.isMade)
        #expect(made.count == 1 && made[0].name.hasSuffix("/" + name), "\(made.map(\.name))")
    }

    @Test func formOfOtherValuesIsNotUsed() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try session()
        var model = try Fixtures.model("distilbert-tiny/base/ts17.onnx")
        let name = try change(&model)
        var options = SessionOptions()
        options.packedCache = path
        let second = try Session(model: model, options: options)
        #expect(second.notes.contains { $0.contains(name) && $0.contains("stale") }, "\(second.notes)")
        #expect(try bits(second) == bits(Session(model: model)))
    }

    @Test func nativeFileKeepsForms() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        var model = try Fixtures.model("distilbert-tiny/base/ts17.onnx")
        let first = try Session(model: model)
        model.packedForms = try #require(first.packedWeights).forNativeFile()
        try NativeFile.write(model, to: path)

        var native = try ModelFile(contentsOf: path).model
        let second = try Session(model: native)
        #expect(second.packedWeights?.isIncomplete == false)
        #expect(try bits(second) == bits(first))

        _ = try change(&native)
        let changed = try Session(model: native)
        #expect(changed.packedWeights?.forms.filter(\.isMade).count == 1)
        #expect(try bits(changed) != bits(first))
    }
}
