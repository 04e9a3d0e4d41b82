import Bytes
import GraphIR
import OrderedCollections
import Tensors
import Testing

@Suite struct ReadingTests {
    /// One case of a tensor encoding: the bytes of a TensorProto's fields and the tensor that they mean.
    struct Encoding: Sendable, CustomTestStringConvertible {
        let type: ElementType
        let dims: [Int]
        let data: [UInt8]
        let expected: [UInt8]
        var testDescription: String { "\(type)\(dims)" }

        init(_ type: ElementType, _ dims: [Int], _ data: [UInt8], _ expected: [UInt8]) {
            (self.type, self.dims, self.data, self.expected) = (type, dims, data, expected)
        }
    }

    static let encodings: [Encoding] = [
        Encoding(.float, [2], Wire.bytes(4, Wire.floats([1.5, -2])), Wire.floats([1.5, -2])),
        // Numbers may come one by one, and in several pieces.
        Encoding(.float, [2], Wire.tag(4, 5) + Wire.floats([1.5]) + Wire.bytes(4, Wire.floats([-2])), Wire.floats([1.5, -2])),
        Encoding(.complex64, [1], Wire.bytes(4, Wire.floats([1, 2])), Wire.floats([1, 2])),
        Encoding(.double, [1], Wire.bytes(10, Wire.little(Double(0.1).bitPattern)), Wire.little(Double(0.1).bitPattern)),
        Encoding(.complex128, [1], Wire.bytes(10, Wire.little(UInt64(1)) + Wire.little(UInt64(2))), Wire.little(UInt64(1)) + Wire.little(UInt64(2))),
        Encoding(.int64, [2], Wire.packed(7, [-1, .max]), Wire.little(Int64(-1)) + Wire.little(Int64.max)),
        Encoding(.int64, [2], Wire.int(7, 5) + Wire.int(7, -6), Wire.little(Int64(5)) + Wire.little(Int64(-6))),
        Encoding(.uint64, [1], Wire.packed(11, [-1]), Wire.little(UInt64.max)),
        Encoding(.uint32, [1], Wire.packed(11, [4_294_967_295]), Wire.little(UInt32.max)),
        Encoding(.int32, [2], Wire.packed(5, [-7, 7]), Wire.little(Int32(-7)) + Wire.little(Int32(7))),
        Encoding(.int16, [1], Wire.packed(5, [-300]), Wire.little(Int16(-300))),
        Encoding(.uint16, [1], Wire.packed(5, [65535]), Wire.little(UInt16.max)),
        Encoding(.float16, [1], Wire.packed(5, [0x3C00]), [0, 0x3C]),
        Encoding(.bfloat16, [1], Wire.packed(5, [0x3F80]), [0x80, 0x3F]),
        Encoding(.int8, [2], Wire.packed(5, [-128, 1]), [0x80, 1]),
        Encoding(.uint8, [1], Wire.packed(5, [255]), [255]),
        Encoding(.bool, [2], Wire.packed(5, [0, 1]), [0, 1]),
        Encoding(.float8e4m3fn, [1], Wire.packed(5, [0x7E]), [0x7E]),
        Encoding(.float8e5m2fnuz, [1], Wire.packed(5, [0x80]), [0x80]),
        Encoding(.float8e8m0, [1], Wire.packed(5, [127]), [127]),
        Encoding(.int4, [3], Wire.packed(5, [0x21, 0x0F]), [0x21, 0x0F]),
        Encoding(.uint4, [3], Wire.raw([0x21, 0x03]), [0x21, 0x03]),
        Encoding(.float4e2m1, [2], Wire.raw([0x12]), [0x12]),
        Encoding(.int2, [5], Wire.raw([0xE4, 0x01]), [0xE4, 0x01]),
        Encoding(.uint2, [4], Wire.packed(5, [0xE4]), [0xE4]),
        Encoding(.float, [0, 3], [], []),
        Encoding(.int64, [], Wire.raw(Wire.little(Int64(9))), Wire.little(Int64(9))),
    ]

    @Test(arguments: encodings) func readsEveryEncoding(_ encoding: Encoding) throws {
        let tensor = Wire.tensor(Int(encoding.type.rawValue), dims: encoding.dims, encoding.data)
        let model = try Model(bytes: Wire.model(graph: Wire.initializer(tensor)))
        let read = try #require(model.graph.initializers["w"])
        #expect(read.elementType == encoding.type)
        #expect(read.shape == encoding.dims)
        #expect(try Array(read.bytes()) == encoding.expected)
    }

    @Test func readsStrings() throws {
        let tensor = Wire.tensor(8, dims: [2], Wire.text(6, "ä\0b") + Wire.text(6, ""))
        let model = try Model(bytes: Wire.model(graph: Wire.initializer(tensor)))
        #expect(try model.graph.initializers["w"]?.stringArray() == ["ä\0b", ""])
    }
}
