import GraphExecutor
import ONNX
import Testing

/// Batches of which padding is not computed.
@Suite struct PaddingTests {
    private static let classifiers = ["ts17", "ts20", "ts11-eager", "dynamo18", "dynamo23", "dynamo25"].map {
        "distilbert-tiny/sequence-classification/\($0).onnx"
    }
    private static let tokens = [
        "distilbert-tiny/base/ts17.onnx", "distilbert-tiny/base/dynamo18.onnx", "distilbert-tiny/base/dynamo23.onnx",
        "distilbert-tiny/token-classification/ts17.onnx",
        "distilbert-tiny/question-answering/ts17.onnx", "distilbert-tiny/masked-lm/ts17.onnx", "distilbert-tiny/base/ts17-hidden-states.onnx",
    ]

    private func session(
        _ path: String, _ kind: SessionOptions.Kind = .optimized, padding: SessionOptions.Padding = .compute, threads: Int = 2,
        precision: SessionOptions.Precision = .fp32
    ) throws -> Session {
        var options = SessionOptions(kind: kind, threads: threads)
        options.padding = padding
        options.precision = precision
        return try Session(model: try Fixtures.model(path), options: options)
    }

    private func packed(_ session: Session) -> Int { session.passReports.flatMap(\.patches).count { $0.kind == "packed" } }

    private func refusals(_ session: Session) -> [String] {
        session.passReports.first { $0.pass == "skip padding" }?.refusals.map { "\($0.node): \($0.reason)" } ?? []
    }

    /// Ids and mask of sequences; `mask` says for each which places are tokens.
    private func batch(_ masks: [[Int]]) throws -> [String: Value] {
        let length = masks.first?.count ?? 0
        let ids = masks.enumerated().flatMap { index, mask in
            mask.indices.map { place in
                // A token is the same whatever stands before or behind it.
                let rank = mask[..<place].reduce(0, +)
                return mask[place] == 0 ? Int64(0) : Int64(5 + (index * 31 + rank * 7) % 40)
            }
        }
        return [
            "input_ids": .tensor(try Tensor(ids, shape: [masks.count, length])),
            "attention_mask": .tensor(try Tensor(masks.flatMap { $0.map(Int64.init) }, shape: [masks.count, length])),
        ]
    }

    private func right(_ length: Int, of width: Int) -> [Int] { (0..<width).map { $0 < length ? 1 : 0 } }
    private func left(_ length: Int, of width: Int) -> [Int] { (0..<width).map { $0 >= width - length ? 1 : 0 } }

    private func bits(_ value: Value?) throws -> [UInt32] { try #require(value?.tensor).array(of: Float.self).map(\.bitPattern) }

    @Test(arguments: classifiers) func firesOnClassifiers(_ path: String) throws { #expect(packed(try session(path)) == 2) }

    @Test(arguments: tokens) func leavesRowsThatAreOutputs(_ path: String) throws {
        let computing = try session(path)
        #expect(packed(computing) == 0)
        #expect(refusals(computing).contains { $0.contains("has a row for each token") }, "\(refusals(computing))")
        let skipping = try session(path, padding: .skip)
        #expect(packed(skipping) == 2, "\(refusals(skipping))")
    }

    @Test(arguments: ["quantized-dynamic", "quantized-qdq", "optimized-transformers"]) func refusesWhatMixesRows(_ name: String) throws {
        let session = try session("distilbert-tiny/sequence-classification/\(name).onnx")
        #expect(packed(session) == 0)
    }

    /// Every mask that a batch may have, against the graph's own meaning.
    @Test(arguments: classifiers) func keepsTheGraphsMeaning(_ path: String) throws {
        let batches: [(String, [[Int]])] = [
            ("right", [right(9, of: 9), right(4, of: 9), right(1, of: 9)]), ("left", [left(9, of: 9), left(4, of: 9), left(1, of: 9)]),
            ("both", [right(3, of: 6), left(5, of: 6)]), ("holes", [[1, 0, 1, 0, 0, 1, 1], [1, 1, 1, 1, 1, 1, 1], [1, 0, 0, 0, 0, 0, 1]]),
            ("one fully masked", [right(5, of: 5), right(0, of: 5), right(2, of: 5)]), ("all zero", [right(0, of: 4), right(0, of: 4)]),
            ("nothing masked", [right(5, of: 5), right(5, of: 5)]), ("one token", [[1], [1], [1]]), ("one masked token", [[0], [1]]),
            ("one sequence", [right(4, of: 8)]),
        ]
        let (fused, plain) = (try session(path), try session(path, .reference))
        for (name, masks) in batches {
            let inputs = try batch(masks)
            // The same plan serves batches of one shape, whatever their masks.
            let (found, expected) = (try fused.runSynchronously(inputs), try plain.runSynchronously(inputs))
            for output in fused.outputs.map(\.name) { #expect(try distance(found[output], expected[output]) < 2e-5, "\(name)") }
        }
    }

    @Test(arguments: classifiers) func runsNoSequences(_ path: String) throws {
        let inputs: [String: Value] = [
            "input_ids": .tensor(try Tensor([Int64](), shape: [0, 7])), "attention_mask": .tensor(try Tensor([Int64](), shape: [0, 7])),
        ]
        let (fused, plain) = (try session(path), try session(path, .reference))
        // A reshape to -1 leaves open what no element can say, so that the graph as it stands may be refused.
        let expected = try? plain.runSynchronously(inputs)
        let found = try fused.runSynchronously(inputs)
        for output in fused.outputs.map(\.name) {
            #expect(found[output]?.tensor?.shape.first == 0)
            if let expected { #expect(found[output]?.tensor?.shape == expected[output]?.tensor?.shape) }
        }
    }

    /// The same bits alone, among others, and right-padded by 0 to 100, for any number of threads.
    @Test(arguments: classifiers, SessionOptions.Precision.allCases) func bitsDoNotDependOnOtherSequences(
        _ path: String, _ precision: SessionOptions.Precision
    ) throws {
        let one = try session(path, threads: 1, precision: precision)
        let output = try #require(one.outputs.first?.name)
        let alone = try bits(try one.runSynchronously(try batch([right(11, of: 11)]))[output])
        for threads in [1, 3] { try expectSameBits(alone, output, try session(path, threads: threads, precision: precision)) }
    }

    private func expectSameBits(_ alone: [UInt32], _ output: String, _ session: Session) throws {
        for padding in [0, 1, 2, 5, 16, 37, 53] {
            let width = 11 + padding
            let masks = [right(11, of: width), right(width, of: width), right(1, of: width), right(width / 2, of: width)]
            let among = try bits(try session.runSynchronously(try batch(masks))[output])
            #expect(Array(among.prefix(alone.count)) == alone, "padded by \(padding)")
            let padded = try bits(try session.runSynchronously(try batch([right(11, of: width)]))[output])
            #expect(padded == alone, "alone, padded by \(padding)")
        }
    }

    // MARK: heads of other kinds

    /// An encoder of one layer without positions, and what is made of its rows "h" [batch, sequence, 8].
    struct Head: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let isPacked: Bool
        /// From "h", "mask" and the constants below to "y".
        let nodes: [Node]
        /// What a refusal says.
        var because = ""
    }

    private static let expanded = [
        Node("Unsqueeze", inputs: ["mask", "last"], outputs: ["mask3"]), Node("Cast", inputs: ["mask3"], outputs: ["weights"], attributes: ["to": .int(1)]),
    ]
    private static func sum(_ value: String, _ result: String) -> Node {
        Node("ReduceSum", inputs: [value, "one"], outputs: [result], attributes: ["keepdims": .int(0)])
    }

    static let heads: [Head] = [
        Head(testDescription: "the first row", isPacked: true, nodes: [Node("Gather", inputs: ["h", "zero"], outputs: ["y"], attributes: ["axis": .int(1)])]),
        Head(
            testDescription: "the mean of what the mask shows", isPacked: true,
            nodes: expanded + [
                Node("Mul", inputs: ["h", "weights"], outputs: ["shown"]), sum("shown", "sums"), sum("weights", "counts"),
                Node("Div", inputs: ["sums", "counts"], outputs: ["y"]),
            ]),
        Head(
            testDescription: "the mean, the mask spread over columns", isPacked: true,
            nodes: expanded + [
                Node("Shape", inputs: ["h"], outputs: ["whole"]), Node("Expand", inputs: ["weights", "whole"], outputs: ["spread"]),
                Node("Mul", inputs: ["spread", "h"], outputs: ["shown"]), sum("shown", "y"),
            ]),
        Head(
            testDescription: "weighted by something that isn't the mask", isPacked: true,
            nodes: [
                Node("Cast", inputs: ["ids"], outputs: ["floats"], attributes: ["to": .int(1)]),
                Node("Unsqueeze", inputs: ["floats", "last"], outputs: ["weights"]),
                Node("Mul", inputs: ["h", "weights"], outputs: ["shown"]), sum("shown", "y"),
            ]),
        Head(testDescription: "the mean of all rows", isPacked: false, nodes: [sum("h", "y")], because: "reads hidden rows"),
        Head(
            // Its query is made of an embedding alone, so that only keys and values are left out.
            testDescription: "the last row", isPacked: true,
            nodes: [Node("Gather", inputs: ["h", "minus"], outputs: ["y"], attributes: ["axis": .int(1)])]),
        Head(testDescription: "the rows themselves", isPacked: false, nodes: [Node("Tanh", inputs: ["h"], outputs: ["y"])], because: "a row for each token"),
        Head(
            testDescription: "the first row, the other axis mixed before", isPacked: false,
            nodes: [
                Node("Softmax", inputs: ["h"], outputs: ["mixed"], attributes: ["axis": .int(1)]),
                Node("Gather", inputs: ["mixed", "zero"], outputs: ["y"], attributes: ["axis": .int(1)]),
            ], because: "reads hidden rows"),
        Head(
            testDescription: "scaled over the batch", isPacked: false,
            nodes: [
                Node("DynamicQuantizeLinear", inputs: ["h"], outputs: ["bytes", "scale", "origin"]),
                Node("DequantizeLinear", inputs: ["bytes", "scale", "origin"], outputs: ["rounded"]),
                Node("Gather", inputs: ["rounded", "zero"], outputs: ["y"], attributes: ["axis": .int(1)]),
            ], because: "DynamicQuantizeLinear"),
    ]

    private func encoder(_ head: Head) throws -> Model {
        var graph = Graph(name: "encoder")
        let ids = ValueType.tensor(.int64, [.named("batch"), .named("sequence")])
        graph.inputs = [ValueInfo("ids", ids), ValueInfo("mask", ids)]
        func numbers(_ seed: Int, _ shape: [Int]) throws -> Tensor {
            try Tensor((0..<shape.reduce(1, *)).map { Float(($0 * 37 + seed * 11) % 29) / 20 - 0.7 }, shape: shape)
        }
        graph.initializers["table"] = try numbers(1, [50, 8])
        graph.initializers["heads"] = try Tensor([0, 0, 2, 4] as [Int64], shape: [4])
        graph.initializers["merged"] = try Tensor([0, 0, 8] as [Int64], shape: [3])
        for (name, value) in [("inner", [1, 2]), ("last", [-1]), ("one", [1])] as [(String, [Int64])] {
            graph.initializers[name] = try Tensor(value, shape: [value.count])
        }
        for (name, value) in [("zero", 0), ("minus", -1), ("none", 0)] as [(String, Int64)] { graph.initializers[name] = try Tensor([value], shape: []) }
        graph.initializers["low"] = try Tensor([-Float.greatestFiniteMagnitude], shape: [])
        graph.initializers["size"] = try Tensor([Float(0.5)], shape: [])
        for name in ["scale", "shift"] { graph.initializers["norm_" + name] = try numbers(name.count, [8]) }
        graph.nodes = [Node("Gather", inputs: ["table", "ids"], outputs: ["x"])]
        for (seed, name) in ["q", "k", "v"].enumerated() {
            graph.initializers["w" + name] = try numbers(seed + 3, [8, 8])
            graph.nodes += [
                Node("MatMul", inputs: ["x", "w" + name], outputs: [name + "_product"]),
                Node("Reshape", inputs: [name + "_product", "heads"], outputs: [name + "_heads"]),
                Node("Transpose", inputs: [name + "_heads"], outputs: [name], attributes: ["perm": .ints(name == "k" ? [0, 2, 3, 1] : [0, 2, 1, 3])]),
            ]
        }
        graph.nodes += [
            Node("MatMul", inputs: ["q", "k"], outputs: ["products"]), Node("Mul", inputs: ["products", "size"], outputs: ["scores"]),
            Node("Unsqueeze", inputs: ["mask", "inner"], outputs: ["mask4"]), Node("Equal", inputs: ["mask4", "none"], outputs: ["hidden"]),
            Node("Where", inputs: ["hidden", "low", "scores"], outputs: ["masked"]),
            Node("Softmax", inputs: ["masked"], outputs: ["seen"], attributes: ["axis": .int(-1)]),
            Node("MatMul", inputs: ["seen", "v"], outputs: ["apart"]),
            Node("Transpose", inputs: ["apart"], outputs: ["together"], attributes: ["perm": .ints([0, 2, 1, 3])]),
            Node("Reshape", inputs: ["together", "merged"], outputs: ["result"]), Node("Add", inputs: ["result", "x"], outputs: ["sum"]),
            Node("LayerNormalization", inputs: ["sum", "norm_scale", "norm_shift"], outputs: ["h"]),
        ]
        graph.nodes += head.nodes
        graph.outputs = [ValueInfo("y")]
        return Model(opsetImports: ["": 17], graph: graph)
    }

    private func encoderBatch(_ masks: [[Int]]) throws -> [String: Value] {
        let inputs = try batch(masks)
        return ["ids": try #require(inputs["input_ids"]), "mask": try #require(inputs["attention_mask"])]
    }

    @Test(arguments: heads) func knowsWhichRowsReachTheOutput(_ head: Head) throws {
        let model = try encoder(head)
        let session = try Session(model: model)
        #expect(packed(session) == (head.isPacked ? 1 : 0), "\(refusals(session))")
        if !head.because.isEmpty { #expect(refusals(session).contains { $0.contains(head.because) }, "\(refusals(session))") }
        let plain = try Session(model: model, options: SessionOptions(kind: .reference))
        for masks in [
            [right(6, of: 6), right(2, of: 6)], [left(6, of: 6), left(3, of: 6), right(1, of: 6)], [[0, 1, 1, 0, 1], [1, 0, 0, 0, 1]],
            [right(3, of: 3), right(0, of: 3)],
            [right(4, of: 4)], [[1]],
        ] {
            let inputs = try encoderBatch(masks)
            #expect(try distance(try session.runSynchronously(inputs)["y"], try plain.runSynchronously(inputs)["y"]) < 1e-5, "\(masks)")
        }
    }

    /// As `bitsDoNotDependOnOtherSequences`, with more padding than the fixtures have positions, and for a masked mean.
    @Test(arguments: heads.prefix(2)) func bitsDoNotDependOnPadding(_ head: Head) throws {
        let session = try Session(model: try encoder(head))
        let alone = try bits(try session.runSynchronously(try encoderBatch([right(13, of: 13)]))["y"])
        for padding in 0...100 {
            let among = try bits(try session.runSynchronously(try encoderBatch([right(13, of: 13 + padding), right(13 + padding / 2, of: 13 + padding)]))["y"])
            #expect(Array(among.prefix(alone.count)) == alone, "padded by \(padding)")
        }
    }

    /// Kept rows have the bits that they have when all are computed; hidden ones are 0.
    @Test(arguments: tokens) func skipsRowsThatAreOutputs(_ path: String) throws {
        let (skipping, computing) = (try session(path, padding: .skip), try session(path))
        for masks in [[right(9, of: 9), right(4, of: 9)], [left(6, of: 6), left(2, of: 6)], [[1, 0, 1, 1], [0, 0, 0, 0]], [right(3, of: 3)]] {
            let inputs = try batch(masks)
            let (found, expected) = (try skipping.runSynchronously(inputs), try computing.runSynchronously(inputs))
            let isRightPadded = masks.allSatisfy { $0 == right($0.reduce(0, +), of: $0.count) }
            let hidden = masks.flatMap { $0 }
            for output in skipping.outputs.map(\.name) {
                let (a, b) = (try #require(found[output]?.tensor), try #require(expected[output]?.tensor))
                #expect(a.shape == b.shape)
                let width = a.count / hidden.count
                let (x, y) = (try a.array(of: Float.self), try b.array(of: Float.self))
                for (row, isKept) in hidden.enumerated() {
                    for place in row * width..<(row + 1) * width {
                        if isKept == 0 {
                            #expect(x[place] == 0, "\(output) row \(row)")
                        } else if isRightPadded {
                            #expect(x[place].bitPattern == y[place].bitPattern, "\(output) row \(row)")
                        } else {
                            #expect(abs(x[place] - y[place]) < 2e-5, "\(output) row \(row)")
                        }
                    }
                }
            }
        }
    }
}
