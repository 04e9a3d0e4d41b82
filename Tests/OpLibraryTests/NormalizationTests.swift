import Bytes
import GraphIR
import OpLibrary
import Tensors
import Testing

@Suite struct NormalizationTests {
    private static let x: [Float] = (0..<24).map { Float(($0 * 37) % 11) - 4 }

    /// Before version 13 all axes from `axis` on are one.
    @Test(arguments: ["Softmax", "LogSoftmax", "Hardmax"], [0, 1, 2, -1]) func coercion(_ name: String, _ axis: Int) throws {
        let shape = [2, 3, 4]
        let start = axis < 0 ? axis + 3 : axis
        let rows = shape[..<start].reduce(1, *)
        let old = try OneNode(name, opset: 11, attributes: [("axis", .int(Int64(axis)))])(try Tensor(Self.x, shape: shape))[0]
        let new = try OneNode(name, opset: 13)(try Tensor(Self.x, shape: [rows, 24 / rows]))[0]
        #expect(old.shape == shape)
        #expect(try old.array(of: Float.self) == new.array(of: Float.self))
    }

    /// The kernel's way and the general way agree.
    @Test func layerNormalizationOfFloatsAndDoubles() throws {
        let gamma: [Float] = [1, 0.5, -2, 3]
        let beta: [Float] = [0, 1, 2, -1]
        let node = OneNode("LayerNormalization", opset: 17, outputs: 3)
        let single = try node(try Tensor(Self.x, shape: [6, 4]), try Tensor(gamma), try Tensor(beta))
        let double = try node(try Tensor(Self.x.map(Double.init), shape: [6, 4]), try Tensor(gamma.map(Double.init)), try Tensor(beta.map(Double.init)))
        for (a, b) in zip(try single[0].array(of: Float.self), try double[0].array(of: Double.self)) { #expect(abs(Double(a) - b) < 1e-5) }
        for output in 1..<3 {
            for (a, b) in zip(try single[output].array(of: Float.self), try double[output].array(of: Float.self)) { #expect(abs(a - b) < 1e-5) }
        }
        #expect(single[1].shape == [6, 1])
    }

    @Test func layerNormalizationWithScaleOfRows() throws {
        let scale = try Tensor([2, 3] as [Float], shape: [2, 1])
        let x = try Tensor([1, 3, 1, 3] as [Float], shape: [2, 2])
        let y = try OneNode("LayerNormalization", opset: 17, attributes: [("epsilon", .float(0))])(x, scale, nil)[0].array(of: Float.self)
        #expect(y == [-2, 2, -3, 3])
    }

    @Test func axisOutOfRange() throws {
        for name in ["Softmax", "LpNormalization"] {
            #expect(throws: ONNXError.self, "\(name)") { try OneNode(name, opset: 13, attributes: [("axis", .int(3))])(try Tensor(Self.x, shape: [4, 6])) }
        }
    }

    @Test func refusesParameters() throws {
        let (x, c, wrong) = (try Tensor(Self.x, shape: [2, 3, 4]), try Tensor([1, 1, 1] as [Float]), try Tensor([1, 1] as [Float]))
        #expect(throws: ONNXError.self) { try OneNode("BatchNormalization", opset: 15)(x, c, c, c, wrong) }
        #expect(throws: ONNXError.self) { try OneNode("InstanceNormalization", opset: 6)(x, wrong, c) }
        #expect(throws: ONNXError.self) { try OneNode("GroupNormalization", opset: 21, attributes: [("num_groups", .int(2))])(x, c, c) }
        #expect(throws: ONNXError.self) { try OneNode("GroupNormalization", opset: 21, attributes: [("num_groups", .int(0))])(x, c, c) }
    }

    /// Statistics of opset 9 are outputs wherever they are asked for.
    @Test func trainingBeforeVersion14() throws {
        let x = try Tensor([1, 3, 5, 7] as [Float], shape: [4, 1])
        let (one, zero) = (try Tensor([1] as [Float]), try Tensor([0] as [Float]))
        let node = OneNode("BatchNormalization", opset: 9, outputs: 5, attributes: [("epsilon", .float(0)), ("momentum", .float(0.5))])
        let results = try node(x, one, zero, zero, one)
        #expect(try results[1].array(of: Float.self) == [2] && results[2].array(of: Float.self) == [3])
        #expect(try results[3].array(of: Float.self) == [4] && results[4].array(of: Float.self) == [5])
    }

    @Test(arguments: [Int64(-1), 3, .max]) func labelsOutOfRange(_ label: Int64) throws {
        let scores = try Tensor([0, 1, 2] as [Float], shape: [1, 3])
        let error = #expect(throws: ONNXError.self) { try OneNode("SoftmaxCrossEntropyLoss", opset: 13)(scores, try Tensor([label]), nil) }
        #expect(error?.message == "label \(label) at place 0 is out of range for 3 classes")
        #expect(
            try OneNode("SoftmaxCrossEntropyLoss", opset: 13, attributes: [("ignore_index", .int(label)), ("reduction", .string("sum"))])(
                scores, try Tensor([label]), nil)[0].array(of: Float.self) == [0])
    }
}
