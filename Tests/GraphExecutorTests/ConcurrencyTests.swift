import GraphExecutor
import ONNX
import Testing

@Suite struct ConcurrencyTests {
    private static func inputs(batch: Int, length: Int, seed: Int) throws -> [String: Value] {
        let ids = (0..<batch * length).map { Int64(($0 * 31 + seed * 17) % 127 + 1) }
        let mask = (0..<batch * length).map { Int64($0 % length <= (seed + $0 / length) % length ? 1 : 0) }
        return [
            "input_ids": .tensor(try Tensor(ids, shape: [batch, length])), "attention_mask": .tensor(try Tensor(mask, shape: [batch, length])),
        ]
    }

    private static let shapes = [(1, 1), (1, 8), (2, 5), (3, 7), (1, 13), (4, 3)]

    private static func bits(_ value: Value?) throws -> [UInt32] { try #require(value?.tensor).array(of: Float.self).map(\.bitPattern) }

    @Test(arguments: SessionOptions.Kind.allCases) func tasksShareASession(_ kind: SessionOptions.Kind) async throws {
        let session = try Session(model: try Fixtures.model("distilbert-tiny/base/ts17.onnx"), options: SessionOptions(kind: kind))
        let cases = try Self.shapes.enumerated().map { index, shape in try Self.inputs(batch: shape.0, length: shape.1, seed: index) }
        let serial = try cases.map { try Self.bits(session.runSynchronously($0)["last_hidden_state"]) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for run in 0..<200 {
                        let index = (task * 3 + run) % cases.count
                        let result = try await session.run(cases[index])
                        #expect(try Self.bits(result["last_hidden_state"]) == serial[index])
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: [1, 2, 3, 4]) func bitsDoNotDependOnThreads(_ threads: Int) throws {
        let model = try Fixtures.model("distilbert-tiny/six-layers/dynamo18.onnx")
        let one = try Session(model: model, options: SessionOptions(threads: 1))
        let several = try Session(model: model, options: SessionOptions(threads: threads))
        for (index, shape) in Self.shapes.enumerated() {
            let given = try Self.inputs(batch: shape.0, length: shape.1, seed: index)
            #expect(try Self.bits(one.runSynchronously(given).values.first) == Self.bits(several.runSynchronously(given).values.first))
        }
    }

    @Test func memoryIsGivenBack() throws {
        var options = SessionOptions()
        options.maxMemory = 4 << 20
        let session = try Session(model: try Fixtures.model("distilbert-tiny/base/ts17.onnx"), options: options)
        var kept: [Value] = []
        for run in 0..<300 {
            let shape = Self.shapes[run % Self.shapes.count]
            kept += try session.runSynchronously(Self.inputs(batch: shape.0 * 4, length: shape.1 * 4, seed: run)).values
            if run % 100 == 0 { session.trim() }
        }
        #expect(kept.count == 300)
    }
}
