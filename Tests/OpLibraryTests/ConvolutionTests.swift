import Bytes
import GraphIR
import OpLibrary
import OrderedCollections
import Tensors
import Testing

@Suite struct ConvolutionTests {
    /// A convolution of any rank, chosen by a seed.
    struct Setting {
        var attributes: OrderedDictionary<String, Attribute> = [:]
        var x: [Int]
        var w: [Int]

        init(_ seed: UInt64) {
            var random = SplitMix64(state: seed)
            let rank = Int.random(in: 1...3, using: &random)
            func list(_ range: ClosedRange<Int>, count: Int? = nil) -> [Int] { (0..<(count ?? rank)).map { _ in Int.random(in: range, using: &random) } }
            let (group, channels, filters) = (
                Int.random(in: 1...3, using: &random), Int.random(in: 1...3, using: &random), Int.random(in: 1...3, using: &random)
            )
            let (kernel, strides, dilations, pads) = (list(1...3), list(1...3), list(1...2), list(0...2, count: 2 * rank))
            x = [2, group * channels] + kernel.indices.map { (kernel[$0] - 1) * dilations[$0] + 1 + Int.random(in: 0...6, using: &random) }
            w = [group * filters, channels] + kernel
            attributes["group"] = .int(Int64(group))
            attributes["strides"] = .ints(strides.map(Int64.init))
            attributes["dilations"] = .ints(dilations.map(Int64.init))
            attributes["pads"] = .ints(pads.map(Int64.init))
        }
    }

    private static func random(_ shape: [Int], _ seed: UInt64) throws -> Tensor {
        var random = SplitMix64(state: seed)
        return try Tensor((0..<Shape.product(shape)).map { _ in Double.random(in: -1...1, using: &random) }, shape: shape)
    }

    private static func float(_ tensor: Tensor) throws -> Tensor { try Tensor(tensor.array(of: Double.self).map { Float($0) }, shape: tensor.shape) }

    private static func dot(_ a: Tensor, _ b: Tensor) throws -> Double {
        #expect(a.shape == b.shape)
        return zip(try a.array(of: Double.self), try b.array(of: Double.self)).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// The float path, by matrix products, against the double path, tap by tap.
    @Test(arguments: ["Conv", "ConvTranspose"], 0..<60)
    func floatAgreesWithDouble(_ op: String, _ seed: UInt64) throws {
        let setting = Setting(seed)
        let x = try Self.random(op == "Conv" ? setting.x : [2, setting.w[0]] + setting.x.dropFirst(2), seed)
        let w = try Self.random(setting.w, seed + 1)
        var attributes = setting.attributes
        if op == "ConvTranspose" { attributes["pads"] = nil }
        let expected = try OperatorHarness(opset: 22).tensor(op, [.tensor(x), .tensor(w)], attributes)
        let found = try OperatorHarness(opset: 22).tensor(op, [.tensor(try Self.float(x)), .tensor(try Self.float(w))], attributes)
        #expect(found.shape == expected.shape)
        for (a, b) in zip(try found.array(of: Float.self), try expected.array(of: Double.self)) { #expect(abs(Double(a) - b) < 1e-4) }
    }

    /// <conv x, y> = <x, convTranspose y>: each is held against the other.
    @Test(arguments: 0..<60)
    func transposeIsAdjoint(_ seed: UInt64) throws {
        let setting = Setting(seed)
        let (x, w) = (try Self.random(setting.x, seed), try Self.random(setting.w, seed + 1))
        let image = try OperatorHarness(opset: 22).tensor("Conv", [.tensor(x), .tensor(w)], setting.attributes)
        let y = try Self.random(image.shape, seed + 2)
        var attributes = setting.attributes
        guard case .ints(let strides)? = attributes["strides"], case .ints(let dilations)? = attributes["dilations"], case .ints(let pads)? = attributes["pads"]
        else { return }
        // What the windows of the convolution didn't reach at the end.
        attributes["output_padding"] = .ints(
            strides.indices.map { axis in
                let (input, output) = (Int64(setting.x[axis + 2]), Int64(image.shape[axis + 2]))
                return input + pads[axis] + pads[axis + strides.count] - (output - 1) * strides[axis] - (Int64(setting.w[axis + 2]) - 1) * dilations[axis] - 1
            })
        let back = try OperatorHarness(opset: 22).tensor("ConvTranspose", [.tensor(y), .tensor(w)], attributes)
        #expect(abs(try Self.dot(image, y) - Self.dot(x, back)) < 1e-9)
    }

    /// An image so large that its windows are unfolded in several bands.
    @Test func bandsMakeTheWhole() throws {
        let (x, w) = (try Self.random([1, 16, 160, 128], 1), try Self.random([2, 16, 3, 3], 2))
        let attributes: OrderedDictionary<String, Attribute> = ["pads": .ints([1, 1, 1, 1])]
        let harness = OperatorHarness(opset: 22, maxBytes: 1 << 28)
        let expected = try harness.tensor("Conv", [.tensor(x), .tensor(w)], attributes)
        let found = try harness.tensor("Conv", [.tensor(try Self.float(x)), .tensor(try Self.float(w))], attributes)
        let pairs = zip(try found.array(of: Float.self), try expected.array(of: Double.self))
        #expect(pairs.allSatisfy { abs(Double($0) - $1) < 1e-3 })
    }

    /// Zero points and groups against a convolution of the differences.
    @Test(arguments: 0..<30)
    func integersAgreeWithFloats(_ seed: UInt64) throws {
        let setting = Setting(seed)
        var random = SplitMix64(state: seed)
        let bytes = (0..<Shape.product(setting.x)).map { _ in UInt8.random(in: 0...255, using: &random) }
        let weights = (0..<Shape.product(setting.w)).map { _ in Int8.random(in: -128...127, using: &random) }
        let zeros = (0..<setting.w[0]).map { _ in Int8.random(in: -9...9, using: &random) }
        let depth = weights.count / setting.w[0]
        let found = try OperatorHarness(opset: 22).tensor(
            "ConvInteger", [try value(bytes, setting.x), try value(weights, setting.w), .tensor(try Tensor(scalar: UInt8(77))), try value(zeros)],
            setting.attributes)
        let expected = try OperatorHarness(opset: 22).tensor(
            "Conv",
            [
                try value(bytes.map { Double($0) - 77 }, setting.x),
                try value(weights.enumerated().map { Double($1) - Double(zeros[$0 / depth]) }, setting.w),
            ], setting.attributes)
        #expect(try found.array(of: Int32.self).map(Double.init) == expected.array(of: Double.self))
    }

    /// By hand: a window's places counted column by column, and where it holds NaN.
    @Test func locatesGreatestElements() throws {
        let x = try value([1, 5, 2, 3, 4, 9] as [Float], [1, 1, 2, 3])
        let found = try OperatorHarness(opset: 12).run("MaxPool", [x], outputs: 2, ["kernel_shape": .ints([2, 2]), "storage_order": .int(1)])
        #expect(try found[0]?.tensor?.array(of: Float.self) == [5, 9])
        #expect(try found[1]?.tensor?.array(of: Int64.self) == [2, 5])
        let holes = try value([1, .nan, 2, 3] as [Float], [1, 1, 4])
        let spread = try OperatorHarness(opset: 12).tensor("MaxPool", [holes], ["kernel_shape": .ints([2])]).array(of: Float.self)
        #expect(spread[0].isNaN && spread[1].isNaN && spread[2] == 3)
    }

    /// Before opset 11 an element comes from the place at or below it, and where the axis shrinks from the one at or above it.
    @Test(
        arguments: [
            ("Upsample", 7, 2, "nearest", [1, 1, 2, 2]), ("Upsample", 9, 2, "linear", [1, 1.5, 2, 2]), ("Resize", 10, 0.6, "nearest", [1, 3]),
            ("Resize", 10, 2, "linear", [1, 1.5, 2, 2]),
        ] as [(String, Int, Float, String, [Float])])
    func resizesAsBefore(_ op: String, _ opset: Int, _ scale: Float, _ mode: String, _ expected: [Float]) throws {
        let x = try value([1, 2, 3, 4] as [Float], [1, 4])
        let input = scale < 1 ? x : try value([1, 2] as [Float], [1, 2])
        var attributes: OrderedDictionary<String, Attribute> = ["mode": .string(mode)]
        if opset == 7 { attributes["scales"] = .floats([1, scale]) }
        let inputs = opset == 7 ? [input] : [input, try value([1, scale])]
        #expect(try OperatorHarness(opset: opset).tensor(op, inputs, attributes).array(of: Float.self) == expected)
    }

    @Test func resizesStrings() throws {
        let x = Value.tensor(try Tensor(strings: ["a", "b"], shape: [2]))
        let found = try OperatorHarness(opset: 13).tensor("Resize", [x, nil, nil, try ints(4)])
        #expect(try found.stringArray() == ["a", "a", "b", "b"])
    }

    struct Refusal: Sendable, CustomStringConvertible {
        let op: String
        let shapes: [[Int]]
        let attributes: OrderedDictionary<String, Attribute>

        init(_ op: String, _ shapes: [[Int]], _ attributes: OrderedDictionary<String, Attribute> = [:]) {
            (self.op, self.shapes, self.attributes) = (op, shapes, attributes)
        }

        var description: String { "\(op) \(shapes) \(attributes)" }
    }

    /// What must be refused, and never crash.
    @Test(arguments: [
        Refusal("Conv", [[1, 1, 4], [1, 1, 3]], ["group": .int(0)]), Refusal("Conv", [[1, 1, 4], [1, 1, 3]], ["strides": .ints([0])]),
        Refusal("Conv", [[1, 1, 4], [1, 1, 3]], ["strides": .ints([1, 1])]), Refusal("Conv", [[1, 1, 4], [1, 1, 5]]),
        Refusal("Conv", [[1, 1, 4], [1, 1, 0]]), Refusal("Conv", [[1, 1], [1, 1]]), Refusal("Conv", [[1, 1, 4, 4], [1, 1, 3]]),
        Refusal("Conv", [[1, 2, 4], [1, 1, 3]]), Refusal("Conv", [[1, 1, 4], [2, 1, 3], [1]]),
        Refusal("Conv", [[1, 1, 4], [1, 1, 3]], ["pads": .ints([-1, 0])]),
        Refusal("Conv", [[1, 1, 4], [1, 1, 3]], ["auto_pad": .string("MOST")]), Refusal("Conv", [[1, 1, 4], [1, 1, 3]], ["dilations": .ints([.max])]),
        Refusal("Conv", [[1, 1, 4], [1, 1, 3]], ["pads": .ints([2_147_483_647, 2_147_483_647])]),
        Refusal("ConvTranspose", [[1, 1, 4], [1, 1, 3]], ["pads": .ints([3, 3])]), Refusal("ConvTranspose", [[1, 2, 4], [1, 1, 3]]),
        Refusal("ConvTranspose", [[1, 1, 4], [1, 1, 3]], ["output_shape": .ints([2_147_483_647])]),
        Refusal("ConvTranspose", [[1, 1, 4], [1, 1, 3]], ["strides": .ints([2_147_483_647])]),
        Refusal("ConvTranspose", [[1, 1, 4], [1, 1, 3]], ["output_padding": .ints([0, 0])]),
        Refusal("MaxPool", [[1, 1, 4]], ["kernel_shape": .ints([2]), "pads": .ints([2, 0])]),
        Refusal("MaxPool", [[1, 1, 4, 4, 4]], ["kernel_shape": .ints([2_147_483_647, 2_147_483_647, 2_147_483_647])]),
        Refusal("AveragePool", [[1, 1, 0]], ["kernel_shape": .ints([1])]), Refusal("AveragePool", [[1, 1, 4]], ["kernel_shape": .ints([])]),
        Refusal("LpPool", [[1, 1, 4]], ["kernel_shape": .ints([2]), "p": .int(0)]), Refusal("GlobalMaxPool", [[2, 2, 0]]),
        Refusal("DeformConv", [[1, 1, 4, 4], [1, 1, 2, 2], [1, 4, 3, 3]]), Refusal("Det", [[2, 3]]), Refusal("Det", [[2]]),
        Refusal("GridSample", [[1, 1, 4, 4], [1, 2, 2, 3]]), Refusal("GridSample", [[1, 1, 0, 4], [1, 2, 2, 2]]),
        Refusal("MaxRoiPool", [[1, 1, 4, 4], [1, 4]], ["pooled_shape": .ints([1, 1])]),
        Refusal("MaxRoiPool", [[0, 1, 4, 4], [1, 5]], ["pooled_shape": .ints([1, 1])]),
        Refusal("RNN", [[2, 1, 3], [1, 4, 3], [1, 4, 5]]), Refusal("LSTM", [[2, 1, 3], [1, 8, 3], [1, 8, 2], [1, 8]]),
        Refusal("GRU", [[2, 1, 3], [1, 6, 3], [1, 6, 2]], ["activations": .strings(["Sigmoid", "Cube"])]),
        Refusal("GRU", [[2, 1, 3], [1, 6, 3], [1, 6, 2]], ["direction": .string("bidirectional")]),
        Refusal("RotaryEmbedding", [[1, 2, 6], [1, 2, 1], [1, 2, 1]]),
        Refusal("RotaryEmbedding", [[1, 2, 6], [1, 2, 2], [1, 2, 2]], ["num_heads": .int(2)]),
        Refusal("CausalConvWithState", [[1, 2, 3], [2, 1, 0]]), Refusal("DFT", [[1, 4, 3]]), Refusal("DFT", [[4, 1, 1], [0]]),
    ])
    func refuses(_ refusal: Refusal) throws {
        let inputs = try refusal.shapes.map { try counting($0) }
        #expect(throws: ONNXError.self) { try OperatorHarness().run(refusal.op, inputs, refusal.attributes) }
    }

    /// Values of inputs that must be refused, and never crash.
    @Test func refusesValues() throws {
        let harness = OperatorHarness()
        let image = try counting([1, 1, 4, 4])
        for scale in [0, -1, Float.nan, .infinity] {
            #expect(throws: ONNXError.self) { try harness.run("Resize", [image, nil, try value([1, 1, scale, 1])]) }
        }
        for size: Int64 in [-1, .max] { #expect(throws: ONNXError.self) { try harness.run("Resize", [image, nil, nil, try ints(1, 1, size, 4)]) } }
        #expect(throws: ONNXError.self) { try harness.run("Resize", [image]) }
        for place: Int64 in [-1, 16, .max] {
            let unpool: OrderedDictionary<String, Attribute> = ["kernel_shape": .ints([2]), "strides": .ints([2])]
            #expect(throws: ONNXError.self) { try harness.run("MaxUnpool", [try counting([1, 1, 1]), try value([place], [1, 1, 1])], unpool) }
        }
        for batch: Int64 in [-1, 1, .max] {
            #expect(throws: ONNXError.self) { try harness.run("RoiAlign", [image, try value([0, 0, 2, 2] as [Float], [1, 4]), try ints(batch)]) }
        }
        #expect(throws: ONNXError.self) { try harness.run("RoiAlign", [image, try value([0, 0, 1e30, 2] as [Float], [1, 4]), try ints(0)]) }
        let layer = [try counting([2, 1, 3]), try counting([1, 4, 3]), try counting([1, 4, 4]), nil]
        for length: Int32 in [-1, 3, .max] { #expect(throws: ONNXError.self) { try harness.run("RNN", layer + [try value([length])]) } }
        for (image, block): ([Int64], [Int64]) in [([4, 4], [2]), ([4], [5]), ([.max], [1]), ([4], [0]), ([-4], [1])] {
            #expect(throws: ONNXError.self) { try harness.run("Col2Im", [try counting([1, 2, 3]), try value(image), try value(block)]) }
        }
        for length: Int64 in [0, -1, .max, 1 << 50] {
            #expect(throws: ONNXError.self) { try harness.run("DFT", [try counting([1, 4, 1]), try ints(length)]) }
        }
        for axis: Int64 in [2, -1, .max, .min] { #expect(throws: ONNXError.self) { try harness.run("DFT", [try counting([1, 4, 1]), nil, try ints(axis)]) } }
        for (step, length): (Int64, Int64) in [(0, 2), (-1, 2), (1, 5), (1, 0)] {
            #expect(throws: ONNXError.self) { try harness.run("STFT", [try counting([1, 4, 1]), try ints(step), nil, try ints(length)]) }
        }
        for size: Int64 in [-1, .max, .min] { #expect(throws: ONNXError.self) { try harness.run("HannWindow", [try ints(size)]) } }
        #expect(throws: ONNXError.self) { try harness.run("AffineGrid", [try counting([1, 2, 3]), try ints(1, 1, -2, 2)]) }
        #expect(throws: ONNXError.self) { try harness.run("AffineGrid", [try counting([1, 2, 3]), try ints(1, 1, .max, .max)]) }
    }
}
