import Bytes
import GraphIR
import OpLibrary
import OrderedCollections
import Tensors
import Testing

@Suite struct ControlFlowTests {
    /// A graph that only says how many inputs and outputs there are; what it does is the harness's body.
    private static func graph(_ inputs: Int, _ outputs: Int) -> Attribute {
        var graph = Graph(name: "body")
        graph.inputs = (0..<inputs).map { ValueInfo("i\($0)") }
        graph.outputs = (0..<outputs).map { ValueInfo("o\($0)") }
        return .graph(graph)
    }

    private static func number(_ value: Value) throws -> Int64 { try #require(value.tensor).elements(Int64.self)[0] }

    private static func scalar(_ number: Int64) throws -> Value { .tensor(try Tensor(scalar: number)) }
    private static func flag(_ flag: Bool) throws -> Value { .tensor(try Tensor(scalar: TensorBool(flag))) }

    /// Adds up the iteration numbers; gives each sum; asks to stop when the sum passes 5.
    private static let summing = OperatorHarness(
        body: { inputs in
            let sum = try number(inputs[2]) + number(inputs[0])
            return [try flag(sum <= 5), try scalar(sum), try scalar(sum)]
        }, bodyTypes: [.tensor(.bool, []), .tensor(.int64, []), .tensor(.int64, [])])

    @Test(
        arguments: [
            (3, true, 3, [0, 1, 3]), (100, true, 6, [0, 1, 3, 6]), (nil, true, 6, [0, 1, 3, 6]), (5, nil, 10, [0, 1, 3, 6, 10]), (0, true, 0, []),
            (9, false, 0, []), (-1, nil, 0, []),
        ] as [(Int64?, Bool?, Int64, [Int64])])
    func loopEndsByCountOrCondition(_ count: Int64?, _ condition: Bool?, _ sum: Int64, _ sums: [Int64]) throws {
        let found = try Self.summing.run(
            "Loop", [try count.map(Self.scalar), try condition.map(Self.flag), try Self.scalar(0)], outputs: 2, ["body": Self.graph(3, 3)])
        #expect(try Self.number(try #require(found[0])) == sum)
        #expect(try found[1]?.tensor?.array(of: Int64.self) == sums)
        #expect(found[1]?.tensor?.shape == [sums.count])
    }

    @Test func loopThatCannotEndIsRefused() throws {
        #expect(throws: ONNXError.self) { try Self.summing.run("Loop", [nil, nil, try Self.scalar(0)], outputs: 2, ["body": Self.graph(3, 3)]) }
    }

    @Test func loopOfChangingScanOutputsIsRefused() throws {
        let harness = OperatorHarness(
            body: { inputs in [inputs[1], try counting([Int(try Self.number(inputs[0]))])] }, bodyTypes: [.tensor(.bool, []), .tensor(.float, [.unknown])])
        #expect(throws: ONNXError.self) { try harness.run("Loop", [try Self.scalar(2), nil], outputs: 1, ["body": Self.graph(2, 2)]) }
    }

    /// Running sums of the rows or columns of a matrix, either way.
    private static let running = OperatorHarness(
        body: { inputs in
            let (state, entry) = (try #require(inputs[0].tensor), try #require(inputs[1].tensor))
            let sums = zip(try state.array(of: Float.self), try entry.array(of: Float.self)).map { $0 + $1 }
            let result = Value.tensor(try Tensor(sums, shape: state.shape))
            return [result, result]
        }, bodyTypes: [.tensor(.float, [.unknown]), .tensor(.float, [.unknown])])

    @Test(
        arguments: [
            (0, 0, 0, 0, [0, 0, 0], [3, 5, 7], [2, 3], [0, 1, 2, 3, 5, 7]), (1, 0, 0, 0, [0, 0], [3, 12], [3, 2], [0, 3, 1, 7, 3, 12]),
            (1, 1, 1, 0, [0, 0], [3, 12], [2, 3], [2, 3, 3, 5, 9, 12]), (-1, 0, -1, 1, [0, 0], [3, 12], [2, 3], [3, 1, 0, 12, 7, 3]),
        ] as [(Int64, Int64, Int64, Int64, [Float], [Float], [Int], [Float])])
    func scanWalksAxes(
        _ axis: Int64, _ direction: Int64, _ outputAxis: Int64, _ outputDirection: Int64, _ initial: [Float], _ final: [Float], _ shape: [Int], _ sums: [Float]
    ) throws {
        let found = try Self.running.run(
            "Scan", [try value(initial), try counting([2, 3])], outputs: 2,
            [
                "body": Self.graph(2, 2), "num_scan_inputs": .int(1), "scan_input_axes": .ints([axis]), "scan_input_directions": .ints([direction]),
                "scan_output_axes": .ints([outputAxis]), "scan_output_directions": .ints([outputDirection]),
            ])
        #expect(try found[0]?.tensor?.array(of: Float.self) == final)
        #expect(found[1]?.tensor?.shape == shape)
        #expect(try found[1]?.tensor?.array(of: Float.self) == sums)
    }

    @Test func scanOfBatchesPadsShortSequences() throws {
        var harness = Self.running
        harness.opset = 8
        let found = try harness.run(
            "Scan", [try ints(2, 1), try value([0, 0] as [Float], [2, 1]), try counting([2, 2, 1])], outputs: 2,
            ["body": Self.graph(2, 2), "num_scan_inputs": .int(1)])
        #expect(try found[0]?.tensor?.array(of: Float.self) == [1, 2])
        #expect(found[1]?.tensor?.shape == [2, 2, 1])
        #expect(try found[1]?.tensor?.array(of: Float.self) == [0, 1, 2, 0])
    }

    @Test func sequencesKeepTheirOrderAndType() throws {
        let harness = OperatorHarness()
        let (a, b) = (try counting([1]), try counting([2]))
        let both = try harness.run("SequenceConstruct", [a, b])[0]
        let three = try harness.run("SequenceInsert", [both, try counting([3]), .tensor(try Tensor(scalar: Int64(-2)))])[0]
        guard case .sequence(let values, _)? = three else { throw ONNXError(.shape, "no sequence") }
        #expect(values.map { $0.tensor?.count } == [3, 1, 2])
        #expect(try Self.number(try #require(try harness.run("SequenceLength", [three])[0])) == 3)
        #expect(try harness.tensor("SequenceAt", [three, .tensor(try Tensor(scalar: Int32(-1)))]).count == 2)
        #expect(throws: ONNXError.self) { try harness.run("SequenceAt", [three, .tensor(try Tensor(scalar: Int64(3)))]) }
        #expect(throws: ONNXError.self) { try harness.run("SequenceAt", [three, .tensor(try Tensor(scalar: Int64.min))]) }
        #expect(throws: ONNXError.self) { try harness.run("SequenceInsert", [three, try ints(1)]) }
        #expect(throws: ONNXError.self) { try harness.run("SequenceErase", [try harness.run("SequenceEmpty", [])[0]]) }
        #expect(try harness.tensor("ConcatFromSequence", [both], ["axis": .int(0)]).array(of: Float.self) == [0, 0, 1])
        #expect(throws: ONNXError.self) { try harness.tensor("ConcatFromSequence", [both], ["axis": .int(0), "new_axis": .int(1)]) }
    }
}
