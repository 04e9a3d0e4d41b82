import Bytes
import GraphIR
import OpLibrary
import Tensors
import Testing

@Suite struct RandomTests {
    /// The known answer that the authors of Philox publish for a counter and a key of zeros.
    @Test func philoxKnownAnswer() {
        let block = Philox(seed: 0).block(0)
        #expect([block.0, block.1, block.2, block.3] == [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8])
    }

    @Test func distributions() throws {
        let count = Int64(100_000)
        let uniform = OneNode(
            "RandomUniform", opset: 22, attributes: [("shape", .ints([count])), ("low", .float(-1)), ("high", .float(3)), ("seed", .float(1))])
        let values = try uniform()[0].array(of: Float.self).map(Double.init)
        let mean = values.reduce(0, +) / Double(count)
        #expect(abs(mean - 1) < 0.02 && values.allSatisfy { $0 >= -1 && $0 <= 3 })
        let normal = OneNode(
            "RandomNormal", opset: 22, attributes: [("shape", .ints([count])), ("mean", .float(2)), ("scale", .float(0.5)), ("seed", .float(1))])
        let draws = try normal()[0].array(of: Float.self).map(Double.init)
        let center = draws.reduce(0, +) / Double(count)
        let variance = draws.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(count)
        #expect(abs(center - 2) < 0.01 && abs(variance - 0.25) < 0.01)
        #expect(try normal()[0].array(of: Float.self) == normal()[0].array(of: Float.self))
    }

    @Test func dropoutKeepsTheSum() throws {
        let x = try Tensor(Array(repeating: Float(1), count: 100_000))
        let node = OneNode("Dropout", opset: 13, outputs: 2, attributes: [("seed", .int(3))])
        let results = try node(x, try Tensor(scalar: Float(0.25)), try Tensor(scalar: TensorBool(true)))
        let (values, mask) = (try results[0].array(of: Float.self), try results[1].array(of: TensorBool.self))
        #expect(zip(values, mask).allSatisfy { $1.value ? abs($0 - 4 / 3) < 1e-6 : $0 == 0 })
        #expect(abs(Double(mask.count { $0.value }) / 100_000 - 0.75) < 0.01)
        let plain = try node(x, try Tensor(scalar: Float(0.25)), nil)
        #expect(try plain[0].array(of: Float.self) == x.array(of: Float.self))
        #expect(try plain[1].array(of: TensorBool.self).allSatisfy(\.value))
    }

    @Test(arguments: [Float(1), -0.1, .nan]) func refusesRatios(_ ratio: Float) throws {
        let x = try Tensor([1] as [Float])
        #expect(throws: ONNXError.self) { try OneNode("Dropout", opset: 13)(x, try Tensor(scalar: ratio), try Tensor(scalar: TensorBool(true))) }
    }

    @Test func multinomialFollowsTheWeights() throws {
        let logarithms = try Tensor([0, -.infinity, 1.0986123] as [Float], shape: [1, 3])
        let node = OneNode("Multinomial", opset: 22, attributes: [("sample_size", .int(40_000)), ("seed", .float(5)), ("dtype", .int(7))])
        let drawn = try node(logarithms)[0].array(of: Int64.self)
        #expect(drawn.allSatisfy { $0 != 1 })
        #expect(abs(Double(drawn.count { $0 == 2 }) / 40_000 - 0.75) < 0.01)
        #expect(throws: ONNXError.self) { try node(try Tensor([-.infinity, -.infinity] as [Float], shape: [1, 2])) }
    }
}
