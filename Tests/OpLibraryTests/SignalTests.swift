import GraphIR
import OpLibrary
import OrderedCollections
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct SignalTests {
    /// The transform against its definition, for lengths of every kind: powers of 2, primes, products.
    @Test(arguments: Array(1...20) + [31, 32, 49, 60, 97])
    func transformsByDefinition(_ length: Int) throws {
        var random = SplitMix64(state: UInt64(length))
        let x = (0..<2 * length).map { _ in Double.random(in: -1...1, using: &random) }
        let found = try OperatorHarness().tensor("DFT", [try value(x, [1, length, 2])]).array(of: Double.self)
        for bin in 0..<length {
            var (real, imaginary) = (0.0, 0.0)
            for index in 0..<length {
                let angle = -2 * Double.pi * Double(bin * index % length) / Double(length)
                real += x[2 * index] * cos(angle) - x[2 * index + 1] * sin(angle)
                imaginary += x[2 * index] * sin(angle) + x[2 * index + 1] * cos(angle)
            }
            #expect(abs(found[2 * bin] - real) < 1e-10 && abs(found[2 * bin + 1] - imaginary) < 1e-10)
        }
    }

    /// There and back, of complex signals and of real ones by half of their spectrum.
    @Test(arguments: [1, 2, 3, 8, 13, 30], [false, true])
    func inverts(_ length: Int, _ isReal: Bool) throws {
        let parts = isReal ? 1 : 2
        var random = SplitMix64(state: UInt64(length))
        let x = (0..<3 * length * parts).map { _ in Double.random(in: -1...1, using: &random) }
        let sided: OrderedDictionary<String, Attribute> = ["onesided": .int(isReal ? 1 : 0)]
        let spectrum = try OperatorHarness().tensor("DFT", [try value(x, [3, length, parts])], sided)
        #expect(spectrum.shape == [3, isReal ? length / 2 + 1 : length, 2])
        var inverse = sided
        inverse["inverse"] = .int(1)
        let back = try OperatorHarness().tensor("DFT", [.tensor(spectrum), try ints(Int64(length))], inverse)
        #expect(back.shape == [3, length, parts])
        for (a, b) in zip(try back.array(of: Double.self), x) { #expect(abs(a - b) < 1e-12) }
    }

    /// A sequence that ends early keeps its state, leaves zeros behind its end, and is read backwards from its own end.
    @Test(arguments: ["RNN", "GRU", "LSTM"], ["forward", "reverse"])
    func sequencesEndWhereTheyEnd(_ op: String, _ direction: String) throws {
        let gates = ["RNN": 1, "GRU": 3, "LSTM": 4][op] ?? 0
        var random = SplitMix64(state: 7)
        func tensor(_ shape: [Int]) throws -> Tensor {
            try Tensor((0..<Shape.product(shape)).map { _ in Double.random(in: -1...1, using: &random) }, shape: shape)
        }
        let (x, w, r) = (try tensor([5, 2, 3]), try tensor([1, gates * 2, 3]), try tensor([1, gates * 2, 2]))
        let attributes: OrderedDictionary<String, Attribute> = ["direction": .string(direction), "hidden_size": .int(2)]
        let lengths = try value([5, 3] as [Int32])
        let both = try OperatorHarness().run(op, [.tensor(x), .tensor(w), .tensor(r), nil, lengths], outputs: 2, attributes)
        // The second sequence alone, of its own length.
        let values = try x.array(of: Double.self)
        let rows: [[Double]] = (0..<3).map { (step: Int) in Array(values[(step * 2 + 1) * 3..<(step * 2 + 2) * 3]) }
        let alone = try value(Array(rows.joined()), [3, 1, 3])
        let single = try OperatorHarness().run(op, [alone, .tensor(w), .tensor(r)], outputs: 2, attributes)
        let (y, expected) = (try #require(both[0]?.tensor).array(of: Double.self), try #require(single[0]?.tensor).array(of: Double.self))
        for step in 0..<5 {
            let row = Array(y[(step * 2 + 1) * 2..<(step * 2 + 2) * 2])
            #expect(row == (step < 3 ? Array(expected[step * 2..<step * 2 + 2]) : [0, 0]))
        }
        let (last, own) = (try #require(both[1]?.tensor).array(of: Double.self), try #require(single[1]?.tensor).array(of: Double.self))
        #expect(Array(last[2..<4]) == own)
    }

    /// The float path, by matrix products, against the double path.
    @Test(arguments: ["RNN", "GRU", "LSTM"], 0..<8)
    func floatAgreesWithDouble(_ op: String, _ seed: UInt64) throws {
        let gates = ["RNN": 1, "GRU": 3, "LSTM": 4][op] ?? 0
        var random = SplitMix64(state: seed)
        let (steps, batches, size, hidden, isBatchFirst) = (4, Int(seed % 3) + 1, 3, Int(seed % 5) + 1, seed % 2 == 1)
        var attributes: OrderedDictionary<String, Attribute> = [
            "direction": .string("bidirectional"), "hidden_size": .int(Int64(hidden)), "layout": .int(isBatchFirst ? 1 : 0), "clip": .float(0.8),
        ]
        if op == "GRU" { attributes["linear_before_reset"] = .int(Int64(seed / 2 % 2)) }
        if op == "LSTM" { attributes["input_forget"] = .int(Int64(seed / 2 % 2)) }
        let shapes = [
            isBatchFirst ? [batches, steps, size] : [steps, batches, size], [2, gates * hidden, size], [2, gates * hidden, hidden], [2, 2 * gates * hidden],
        ]
        let values = shapes.map { shape in (0..<Shape.product(shape)).map { _ in Double.random(in: -1...1, using: &random) } }
        let wide = try OperatorHarness().run(op, try zip(values, shapes).map { try value($0, $1) }, outputs: 2, attributes)
        let narrow = try OperatorHarness().run(op, try zip(values, shapes).map { try value($0.map { Float($0) }, $1) }, outputs: 2, attributes)
        for (a, b) in zip(narrow, wide) {
            let (found, expected) = (try #require(a?.tensor), try #require(b?.tensor))
            #expect(found.shape == expected.shape)
            for (x, y) in zip(try found.array(of: Float.self), try expected.array(of: Double.self)) { #expect(abs(Double(x) - y) < 1e-5) }
        }
    }
}
