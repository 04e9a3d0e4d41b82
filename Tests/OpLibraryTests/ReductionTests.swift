import Bytes
import GraphIR
import OpLibrary
import Tensors
import Testing

@Suite struct ReductionTests {
    private static let names = [
        "ReduceSum", "ReduceMean", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceProd", "ReduceMax", "ReduceMin",
    ]

    /// Each subset of the axes of a tensor gives what reducing one axis after another gives, where that is the same.
    @Test(arguments: ["ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceL1"], 0..<16) func subsetsOfAxes(_ name: String, _ subset: Int) throws {
        let shape = [2, 3, 2, 5]
        let values = (0..<60).map { Float(1 + ($0 * 7 + 3) % 4) }
        let axes = (0..<4).filter { subset >> $0 & 1 == 1 }
        var expected = try Tensor(values, shape: shape)
        for axis in axes { expected = try OneNode(name, opset: 18)(expected, try Tensor([Int64(axis)]))[0] }
        let result =
            try axes.isEmpty
            ? OneNode(name, opset: 18, attributes: [("noop_with_empty_axes", .int(1))])(try Tensor(values, shape: shape), nil)[0]
            : OneNode(name, opset: 18)(try Tensor(values, shape: shape), try Tensor(axes.map(Int64.init)))[0]
        #expect(result.shape == expected.shape)
        #expect(try result.array(of: Float.self) == expected.array(of: Float.self))
    }

    @Test(arguments: names) func ofNothing(_ name: String) throws {
        let result = try OneNode(name, opset: 18, attributes: [("keepdims", .int(0))])(try Tensor([Float](), shape: [2, 0]), try Tensor([1] as [Int64]))[0]
        #expect(result.shape == [2])
        let value = try result.array(of: Float.self)[0]
        switch name {
        case "ReduceMean": #expect(value.isNaN)
        case "ReduceProd": #expect(value == 1)
        case "ReduceMax", "ReduceLogSum", "ReduceLogSumExp": #expect(value == -.infinity)
        case "ReduceMin": #expect(value == .infinity)
        default: #expect(value == 0)
        }
    }

    @Test(arguments: names) func refusesAxes(_ name: String) throws {
        let error = #expect(throws: ONNXError.self) { try OneNode(name, opset: 18)(try Tensor([1, 2] as [Float]), try Tensor([1] as [Int64])) }
        #expect(error?.message == "axis 1 is out of range for rank 1")
    }

    @Test func largeExponentialsDontOverflow() throws {
        let x = try Tensor([1000, 1000, -.infinity, -1000] as [Float], shape: [2, 2])
        let node = OneNode("ReduceLogSumExp", opset: 18, attributes: [("keepdims", .int(0))])
        let result = try node(x, try Tensor([1] as [Int64]))[0].array(of: Float.self)
        #expect(abs(result[0] - 1000.6931) < 1e-3 && result[1] == -1000)
    }

    @Test func boolExtremes() throws {
        let x = try Tensor([true, false, true, true] as [TensorBool], shape: [2, 2])
        #expect(try OneNode("ReduceMin", opset: 20)(x, try Tensor([1] as [Int64]))[0].array(of: TensorBool.self) == [false, true])
        let empty = try Tensor([TensorBool](), shape: [1, 0])
        #expect(try OneNode("ReduceMin", opset: 20)(empty, try Tensor([1] as [Int64]))[0].array(of: UInt8.self) == [1])
    }

    @Test func argOfNaNAndTies() throws {
        let x = try Tensor([1, .nan, 3, .nan] as [Float])
        #expect(try OneNode("ArgMax", opset: 13)(x)[0].array(of: Int64.self) == [1])
        let ties = try Tensor([3, 1, 3] as [Int32])
        #expect(try OneNode("ArgMax", opset: 13, attributes: [("select_last_index", .int(1))])(ties)[0].array(of: Int64.self) == [2])
        #expect(throws: ONNXError.self) { try OneNode("ArgMax", opset: 13)(try Tensor([Float](), shape: [0])) }
    }
}
