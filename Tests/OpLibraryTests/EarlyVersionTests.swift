import Bytes
import GraphIR
import OpLibrary
import Tensors
import Testing

/// What operators did before opset 7.
@Suite struct EarlyVersionTests {
    struct Broadcast: Sendable {
        let a: [Int]
        let b: [Int]
        var axis: Int?
        /// The shape in which NumPy's rule broadcasts b to a.
        let meaning: [Int]
    }

    @Test(
        arguments: [
            Broadcast(a: [2, 3, 4], b: [4], meaning: [4]), Broadcast(a: [2, 3, 4], b: [3, 4], meaning: [3, 4]),
            Broadcast(a: [2, 3, 4], b: [3], axis: 1, meaning: [3, 1]), Broadcast(a: [2, 3, 4], b: [2], axis: 0, meaning: [2, 1, 1]),
            Broadcast(a: [2, 3, 4], b: [2, 3], axis: 0, meaning: [2, 3, 1]), Broadcast(a: [3, 3], b: [3], axis: 0, meaning: [3, 1]),
            Broadcast(a: [2, 3], b: [2, 1], axis: 0, meaning: [2, 1]), Broadcast(a: [2, 3], b: [], meaning: []),
            Broadcast(a: [2, 3], b: [1, 1], axis: 1, meaning: []), Broadcast(a: [], b: [1], meaning: []),
        ], ["Add", "Sub", "Mul", "Div", "Pow", "Less", "Greater"])
    func operandsRunFromAnAxisOn(_ each: Broadcast, _ name: String) throws {
        let a = try Tensor((0..<Shape.product(each.a)).map { Float($0) / 4 }, shape: each.a)
        let b = try Tensor((0..<Shape.product(each.b)).map { Float($0) + 1 }, shape: each.b)
        let attributes = [("broadcast", Attribute.int(1))] + (each.axis.map { [("axis", .int(Int64($0)))] } ?? [])
        let found = try OneNode(name, opset: 6, attributes: attributes)(a, b)[0]
        let expected = try OneNode(name, opset: 7)(a, try b.reshaped(each.meaning))[0]
        #expect(found.shape == each.a)
        #expect(try found.bytes().map { $0 } == (try expected.bytes().map { $0 }))
    }

    @Test(arguments: ["And", "Or", "Xor"]) func logicRunsFromAnAxisOn(_ name: String) throws {
        let a = try Tensor([true, true, false, false].map { TensorBool($0) }, shape: [2, 2])
        let b = try Tensor([true, false].map { TensorBool($0) })
        let found = try OneNode(name, opset: 6, attributes: [("broadcast", .int(1)), ("axis", .int(0))])(a, b)[0]
        let expected = try OneNode(name, opset: 7)(a, try b.reshaped([2, 1]))[0]
        #expect(try found.bytes().map { $0 } == (try expected.bytes().map { $0 }))
    }

    @Test(arguments: [
        Broadcast(a: [2, 3, 4], b: [3], meaning: []), Broadcast(a: [2, 3, 4], b: [4], axis: 3, meaning: []),
        Broadcast(a: [2, 3, 4], b: [2], axis: -3, meaning: []), Broadcast(a: [4], b: [3, 4], meaning: []),
        Broadcast(a: [1, 4], b: [3, 4], meaning: []), Broadcast(a: [2, 3, 4], b: [3, 4], axis: .max, meaning: []),
    ])
    func operandsThatDontFit(_ each: Broadcast) throws {
        let (a, b) = (
            try Tensor([Float](repeating: 1, count: Shape.product(each.a)), shape: each.a),
            try Tensor([Float](repeating: 1, count: Shape.product(each.b)), shape: each.b)
        )
        let attributes = [("broadcast", Attribute.int(1))] + (each.axis.map { [("axis", .int(Int64($0)))] } ?? [])
        #expect(throws: ONNXError.self) { try OneNode("Add", opset: 6, attributes: attributes)(a, b) }
    }

    @Test func nothingRepeatsUnasked() throws {
        let (a, b) = (try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]), try Tensor([1, 2] as [Float]))
        #expect(throws: ONNXError.self) { try OneNode("Add", opset: 6)(a, b) }
        #expect(try OneNode("Add", opset: 6)(a, a)[0].array(of: Float.self) == [2, 4, 6, 8])
        #expect(throws: ONNXError.self) { try OneNode("Gemm", opset: 6)(a, a, b) }
        #expect(try OneNode("Gemm", opset: 6, attributes: [("broadcast", .int(1))])(a, a, b)[0].array(of: Float.self) == [8, 12, 16, 24])
        #expect(throws: ONNXError.self) { try OneNode("Gemm", opset: 7, attributes: [("broadcast", .int(1))])(a, a, b) }
    }

    @Test func slopesAreOneAChannel() throws {
        let x = try Tensor([-1, -1, -1, -1] as [Float], shape: [1, 2, 2])
        let slope = try Tensor([2, 3] as [Float])
        #expect(try OneNode("PRelu", opset: 6)(x, slope)[0].array(of: Float.self) == [-2, -2, -3, -3])
        #expect(try OneNode("PRelu", opset: 7)(x, slope)[0].array(of: Float.self) == [-2, -3, -2, -3])
        #expect(throws: ONNXError.self) { try OneNode("PRelu", opset: 6)(x, try Tensor([1, 2, 3] as [Float])) }
    }

    /// is_test is 0 where it is left out: such a node trains.
    @Test func normalizationTrainsUnlessTesting() throws {
        let x = try Tensor([1, 3] as [Float], shape: [2, 1])
        let (zero, one) = (try Tensor([0] as [Float]), try Tensor([1] as [Float]))
        let epsilon = ("epsilon", Attribute.float(0))
        let tested = try OneNode("BatchNormalization", opset: 6, attributes: [epsilon, ("is_test", .int(1))])(x, one, zero, zero, one)
        #expect(try tested[0].array(of: Float.self) == [1, 3])
        let trained = try OneNode("BatchNormalization", opset: 6, outputs: 3, attributes: [epsilon, ("momentum", .float(0.5))])(x, one, zero, zero, one)
        #expect(try trained.map { try $0.array(of: Float.self) } == [[-1, 1], [1], [1]])
        #expect(throws: ONNXError.self) { try OneNode("BatchNormalization", opset: 1)(x, one, zero, zero, one) }
    }

    @Test func dropoutTrainsUnlessTesting() throws {
        let x = try Tensor([Float](repeating: 1, count: 64))
        let tested = try OneNode("Dropout", opset: 6, attributes: [("is_test", .int(1))])(x)[0]
        #expect(try tested.array(of: Float.self) == x.array(of: Float.self))
        let trained = try OneNode("Dropout", opset: 6, outputs: 2, attributes: [("ratio", .float(0.75))])(x)
        let kept = try trained[1].array(of: Float.self)
        #expect(Set(kept) == [0, 1])
        #expect(try trained[0].array(of: Float.self) == kept.map { $0 * 4 })
    }
}
