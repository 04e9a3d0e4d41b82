import Foundation
import GraphExecutor
import GraphIR
import ONNX
import Testing

/// Two runs side by side, and the first node at which they part.
struct ComparisonTests {
    private static let model = "distilbert-tiny/base/ts17.onnx"

    private static func inputs() throws -> [String: Value] { try Fixtures.values("distilbert-tiny/base/inputs-right.npz") }

    /// The model with one element of an initializer moved.
    private static func changed(_ name: String, by amount: Float = 0.5) throws -> ONNX.Model {
        var model = try Fixtures.model(model)
        let tensor = try #require(model.graph.initializers[name])
        var elements = try tensor.array(of: Float.self)
        elements[elements.count / 2] += amount
        model.graph.initializers[name] = try Tensor(elements, shape: tensor.shape)
        return model
    }

    /// Each node that reads a float weight is found when that weight is changed, in either session, and repeats the difference on its own.
    @Test(arguments: SessionOptions.Kind.allCases)
    func theNodeWhoseWeightWasChangedIsFound(kind: SessionOptions.Kind) throws {
        let (original, inputs) = (try Fixtures.model(Self.model), try Self.inputs())
        let options = SessionOptions(kind: kind)
        let first = try Session(model: original, options: options)
        var found = 0
        for (name, tensor) in original.graph.initializers where tensor.elementType == .float && tensor.rank > 0 {
            let readers = original.graph.nodes.filter { $0.inputs.contains(name) }
            guard readers.count == 1 else { continue }
            let second = try Session(model: Self.changed(name), options: options)
            let comparison = try SessionComparison(first, inputs, against: second, inputs, tolerance: ValueError.Tolerance())
            guard let entry = comparison.firstBeyond else {
                // A row that no id reads.
                #expect(name.hasSuffix("_embeddings.weight"), "\(name)")
                continue
            }
            found += 1
            let part = try #require(try comparison.part(first, second, for: entry))
            let changed = try #require(part.b)
            #expect(part.a.graph.nodes.contains { $0.inputs.contains(name) }, "\(name): \(entry.node)")
            if kind == .reference {
                #expect(part.a.graph.nodes.count == 1 && entry.node == readers[0].description)
            }
            let values = Dictionary(part.inputs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
            let again = try SessionComparison(
                Session(model: part.a, options: options), values, against: Session(model: changed, options: options), values,
                tolerance: ValueError.Tolerance())
            #expect(again.firstBeyond?.name == entry.name, "\(name)")
        }
        #expect(found > 30)
    }

    @Test func aModelAgreesWithItself() throws {
        let (model, inputs) = (try Fixtures.model(Self.model), try Self.inputs())
        let sessions = try SessionOptions.Kind.allCases.map { try Session(model: model, options: SessionOptions(kind: $0)) }
        let comparison = try SessionComparison(sessions[0], inputs, against: sessions[1], inputs, tolerance: ValueError.Tolerance())
        #expect(comparison.firstBeyond == nil && comparison.entries.count > 20 && comparison.onlyFirst > 100)
        // What lay in the arena was copied before it was overwritten.
        #expect(comparison.entries.allSatisfy { $0.error.maxAbsolute < 1e-5 })
    }

    @Test func outputsOfOtherNamesAreMatchedByPosition() throws {
        let inputs = try Self.inputs()
        let first = try Session(model: Fixtures.model(Self.model))
        let second = try Session(model: Fixtures.model("distilbert-tiny/base/dynamo20-static.onnx"))
        let wanted = try first.runSynchronously(inputs)
        let comparison = try SessionComparison(
            first, inputs, against: [("other", try #require(wanted["last_hidden_state"]))], tolerance: ValueError.Tolerance())
        #expect(comparison.entries.map(\.name) == ["last_hidden_state"] && comparison.firstBeyond == nil)
        #expect(second.outputs.count == 1)
    }

    struct Distance: Sendable, CustomTestStringConvertible {
        let a: Float
        let b: Float
        let absolute: Double
        let ulp: UInt64
        let isBeyond: Bool
        var testDescription: String { "\(a) \(b)" }
    }

    @Test(arguments: [
        Distance(a: 1, b: 1, absolute: 0, ulp: 0, isBeyond: false), Distance(a: 1, b: Float(1).nextUp, absolute: 0x1p-23, ulp: 1, isBeyond: false),
        Distance(a: .leastNonzeroMagnitude, b: -.leastNonzeroMagnitude, absolute: 0x1p-148, ulp: 2, isBeyond: false),
        Distance(a: .nan, b: .nan, absolute: 0, ulp: 0, isBeyond: false), Distance(a: .nan, b: 1, absolute: .infinity, ulp: 0, isBeyond: true),
        Distance(a: .infinity, b: .infinity, absolute: 0, ulp: 0, isBeyond: false), Distance(a: 2, b: 1, absolute: 1, ulp: 1 << 23, isBeyond: true),
        Distance(a: 0, b: -0.0, absolute: 0, ulp: 0, isBeyond: false),
    ])
    func distances(_ each: Distance) throws {
        let error = try ValueError(
            .tensor(Tensor([0, each.a], shape: [1, 2])), .tensor(Tensor([0, each.b], shape: [1, 2])), ValueError.Tolerance(absolute: 1e-4, relative: 1e-4))
        #expect(error.maxAbsolute == each.absolute && error.maxULP == each.ulp && error.isBeyond == each.isBeyond)
        #expect(error.absentOrAt([0, 1]))
    }

    @Test func whatCantBeComparedIsSaid() throws {
        func mismatch(_ a: Tensor, _ b: Tensor) throws -> String? { try ValueError(.tensor(a), .tensor(b), ValueError.Tolerance()).mismatch }
        #expect(try mismatch(Tensor([1, 2] as [Float], shape: [2]), Tensor([1, 2] as [Float], shape: [1, 2])) == "float[2] against float[1,2]")
        #expect(try mismatch(Tensor([1] as [Float], shape: [1]), Tensor([1] as [Int64], shape: [1])) == "float[1] against int64[1]")
        #expect(try mismatch(Tensor(strings: ["a"], shape: [1]), Tensor(strings: ["b"], shape: [1])) != nil)
        #expect(try ValueError(.tensor(Tensor([5] as [Int64], shape: [1])), .tensor(Tensor([6] as [Int64], shape: [1])), ValueError.Tolerance()).isBeyond)
    }
}

extension ValueError {
    fileprivate func absentOrAt(_ index: [Int]) -> Bool { worst.map { $0.index == index } ?? true }
}
