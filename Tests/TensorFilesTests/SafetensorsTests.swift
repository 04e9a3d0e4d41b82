import Bytes
import TensorFiles
import Tensors
import Testing

@Suite struct SafetensorsTests {
    @Test func readsWhatSafetensorsWrites() throws {
        let file = try SafetensorsFile(fixture("numpy.safetensors"))
        #expect(file.metadata == ["format": "np", "é": "ü\n"])
        let types: [String: ElementType] = [
            "BOOL": .bool, "I8": .int8, "I16": .int16, "I32": .int32, "I64": .int64, "U8": .uint8, "U16": .uint16, "U32": .uint32, "U64": .uint64,
            "F16": .float16, "F32": .float,
            "F64": .double, "C64": .complex64,
        ]
        #expect(Set(file.entries.map(\.name)) == Set(types.keys).union(["scalar", "empty"]))
        for (name, type) in types {
            let tensor = try file.tensor(#require(file[name]))
            #expect(tensor.elementType == type && tensor.shape == [2, 3, 4])
            #expect(try numbers(tensor) == expectedNumbers(type))
            guard case .bytes(let storage, _) = tensor.contents else { throw ONNXError(.usage, "strings") }
            #expect(storage.isBorrowed)
        }
        #expect(try numbers(file.tensor(#require(file["scalar"]))) == [2.5])
        #expect(try file.tensor(#require(file["empty"])).shape == [2, 0])
    }

    @Test(arguments: [("BF16", ElementType.bfloat16), ("F8_E4M3", .float8e4m3fn), ("F8_E5M2", .float8e5m2)])
    func readsSmallFloats(_ name: String, _ type: ElementType) throws {
        let file = try SafetensorsFile(fixture("small-floats.safetensors"))
        let tensor = try file.tensor(#require(file[name]))
        let exact = expectedNumbers(.float)
        let expected = SmallFloatFormat.of(type).map { format in exact.map { Double(format.decode(format.encode(Float($0)))) } } ?? exact
        #expect(tensor.elementType == type)
        #expect(try numbers(tensor) == expected)
    }

    private func file(_ header: String, data: Int = 0, length: UInt64? = nil) throws -> ByteRegion {
        let size = length ?? UInt64(header.utf8.count)
        return try region(
            (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } + Array(header.utf8) + [UInt8](repeating: 0, count: data), name: "a.safetensors")
    }

    private func entry(_ name: String, _ dtype: String = "F32", _ shape: String = "[1]", _ offsets: String = "[0,4]") -> String {
        "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }

    @Test(arguments: [0, 7] as [Int])
    func refusesTooFewBytes(_ count: Int) throws {
        let error = try #require(throws: ONNXError.self) { try SafetensorsFile(region([UInt8](repeating: 1, count: count))) }
        #expect(error.description == "bytes: is not a safetensors file: it has \(count) bytes, less than 8")
    }

    @Test(arguments: [0, 3, 100_000_001, 1 << 63, .max] as [UInt64])
    func refusesAnImpossibleHeader(_ length: UInt64) throws {
        let error = try #require(throws: ONNXError.self) { try SafetensorsFile(file("{}", length: length)) }
        #expect(error.description == "a.safetensors: is not a safetensors file, or cut short: its header would have \(length) bytes, 2 follow")
    }

    @Test func boundsTheHeader() throws {
        var limits = Limits()
        limits.jsonBytes = 10
        _ = try SafetensorsFile(file("{        }"), limits: limits)
        let error = try #require(throws: ONNXError.self) { try SafetensorsFile(file("{         }"), limits: limits) }
        #expect(error.description == "a.safetensors: a header of 11 bytes is above the limit of 10 (raise the limit jsonBytes)")
    }

    @Test(arguments: [
        (" {}", 0, "the header doesn't begin with {"), ("{} x", 0, "\"x\" found where the end is expected"),
        ("{\"a\":{}}", 0, "the tensor \"a\" needs dtype, shape and two data_offsets"),
        ("{\"a\":1}", 0, "the tensor \"a\" is not described by an object"), ("{\"__metadata__\":{\"a\":1}}", 0, "the metadata \"a\" is not a string"),
        ("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "the name \"__metadata__\" occurs twice"),
        ("{\"__metadata__\":[]}", 0, "__metadata__ is not an object"),
        ("{\"a\":{\"dtype\":\"F32\",\"x\":1}}", 0, "the tensor \"a\" has the unknown key \"x\""),
        ("{\"a\":{\"dtype\":1}}", 0, "the dtype of the tensor \"a\" is not a string"),
    ])
    func refusesBadHeaders(_ header: String, _ data: Int, _ message: String) throws {
        let error = try #require(throws: ONNXError.self) { try SafetensorsFile(file(header, data: data)) }
        #expect(error.message.contains(message), "\(error)")
        #expect(error.place.first == "a.safetensors")
    }

    struct BadTensors: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var tensors: [(String, String, String, String)]
        var data: Int
        var message: String

        init(_ what: String, _ tensors: [(String, String, String, String)], data: Int, _ message: String) {
            (testDescription, self.tensors, self.data, self.message) = (what, tensors, data, message)
        }
    }

    @Test(arguments: [
        BadTensors("a name twice", [("a", "F32", "[1]", "[0,4]"), ("a", "F32", "[1]", "[4,8]")], data: 8, "the name \"a\" occurs twice"),
        BadTensors(
            "overlap", [("a", "F32", "[2]", "[0,8]"), ("b", "F32", "[1]", "[4,8]")], data: 8,
            "\"b\" begins at byte 4 of the data, but the one before it ends at 8"),
        BadTensors(
            "hole", [("a", "F32", "[1]", "[0,4]"), ("b", "F32", "[1]", "[8,12]")], data: 12,
            "\"b\" begins at byte 8 of the data, but the one before it ends at 4"),
        BadTensors("a hole at the start", [("a", "F32", "[1]", "[4,8]")], data: 8, "begins at byte 4"),
        BadTensors("reversed", [("a", "F32", "[1]", "[4,0]")], data: 4, "has 4 bytes, but its data_offsets are 4 and 0"),
        BadTensors("past the end", [("a", "F32", "[2]", "[0,8]")], data: 5, "ends at byte 8 of the data, which has 5: 3 bytes are missing"),
        BadTensors("a rest", [("a", "F32", "[1]", "[0,4]")], data: 5, "1 bytes follow the last tensor"),
        BadTensors("shape and bytes", [("a", "F32", "[2]", "[0,4]")], data: 4, "the tensor \"a\" of F32 [2] has 8 bytes, but its data_offsets are 0 and 4"),
        BadTensors("overflow", [("a", "F32", "[4294967296,4294967296]", "[0,4]")], data: 4, "more elements than 64 bits can count"),
        BadTensors("overflow of bytes", [("a", "F64", "[2305843009213693952]", "[0,4]")], data: 4, "more bytes than 64 bits can count"),
        BadTensors("a negative size", [("a", "F32", "[-1]", "[0,4]")], data: 4, "the shape of the tensor \"a\" holds something else than sizes"),
        BadTensors("a fraction", [("a", "F32", "[1.5]", "[0,4]")], data: 4, "holds something else than sizes"),
        BadTensors("1e400", [("a", "F32", "[1e400]", "[0,4]")], data: 4, "the number is beyond the range of a double"),
        BadTensors("a string", [("a", "F32", "[\"4\"]", "[0,4]")], data: 4, "holds something else than sizes"),
        BadTensors("three offsets", [("a", "F32", "[1]", "[0,4,8]")], data: 4, "the data_offsets of the tensor \"a\" has more than 2 numbers"),
        BadTensors("one offset", [("a", "F32", "[1]", "[0]")], data: 4, "needs dtype, shape and two data_offsets"),
        BadTensors("a huge offset", [("a", "F32", "[1]", "[0,9223372036854775808]")], data: 4, "holds something else than sizes"),
        BadTensors("dtype", [("a", "F6_E2M3", "[4]", "[0,3]")], data: 3, "has the dtype \"F6_E2M3\", which this engine doesn't read"),
    ])
    func refusesBadTensors(_ bad: BadTensors) throws {
        let header = "{" + bad.tensors.map { entry($0.0, $0.1, $0.2, $0.3) }.joined(separator: ",") + "}"
        let error = try #require(throws: ONNXError.self) { try SafetensorsFile(file(header, data: bad.data)) }
        #expect(error.message.contains(bad.message), "\(error)")
    }

    @Test(arguments: [
        ("{\"a\":{\"shape\":" + String(repeating: "[", count: 100_000), "the shape of the tensor \"a\" holds something else than sizes"),
        (String(repeating: "{\"a\":", count: 100_000), "the tensor \"a\" has the unknown key \"a\""),
        ("{\"a\":{\"dtype\":" + String(repeating: "[", count: 100_000), "the dtype of the tensor \"a\" is not a string"),
    ])
    func refusesNesting(_ header: String, _ message: String) throws {
        let error = try #require(throws: ONNXError.self) { try SafetensorsFile(file(header)) }
        #expect(error.message == message)
    }

    @Test func refusesTextThatIsNotUTF8() throws {
        #expect(throws: ONNXError.self) { try SafetensorsFile(region([6, 0, 0, 0, 0, 0, 0, 0] + Array("{\"".utf8) + [0xFF] + Array("\":1".utf8))) }
    }

    @Test func refusesEveryTruncation() throws {
        let whole = try fixture("small-floats.safetensors").bytes()
        for count in 0..<whole.count {
            #expect(throws: ONNXError.self) { try SafetensorsFile(region(Array(whole[..<count]))) }
        }
    }

    /// Every bit of a small header; one of each byte of a larger file.
    @Test(arguments: [("small-floats.safetensors", 1), ("written.safetensors", 9)])
    func survivesFlippedBits(_ name: String, _ step: Int) throws {
        let whole = try fixture(name).bytes()
        for bit in stride(from: 0, to: 8 * whole.count, by: step) {
            var bytes = whole
            bytes[bit / 8] ^= 1 << (bit % 8)
            guard let file = try? SafetensorsFile(region(bytes)) else { continue }
            for entry in file.entries { _ = try? file.tensor(entry) }
        }
    }

    @Test(arguments: [
        ("[]", "is not a JSON object"), ("{\"a\":{\"type\":\"int5\",\"shape\":[1]}}", "doesn't give \"a\" an ONNX type and a shape"),
        ("{\"a\":{\"type\":\"int4\",\"shape\":[-1]}}", "doesn't give \"a\" an ONNX type and a shape"),
        ("{\"a\":{\"type\":\"int4\"}}", "doesn't give \"a\" an ONNX type and a shape"),
        ("{\"a\":{\"type\":\"int4\",\"shape\":[9]}}", "int4[9] has 5 bytes, 4 are stored"),
        ("{\"a\":{\"type\":\"string\",\"shape\":[1]}}", "byte 0 found where a value is expected"),
        ("{\"a\":{\"type\":\"int4\",\"shape\":[4294967296,4294967296]}}", "more elements than 64 bits can count"),
    ])
    func refusesBadForeignTypes(_ types: String, _ message: String) throws {
        let text = try JSONWriter.bytes { try $0.string(types) }
        let header = "{\"__metadata__\":{\"onnx.types\":\(String(decoding: text, as: UTF8.self))}," + entry("a", "U8", "[4]", "[0,4]") + "}"
        let error = try #require(throws: ONNXError.self) {
            let file = try SafetensorsFile(file(header, data: 4))
            _ = try file.tensor(#require(file["a"]))
        }
        #expect(error.message.contains(message), "\(error)")
    }
}
