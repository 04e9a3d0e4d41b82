import Bytes
import GraphIR
import OpLibrary
import Tensors
import Testing

@Suite struct CastTests {
    private func cast(_ tensor: Tensor, to type: ElementType, _ attributes: [(String, Attribute)] = []) throws -> Tensor {
        try OneNode("Cast", opset: 28, attributes: [("to", .int(Int64(type.rawValue)))] + attributes)(tensor)[0]
    }

    /// Floats that no integer is: 32 and 64 bits saturate, narrower ones keep low bits, NaN is 0.
    @Test func floatsOutOfRange() throws {
        let x = try Tensor([.nan, .infinity, -.infinity, 1e30, -1e30, 300.7, -1.9] as [Double])
        #expect(try cast(x, to: .int64).array(of: Int64.self) == [0, .max, .min, .max, .min, 300, -1])
        #expect(try cast(x, to: .int32).array(of: Int32.self) == [0, .max, .min, .max, .min, 300, -1])
        #expect(try cast(x, to: .uint64).array(of: UInt64.self) == [0, .max, 0, .max, 0, 300, 0])
        #expect(try cast(x, to: .int8).array(of: Int8.self)[5...] == [44, -1])
        #expect(try cast(x, to: .bool).array(of: TensorBool.self) == [true, true, true, true, true, true, true])
    }

    @Test func integersKeepLowBits() throws {
        let x = try Tensor([200, -1, 1 << 40, .min] as [Int64])
        #expect(try cast(x, to: .int8).array(of: Int8.self) == [-56, -1, 0, 0])
        #expect(try cast(x, to: .uint32).array(of: UInt32.self) == [200, .max, 0, 0])
        #expect(try cast(x, to: .uint64).array(of: UInt64.self) == [200, .max, 1 << 40, 1 << 63])
        #expect(try cast(try Tensor([UInt64.max]), to: .float).array(of: Float.self) == [0x1p64])
    }

    /// Rounding to a narrow type happens once: these doubles lie just beside a tie of the narrow type.
    @Test func roundsOnce() throws {
        let aboveTie = 1 + 0x1p-8 + 0x1p-40
        #expect(try cast(try Tensor([aboveTie]), to: .bfloat16).array(of: BFloat16.self) == [BFloat16(1 + 0x1p-7)])
        let half = 1 + 0x1p-11 + 0x1p-40
        #expect(try cast(try Tensor([half]), to: .float16).array(of: Float16.self) == [1 + 0x1p-10])
        let eighth = 1 + 0x1p-4 + 0x1p-40
        #expect(try cast(cast(try Tensor([eighth]), to: .float8e4m3fn), to: .double).array(of: Double.self) == [1.125])
    }

    @Test(
        arguments: [
            (text: "3.14", value: 3.14), ("1e-5", 1e-5), ("1E8", 1e8), ("-INF", -.infinity), ("+inf", .infinity), ("Inf", .infinity), ("100", 100),
        ] as [(text: String, value: Double)])
    func readsStrings(_ each: (text: String, value: Double)) throws {
        let strings = try Tensor(strings: [each.text], shape: [1])
        #expect(try cast(strings, to: .double).array(of: Double.self) == [each.value])
        #expect(try cast(strings, to: .float).array(of: Float.self) == [Float(each.value)])
    }

    @Test func readsIntegersExactly() throws {
        let strings = try Tensor(strings: ["9223372036854775807", "-9223372036854775808", "100.5"], shape: [3])
        #expect(try cast(strings, to: .int64).array(of: Int64.self) == [.max, .min, 100])
    }

    @Test func refusesWords() throws {
        let error = #expect(throws: ONNXError.self) { try cast(try Tensor(strings: ["1", "Hello World!"], shape: [2]), to: .float) }
        #expect(error?.message == "element 1 is 'Hello World!', which is no number, or one beyond its type")
    }

    @Test(
        arguments: [
            (0.1, "0.1"), (1, "1.0"), (1e15, "1000000000000000.0"), (123456789.5, "123456789.5"), (1e16, "1e+16"), (0.0001, "0.0001"), (1e-5, "1e-05"),
            (-0.00025, "-0.00025"), (.nan, "NaN"), (-.infinity, "-INF"), (16_777_216, "16777216.0"),
        ] as [(Double, String)])
    func writesStrings(_ each: (Double, String)) throws {
        #expect(try cast(try Tensor([each.0]), to: .string).stringArray() == [each.1])
        if each.0 == 16_777_216 { #expect(try cast(try Tensor([Float(each.0)]), to: .string).stringArray() == [each.1]) }
    }

    /// What a float says in decimal reads back as itself.
    @Test func decimalRoundTrip() throws {
        var bits: UInt32 = 12345
        let values = (0..<2000).map { _ -> Float in
            bits = bits &* 1_664_525 &+ 1_013_904_223
            return Float(bitPattern: bits)
        }.filter { !$0.isNaN }
        let texts = try cast(try Tensor(values), to: .string)
        #expect(try cast(texts, to: .float).array(of: Float.self).map(\.bitPattern) == values.map(\.bitPattern))
    }

    @Test func tablesOfTheStandard() throws {
        let x = try Tensor([.infinity, -.infinity, 1e6, .nan] as [Float])
        let saturated = try cast(try cast(x, to: .float8e4m3fn), to: .float).array(of: Float.self)
        #expect(saturated.prefix(3) == [448, -448, 448] && saturated[3].isNaN)
        let open = try cast(try cast(x, to: .float8e5m2, [("saturate", .int(0))]), to: .float).array(of: Float.self)
        #expect(open.prefix(3) == [.infinity, -.infinity, .infinity] && open[3].isNaN)
        let powers = try cast(
            try Tensor([0, 0x1p-130, 3, .infinity] as [Float]), to: .float8e8m0, [("saturate", .int(0)), ("round_mode", .string("nearest"))])
        let decoded = try cast(powers, to: .float).array(of: Float.self)
        #expect(decoded[0].isNaN && decoded[1].isNaN && decoded[2] == 4 && decoded[3].isNaN)
    }

    @Test func refusesTypes() throws {
        let x = try Tensor([1] as [Float])
        #expect(throws: ONNXError.self) { try cast(x, to: .complex64) }
        #expect(throws: ONNXError.self) { try OneNode("Cast", opset: 28, attributes: [("to", .int(99))])(x) }
        #expect(throws: ONNXError.self) { try OneNode("BitCast", opset: 26, attributes: [("to", .int(11))])(x) }
    }
}
