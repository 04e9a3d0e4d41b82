import Bytes
import GraphIR
import OpLibrary
import Tensors
import Testing

@Suite struct ElementwiseTests {
    /// Integer arithmetic that processors trap on.
    @Test func integersNeverTrap() throws {
        let least = try Tensor([Int32.min, 5, Int32.min], shape: [3])
        let divisors = try Tensor([-1, 0, 0] as [Int32])
        #expect(try OneNode("Div", opset: 14)(least, divisors)[0].array(of: Int32.self) == [.min, 0, 0])
        #expect(try OneNode("Mod", opset: 13)(least, divisors)[0].array(of: Int32.self) == [0, 0, 0])
        #expect(try OneNode("Abs", opset: 13)(least)[0].array(of: Int32.self) == [.min, 5, .min])
        #expect(try OneNode("Neg", opset: 13)(least)[0].array(of: Int32.self) == [.min, -5, .min])
        #expect(try OneNode("Mul", opset: 14)(least, least)[0].array(of: Int32.self) == [0, 25, 0])
    }

    @Test(arguments: [
        (base: Int64(2), exponent: Int64(62), power: Int64(1) << 62), (2, 64, 0), (-1, 3, -1), (-1, -2, 1), (1, -9, 1), (3, -1, 0), (0, 0, 1), (7, 1, 7),
    ])
    func integerPowers(_ each: (base: Int64, exponent: Int64, power: Int64)) throws {
        let result = try OneNode("Pow", opset: 15)(try Tensor([each.base]), try Tensor([each.exponent]))
        #expect(try result[0].array(of: Int64.self) == [each.power])
    }

    /// The exponents that have a way of their own give what the general way gives.
    @Test(arguments: [Float(2), 3, 0.5]) func specialPowers(_ exponent: Float) throws {
        let bases: [Float] = [0, -0.0, 1, 2.5, 1e-30, 1e30, .infinity, -.infinity, .nan, 7]
        let alone = try OneNode("Pow", opset: 15)(try Tensor(bases), try Tensor([exponent]))[0].array(of: Float.self)
        let each = try OneNode("Pow", opset: 15)(try Tensor(bases), try Tensor(bases.map { _ in exponent }))[0].array(of: Float.self)
        #expect(alone.map(\.bitPattern) == each.map(\.bitPattern))
    }

    @Test func nanIsKept() throws {
        let x = try Tensor([.nan, 1, -1] as [Float])
        for name in ["Relu", "Abs", "Neg", "Sign"] { #expect(try OneNode(name, opset: 14)(x)[0].array(of: Float.self)[0].isNaN, "\(name)") }
        let y = try Tensor([0, .nan, 2] as [Float])
        for name in ["Max", "Min"] {
            let result = try OneNode(name, opset: 13)(x, y)[0].array(of: Float.self)
            #expect(result[0].isNaN && result[1].isNaN && !result[2].isNaN, "\(name)")
        }
        #expect(try OneNode("Clip", opset: 13)(x, try Tensor(scalar: Float(0)), nil)[0].array(of: Float.self)[0].isNaN)
    }

    @Test func clipBeforeVersion11HasAttributes() throws {
        let node = OneNode("Clip", opset: 7, attributes: [("min", .float(-1)), ("max", .float(2))])
        #expect(try node(try Tensor([-5, 0, 9] as [Float]))[0].array(of: Float.self) == [-1, 0, 2])
    }

    @Test func shiftsBeyondTheWidth() throws {
        let x = try Tensor([-1, 4, -128, 1] as [Int8])
        let amounts = try Tensor([9, 1, -3, 7] as [Int8])
        let right = OneNode("BitShift", opset: 28, attributes: [("direction", .string("RIGHT"))])
        let left = OneNode("BitShift", opset: 28, attributes: [("direction", .string("LEFT"))])
        #expect(try right(x, amounts)[0].array(of: Int8.self) == [-1, 2, -1, 0])
        #expect(try left(x, amounts)[0].array(of: Int8.self) == [0, 8, 0, -128])
    }

    /// Operands that don't fit are refused with their shapes.
    @Test(arguments: ["Add", "Equal", "And", "BitwiseAnd", "Pow", "Max"]) func refusesShapes(_ name: String) throws {
        func operand(_ shape: [Int]) throws -> Tensor {
            let count = shape.reduce(1, *)
            switch name {
            case "And": return try Tensor(Array(repeating: TensorBool(true), count: count), shape: shape)
            case "BitwiseAnd": return try Tensor(Array(repeating: Int32(1), count: count), shape: shape)
            default: return try Tensor(Array(repeating: Float(1), count: count), shape: shape)
            }
        }
        let error = #expect(throws: ONNXError.self) { try OneNode(name, opset: 18)(try operand([2, 3]), try operand([2])) }
        #expect(error?.code == .shape)
        #expect(error?.message.contains("[2,3]") == true)
    }

    @Test func modOfFloatsNeedsFmodBefore28() throws {
        let (a, b) = (try Tensor([-4.5, 4.5, 3, .infinity] as [Float]), try Tensor([2, -2, .infinity, 2] as [Float]))
        #expect(throws: ONNXError.self) { try OneNode("Mod", opset: 13)(a, b) }
        let floored = try OneNode("Mod", opset: 28)(a, b)[0].array(of: Float.self)
        #expect(floored.prefix(3) == [1.5, -1.5, 3] && floored[3].isNaN)
        let truncated = try OneNode("Mod", opset: 13, attributes: [("fmod", .int(1))])(a, b)[0].array(of: Float.self)
        #expect(truncated.prefix(3) == [-0.5, 0.5, 3] && truncated[3].isNaN)
    }

    /// A broadcast over every axis pattern against the rule itself.
    @Test(arguments: [
        ([2, 3, 4], [2, 3, 4]), ([2, 3, 4], []), ([2, 3, 4], [4]), ([2, 3, 4], [3, 1]), ([2, 1, 4], [1, 3, 1]), ([1], [5]), ([0, 3], [1, 3]),
        ([2, 3, 1], [2, 1, 4]),
    ])
    func broadcasts(_ shapes: ([Int], [Int])) throws {
        func tensor(_ shape: [Int], _ start: Float) throws -> Tensor { try Tensor((0..<shape.reduce(1, *)).map { start + Float($0) }, shape: shape) }
        let (a, b) = (try tensor(shapes.0, 1), try tensor(shapes.1, 100))
        let result = try OneNode("Sub", opset: 14)(a, b)[0]
        let (x, y) = (try a.array(of: Float.self), try b.array(of: Float.self))
        let strides = (Shape.strides(a.shape), Shape.strides(b.shape), Shape.strides(result.shape))
        func index(_ shape: [Int], _ own: [Int], _ place: Int) -> Int {
            let skipped = result.rank - shape.count
            return shape.indices.reduce(0) { $0 + (shape[$1] == 1 ? 0 : place / strides.2[$1 + skipped] % result.shape[$1 + skipped] * own[$1]) }
        }
        for (place, value) in try result.array(of: Float.self).enumerated() {
            #expect(value == x[index(a.shape, strides.0, place)] - y[index(b.shape, strides.1, place)])
        }
    }
}

extension Tensor {
    /// A tensor of rank 1.
    init<T: TensorElement>(_ values: [T]) throws { try self.init(values, shape: [values.count]) }
}
