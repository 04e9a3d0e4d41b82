import Bytes
import GraphIR
import OpLibrary
import OrderedCollections
import Tensors
import Testing

@Suite struct MovementTests {
    private static func floats(_ tensor: Tensor) throws -> [Float] { try tensor.array(of: Float.self) }

    /// Any permutation against the definition, for every width and strings.
    @Test(arguments: [ElementType.uint8, .float16, .float, .double, .complex128, .string, .int4], 0..<40)
    func transposesByDefinition(_ type: ElementType, _ seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        let shape = (0..<Int.random(in: 0...5, using: &random)).map { Int.random(in: seed % 8 == 0 ? 0...3 : 1...($0 < 2 ? 40 : 5), using: &random) }
        let permutation = shape.indices.shuffled(using: &random)
        let input = try Self.numbered(type, shape)
        let found = try OperatorHarness().tensor("Transpose", [.tensor(input)], ["perm": .ints(permutation.map(Int64.init))])
        let (strides, target, numbers) = (Shape.strides(shape), permutation.map { shape[$0] }, try Self.numbers(input))
        let expected = (0..<Shape.product(shape)).map { flat -> String in
            var (rest, index) = (flat, 0)
            for axis in target.indices.reversed() {
                index += rest % target[axis] * strides[permutation[axis]]
                rest /= target[axis]
            }
            return numbers[index]
        }
        #expect(found.shape == target)
        #expect(try Self.numbers(found) == expected, "\(shape) \(permutation)")
    }

    /// Elements that can be told apart, as far as the type can.
    private static func numbered(_ type: ElementType, _ shape: [Int]) throws -> Tensor {
        let count = Shape.product(shape)
        if type == .string { return try Tensor(strings: (0..<count).map(String.init), shape: shape) }
        let tensor = try MutableTensor(type, shape)
        let bytes = tensor.rawBytes()
        let width = Swift.max(1, type.bitWidth / 8)
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: (index / width) >> (index % width % 8 * 8)) }
        return tensor.tensor
    }

    private static func numbers(_ tensor: Tensor) throws -> [String] {
        if tensor.elementType == .string { return try tensor.stringArray() }
        let plain = try tensor.unpacked()
        let (bytes, width) = (try plain.bytes(), plain.elementType.bitWidth / 8)
        return (0..<tensor.count).map { index in (0..<width).map { String(bytes[index * width + $0]) }.joined(separator: ".") }
    }

    @Test(
        arguments: [
            (1, [Int64.max, 0], [Int64.min, Int64.max], [-1, 1], [3, 2, 1, 0]),
            (1, [-1], [-100], [-2], [3, 1]), (1, [5], [9], [1], []), (1, [-9], [2], [1], [0, 1]), (1, [3], [3], [1], []),
            (1, [0], [4], [Int64.max], [0]), (1, [3], [Int64.min], [Int64.min], [3]),
        ] as [(Int, [Int64], [Int64], [Int64], [Float])])
    func slices(_ rank: Int, _ starts: [Int64], _ ends: [Int64], _ steps: [Int64], _ expected: [Float]) throws {
        let axes = starts.count == 1 ? try ints(0) : try ints(1, 0)
        let data = starts.count == 1 ? try counting([4]) : try counting([1, 4])
        let found = try OperatorHarness().tensor(
            "Slice", [data, try value(starts), try value(ends), axes, try value(steps)])
        #expect(try Self.floats(found) == expected)
    }

    @Test func slicesByAttributes() throws {
        let found = try OperatorHarness(opset: 9).tensor(
            "Slice", [try counting([3, 4])], ["starts": .ints([0, -2]), "ends": .ints([-1, 1000]), "axes": .ints([0, 1])])
        #expect(try Self.floats(found) == [2, 3, 6, 7])
    }

    @Test(
        arguments: [
            ("constant", [1, 0], [0, 0, 1]), ("edge", [2, 1], [0, 0, 0, 1, 2, 2]), ("reflect", [3, 3], [1, 2, 1, 0, 1, 2, 1, 0, 1]),
            ("wrap", [2, 4], [1, 2, 0, 1, 2, 0, 1, 2, 0]), ("reflect", [-1, 2], [1, 2, 1, 2]), ("edge", [-2, -2], []),
        ] as [(String, [Int64], [Float])])
    func pads(_ mode: String, _ pads: [Int64], _ expected: [Float]) throws {
        let extent = mode == "constant" ? 2 : 3
        let run = { try OperatorHarness().tensor("Pad", [try counting([extent]), try value(pads)], ["mode": .string(mode)]) }
        if expected.isEmpty { #expect(throws: ONNXError.self) { try run() } } else { #expect(try Self.floats(try run()) == expected) }
    }

    @Test func padsByAttributes() throws {
        let found = try OperatorHarness(opset: 10).tensor(
            "Pad", [try counting([1, 2])], ["pads": .ints([1, 0, 0, 1]), "value": .float(7)])
        #expect(found.shape == [2, 3])
        #expect(try Self.floats(found) == [7, 7, 7, 0, 1, 7])
    }

    @Test func splitsByAttributeAndInput() throws {
        let data = try counting([5])
        let old = try OperatorHarness(opset: 7).run("Split", [data], outputs: 2, ["split": .ints([2, 3])])
        let new = try OperatorHarness(opset: 18).run("Split", [data], outputs: 3, ["num_outputs": .int(3)])
        #expect(try old.map { try Self.floats(try #require($0?.tensor)) } == [[0, 1], [2, 3, 4]])
        #expect(try new.map { try Self.floats(try #require($0?.tensor)) } == [[0, 1], [2, 3], [4]])
    }

    @Test func takesAxesAsAttributeAndInput() throws {
        let data = try counting([1, 3, 1])
        #expect(try OperatorHarness(opset: 11).tensor("Squeeze", [data], ["axes": .ints([-1])]).shape == [1, 3])
        #expect(try OperatorHarness().tensor("Squeeze", [data, try ints(0)]).shape == [3, 1])
        #expect(try OperatorHarness().tensor("Squeeze", [data]).shape == [3])
        #expect(try OperatorHarness(opset: 7).tensor("Unsqueeze", [data], ["axes": .ints([0, 4])]).shape == [1, 1, 3, 1, 1])
        #expect(try OperatorHarness().tensor("Unsqueeze", [data, try ints(-1, 0)]).shape == [1, 1, 3, 1, 1])
    }

    @Test func selectsTheFirstOfEquals() throws {
        let x = try value([3, .nan, 1, 3, 2, 1] as [Float])
        let found = try OperatorHarness().run("TopK", [x, try ints(3)], outputs: 2)
        #expect(try found[1]?.tensor?.array(of: Int64.self) == [1, 0, 3])
        let least = try OperatorHarness().run("TopK", [x, try ints(6)], outputs: 2, ["largest": .int(0)])
        #expect(try least[1]?.tensor?.array(of: Int64.self) == [2, 5, 4, 0, 3, 1])
        let old = try OperatorHarness(opset: 7).run("TopK", [try value([1, 5, 2] as [Float])], outputs: 2, ["k": .int(1)])
        #expect(try old[1]?.tensor?.array(of: Int64.self) == [1])
    }

    @Test func findsWhatIsUnique() throws {
        let found = try OperatorHarness().run("Unique", [.tensor(try Tensor(strings: ["é", "a", "e\u{301}", "a"], shape: [4]))], outputs: 4)
        #expect(try found[0]?.tensor?.stringArray().map { Array($0.utf8) } == ["a", "e\u{301}", "é"].map { Array($0.utf8) })
        #expect(try found[2]?.tensor?.array(of: Int64.self) == [2, 0, 1, 0])
        let floats = try OperatorHarness().run("Unique", [try value([.nan, 2, .nan, 1] as [Float])], outputs: 4, ["sorted": .int(0)])
        #expect(try floats[3]?.tensor?.array(of: Int64.self) == [2, 1, 1])
    }

    @Test(arguments: [("add", [1, 12, 2]), ("mul", [0, 0, 2]), ("max", [1, 7, 2]), ("min", [0, 1, 2])] as [(String, [Float])])
    func scattersIntoEqualPlaces(_ reduction: String, _ expected: [Float]) throws {
        let updates: [Float] = reduction == "mul" ? [5, 7, 0] : [1, 4, 7]
        for type in [ElementType.float, .float16, .int32] {
            func typed(_ values: [Float]) throws -> Value {
                switch type {
                case .float: try value(values)
                case .float16: try value(values.map { Float16($0) })
                default: try value(values.map { Int32($0) })
                }
            }
            let found = try OperatorHarness().tensor(
                "ScatterElements", [try typed([0, 1, 2]), try ints(0, 1, -2), try typed(updates)], ["reduction": .string(reduction)])
            let narrow: [Float] =
                switch type {
                case .float: try found.array()
                case .float16: try found.array(of: Float16.self).map { Float($0) }
                default: try found.array(of: Int32.self).map { Float($0) }
                }
            #expect(narrow == expected, "\(type)")
        }
    }

    @Test func countsRangesWithoutOverflow() throws {
        let found = try OperatorHarness().tensor("Range", [try value([Int64.min], []), try value([Int64.max], []), try value([Int64.max], [])])
        #expect(try found.array(of: Int64.self) == [.min, -1, .max - 1])
        #expect(throws: ONNXError.self) {
            try OperatorHarness().tensor("Range", [try value([Int64.min], []), try value([Int64.max], []), try value([Int64(1)], [])])
        }
    }

    /// What must be refused, and never crash.
    @Test(arguments: [
        Refusal("Gather", 13, [.data([3]), .ints([3])]), Refusal("GatherElements", 13, [.data([2, 2]), .ints([0, 9], [1, 2])]),
        Refusal("GatherND", 13, [.data([2, 2]), .ints([0, -3], [1, 2])]), Refusal("GatherND", 13, [.data([2]), .ints([0, 0], [1, 2])]),
        Refusal("ScatterND", 18, [.data([2]), .ints([2], [1, 1]), .data([1])]), Refusal("ScatterND", 18, [.data([2]), .ints([1], [1, 1]), .data([2])]),
        Refusal("ScatterElements", 18, [.data([2]), .ints([Int64.min]), .data([1])]),
        Refusal("Concat", 13, [.data([2, 2]), .data([2, 3])], ["axis": .int(0)]), Refusal("Concat", 13, [.data([2])], ["axis": .int(Int64.min)]),
        Refusal("Transpose", 13, [.data([2, 2])], ["perm": .ints([0, 0])]), Refusal("Transpose", 13, [.data([2, 2])], ["perm": .ints([0])]),
        Refusal("Expand", 13, [.data([1]), .ints([Int64.max, Int64.max])]), Refusal("Expand", 13, [.data([1]), .ints([1 << 40])]),
        Refusal("Tile", 13, [.data([2]), .ints([Int64.max])]), Refusal("Tile", 13, [.data([2]), .ints([-1])]),
        Refusal("ConstantOfShape", 9, [.ints([1 << 40])]), Refusal("ConstantOfShape", 9, [.ints([-1])]),
        Refusal("Slice", 13, [.data([2]), .ints([0]), .ints([1]), .ints([0]), .ints([0])]),
        Refusal("Slice", 13, [.data([2]), .ints([0]), .ints([1]), .ints([3])]),
        Refusal("Pad", 13, [.data([2]), .ints([Int64.max, Int64.max])]), Refusal("Pad", 13, [.data([2]), .ints([-2, -2])]),
        Refusal("Pad", 13, [.data([0]), .ints([1, 1])], ["mode": .string("reflect")]), Refusal("Pad", 13, [.data([2]), .ints([1 << 40, 0])]),
        Refusal("Split", 18, [.data([5])], ["num_outputs": .int(1), "axis": .int(1)]), Refusal("Split", 13, [.data([5]), .ints([6])]),
        Refusal("Squeeze", 13, [.data([2]), .ints([0])]), Refusal("Unsqueeze", 13, [.data([2]), .ints([0, 0])]),
        Refusal("TopK", 11, [.data([2]), .ints([3])], outputs: 2), Refusal("TopK", 11, [.data([2]), .ints([-1])], outputs: 2),
        Refusal("OneHot", 11, [.ints([0]), .ints([1 << 40]), .data([2])]), Refusal("OneHot", 11, [.ints([0]), .ints([3]), .data([3])]),
        Refusal("DepthToSpace", 13, [.data([1, 3, 1, 1])], ["blocksize": .int(2)]), Refusal("DepthToSpace", 13, [.data([1, 4, 1, 1])], ["blocksize": .int(0)]),
        Refusal("SpaceToDepth", 13, [.data([1, 1, 3, 2])], ["blocksize": .int(2)]),
        Refusal("SpaceToDepth", 13, [.data([1, 1, 2, 2])], ["blocksize": .int(1 << 40)]),
        Refusal("ReverseSequence", 10, [.data([2, 2]), .ints([3, 1])]), Refusal("CenterCropPad", 18, [.data([2, 2]), .ints([-1, 2])]),
        Refusal("TensorScatter", 24, [.data([1, 2, 1]), .data([1, 1, 1]), .ints([2])]), Refusal("SplitToSequence", 11, [.data([2]), .ints([0], [])]),
        Refusal("Flatten", 13, [.data([2])], ["axis": .int(3)]), Refusal("EyeLike", 9, [.data([2])]),
    ])
    func refuses(_ refusal: Refusal) throws {
        #expect(throws: ONNXError.self) {
            try OperatorHarness(opset: refusal.opset).run(refusal.op, try refusal.inputs.map { try $0.value }, outputs: refusal.outputs, refusal.attributes)
        }
    }

    struct Refusal: Sendable, CustomStringConvertible {
        enum Input: Sendable {
            case data([Int])
            case ints([Int64], [Int]? = nil)

            var value: Value {
                get throws {
                    switch self {
                    case .data(let shape): try counting(shape)
                    case .ints(let values, let shape): .tensor(try Tensor(values, shape: shape ?? [values.count]))
                    }
                }
            }
        }

        let op: String
        let opset: Int
        let inputs: [Input]
        let attributes: OrderedDictionary<String, Attribute>
        let outputs: Int

        init(_ op: String, _ opset: Int, _ inputs: [Input], _ attributes: OrderedDictionary<String, Attribute> = [:], outputs: Int = 1) {
            self.op = op
            self.opset = opset
            self.inputs = inputs
            self.attributes = attributes
            self.outputs = outputs
        }

        var description: String { "\(op) \(inputs) \(attributes)" }
    }

    /// Extents that only a tensor without elements can have: no loop runs over them.
    @Test(arguments: ["Compress", "Unique", "Gather", "EyeLike", "Trilu", "Tile", "Expand"])
    func endsOnEmptyTensorsOfHugeExtent(_ op: String) throws {
        let shape = [1 << 60, 0]
        let data = Value.tensor(try Tensor([Float](), shape: shape))
        switch op {
        case "Compress":
            let none = try value([TensorBool]())
            #expect(try OperatorHarness().tensor(op, [data, none], ["axis": .int(1)]).count == 0)
        case "Unique": #expect(throws: ONNXError.self) { try OperatorHarness().tensor(op, [data], ["axis": .int(0)]) }
        case "Gather": #expect(try OperatorHarness().tensor(op, [data, try value([Int64]())], ["axis": .int(1)]).count == 0)
        case "Tile": #expect(try OperatorHarness().tensor(op, [data, try ints(2, 2)]).count == 0)
        case "Expand": #expect(try OperatorHarness().tensor(op, [data, try ints(1)]).count == 0)
        default: #expect(try OperatorHarness().tensor(op, [data]).count == 0)
        }
    }
}
