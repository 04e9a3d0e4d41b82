import GraphExecutor
import ONNX
import OpLibrary
import Testing

/// The operators that pack rows, against the functions that they mean.
@Suite struct FusedRowsTests {
    private func session(_ operation: String, _ inputs: [(String, Tensor)], outputs: [String], _ attributes: [(String, Attribute)], _ kind: SessionOptions.Kind)
        throws
        -> [String: Value]
    {
        var graph = Graph(name: "rows")
        graph.inputs = inputs.map { ValueInfo($0.0, .tensor($0.1.elementType, nil)) }
        graph.outputs = outputs.map { ValueInfo($0) }
        graph.nodes = [
            Node(
                operation, domain: Fused.domain, inputs: inputs.map(\.0), outputs: outputs,
                attributes: OrderedDictionary(attributes, uniquingKeysWith: { first, _ in first }))
        ]
        let model = Model(opsetImports: ["": 20, Fused.domain: 1], graph: graph)
        let values = Dictionary(inputs.map { ($0.0, Value.tensor($0.1)) }, uniquingKeysWith: { first, _ in first })
        let results = try Session(model: model, options: SessionOptions(kind: kind)).runSynchronously(values)
        return Dictionary(results.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    private func numbers(_ shape: [Int]) throws -> Tensor { try Tensor((0..<shape.reduce(1, *)).map { Float($0 * 13 % 17) / 4 - 2 }, shape: shape) }
    private func ints(_ values: [Int64]) throws -> Tensor { try Tensor(values, shape: [values.count]) }

    struct Mask: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let shape: [Int]
        let values: [Float]
        var attributes: [String: Int64] = [:]
        var multiplier: (shape: [Int], values: [Float])?
        let extents: [Int64]
        let rows: [Int64]
        let starts: [Int64]
    }

    private static let low = -Float.infinity

    static let masks: [Mask] = [
        Mask(
            testDescription: "right padding", shape: [2, 1, 1, 3], values: [0, 0, low, 0, low, low], extents: [2, 3], rows: [0, 1, 3], starts: [0, 2]),
        Mask(
            testDescription: "a row for each query", shape: [2, 1, 2, 2], values: [0, -3e38, 0, -3e38, -3e38, 0, -3e38, 0], extents: [2, 2], rows: [0, 3],
            starts: [0, 1]),
        Mask(testDescription: "one for all sequences", shape: [1, 1, 1, 3], values: [0, low, 0], extents: [2, 3], rows: [0, 2, 3, 5], starts: [0, 2]),
        Mask(testDescription: "of rank 2", shape: [1, 3], values: [low, 0, 0], extents: [1, 3], rows: [1, 2], starts: [0]),
        Mask(
            testDescription: "the first row read", shape: [1, 3], values: [low, 0, 0], attributes: ["reads_first": 1], extents: [1, 3], rows: [0, 1, 2],
            starts: [0]),
        Mask(testDescription: "queries that differ", shape: [1, 1, 2, 2], values: [0, low, 0, 0], extents: [1, 2], rows: [0, 1], starts: [0]),
        Mask(testDescription: "a bias", shape: [1, 1, 1, 2], values: [0.5, low], extents: [1, 2], rows: [0, 1], starts: [0]),
        Mask(testDescription: "a filter that isn't low enough", shape: [1, 1, 1, 2], values: [0, -10000], extents: [1, 2], rows: [0, 1], starts: [0]),
        Mask(testDescription: "NaN", shape: [1, 1, 1, 2], values: [0, .nan], extents: [1, 2], rows: [0, 1], starts: [0]),
        Mask(testDescription: "one for all keys", shape: [1, 1, 1, 1], values: [low], extents: [1, 2], rows: [0, 1], starts: [0]),
        Mask(
            testDescription: "a sequence without tokens", shape: [2, 1, 1, 2], values: [0, 0, low, low], extents: [2, 2], rows: [0, 1, 2, 3], starts: [0, 2]),
        Mask(
            testDescription: "a sequence without tokens, allowed", shape: [2, 1, 1, 2], values: [0, low, low, low], attributes: ["allows_empty": 1],
            extents: [2, 2], rows: [0], starts: [0, 1]),
        Mask(
            testDescription: "multiplied by 0", shape: [2, 1, 1, 2], values: [0, low, 0, 0], multiplier: ([2, 2, 1], [1, 0, 1, 1]), extents: [2, 2],
            rows: [0, 2, 3], starts: [0, 1]),
        Mask(
            testDescription: "multiplied by another number", shape: [2, 1, 1, 2], values: [0, low, 0, 0], multiplier: ([2, 2, 1], [1, 2, 1, 1]),
            extents: [2, 2],
            rows: [0, 1, 2, 3], starts: [0, 2]),
    ]

    @Test(arguments: masks, SessionOptions.Kind.allCases) func keepsRows(_ item: Mask, _ kind: SessionOptions.Kind) throws {
        var inputs = [("mask", try Tensor(item.values, shape: item.shape)), ("extents", try ints(item.extents))]
        if let multiplier = item.multiplier { inputs.append(("multiplier", try Tensor(multiplier.values, shape: multiplier.shape))) }
        let found = try session("KeptRows", inputs, outputs: ["rows", "starts"], item.attributes.map { ($0.key, .int($0.value)) }, kind)
        #expect(try found["rows"]?.tensor?.array(of: Int64.self) == item.rows)
        #expect(try found["starts"]?.tensor?.array(of: Int64.self) == item.starts)
    }

    @Test(arguments: SessionOptions.Kind.allCases) func keepsRowsOfBoolMasks(_ kind: SessionOptions.Kind) throws {
        let mask = try Tensor([false, true, true, false, false, true].map { TensorBool($0) }, shape: [2, 1, 1, 3])
        let found = try session("KeptRows", [("mask", mask), ("extents", try ints([2, 3]))], outputs: ["rows", "starts"], [("bool_mask", .int(1))], kind)
        #expect(try found["rows"]?.tensor?.array(of: Int64.self) == [0, 3, 4])
        #expect(try found["starts"]?.tensor?.array(of: Int64.self) == [0, 1])
    }

    @Test(arguments: [[2, 3, 4], [1, 3, 4], [2, 3], [2, 3, 2, 2]]) func packsAndUnpacks(_ shape: [Int]) throws {
        let rest: [(String, Tensor)] = [("rows", try ints([0, 2, 4])), ("extents", try ints([2, 3]))]
        let packed = try session("PackRows", [("X", try numbers(shape))] + rest, outputs: ["Y"], [], .optimized)
        let meant = try session("PackRows", [("X", try numbers(shape))] + rest, outputs: ["Y"], [], .reference)
        let rows = try #require(packed["Y"]?.tensor)
        #expect(rows.shape == [1, 3] + shape[2...] && meant["Y"]?.tensor?.shape == rows.shape)
        #expect(try distance(packed["Y"], meant["Y"]) == 0)
        let placed = try session("UnpackRows", [("X", rows)] + rest, outputs: ["Y"], [], .optimized)
        let placedMeant = try session("UnpackRows", [("X", rows)] + rest, outputs: ["Y"], [], .reference)
        #expect(placed["Y"]?.tensor?.shape == [2, 3] + shape[2...] && placedMeant["Y"]?.tensor?.shape == [2, 3] + shape[2...])
        #expect(try distance(placed["Y"], placedMeant["Y"]) == 0)
    }

    @Test(arguments: SessionOptions.Kind.allCases) func findsExtents(_ kind: SessionOptions.Kind) throws {
        for (mask, x, expected) in [([2, 1, 1, 5], [2, 5, 3], [2, 5]), ([1, 5], [4, 5, 3], [4, 5]), ([3, 1, 5, 5], [1, 5, 3], [3, 5])]
            as [([Int], [Int], [Int64])]
        {
            let found = try session(
                "RowExtents", [("mask", try numbers(mask)), ("A", try numbers(x)), ("B", try numbers([1, x[1], 3]))], outputs: ["Y"], [], kind)
            #expect(try found["Y"]?.tensor?.array(of: Int64.self) == expected)
        }
    }

    @Test(arguments: [true, false]) func attendsToPackedRows(_ isPacked: Bool) throws {
        let low = Self.low
        for (mask, rows, starts) in [
            ([0, 0, low, 0, low, low], [0, 1, 3], [0, 2]), ([0, low, 0, low, 0, 0], [0, 2, 4, 5], [0, 2]),
            ([0, 0, 0, 0, 0.5, low], [0, 1, 2, 3, 4, 5], [0, 3]),
        ] as [([Float], [Int64], [Int64])] {
            let shape = [1, rows.count, 2, 4]
            let inputs: [(String, Tensor)] = [
                ("Q", try numbers(isPacked ? shape : [2, 1, 2, 4])), ("K", try numbers(shape)), ("V", try numbers(shape)),
                ("mask", try Tensor(mask, shape: [2, 1, 1, 3])),
                ("rows", try ints(rows)), ("starts", try ints(starts)), ("extents", try ints([2, 3])),
            ]
            let attributes: [(String, Attribute)] = [("scale", .float(0.4)), ("packed_queries", .int(isPacked ? 1 : 0))]
            let found = try session("PackedAttention", inputs, outputs: ["Y"], attributes, .optimized)
            let meant = try session("PackedAttention", inputs, outputs: ["Y"], attributes, .reference)
            #expect(found["Y"]?.tensor?.shape == inputs[0].1.shape && meant["Y"]?.tensor?.shape == inputs[0].1.shape)
            #expect(try distance(found["Y"], meant["Y"]) < 5e-6)
        }
    }
}
