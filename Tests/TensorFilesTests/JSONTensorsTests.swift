import Bytes
import Foundation
import TensorFiles
import Tensors
import Testing

@Suite struct JSONTensorsTests {
    private func items(_ text: String, expecting type: ElementType? = nil) throws -> [(name: String?, item: JSONTensors.Item)] {
        try JSONTensors.read(region(Array(text.utf8), name: "a.json")) { _ in type }
    }

    private func tensor(_ text: String, expecting type: ElementType? = nil) throws -> Tensor {
        guard case .value(.tensor(let tensor))? = try items(text, expecting: type).first?.item else { throw ONNXError(.usage, "not a tensor") }
        return tensor
    }

    @Test(
        arguments: [
            ("{\"input_ids\": [[101, 102], [7, 0]]}", ElementType.int64, [2, 2], [101, 102, 7, 0]), ("[1, 2.5]", .float, [2], [1, 2.5]),
            ("[1.0]", .float, [1], [1]), ("3", .int64, [], [3]),
            ("[true, false]", .bool, [2], [1, 0]), ("[[[1],[2]]]", .int64, [1, 2, 1], [1, 2]), ("[]", .float, [0], []), ("[[],[]]", .float, [2, 0], []),
            ("[18446744073709551615, 1]", .uint64, [2], [18446744073709551616, 1]), ("[1, 18446744073709551615]", .uint64, [2], [1, 18446744073709551616]),
            ("[-1, 18446744073709551615]", .float, [2], [-1, 18446744073709551616]),
            ("[\"Infinity\", 1, \"-Infinity\"]", .float, [3], [.infinity, 1, -.infinity]),
            ("[1, 2, Infinity]", .float, [3], [1, 2, .infinity]),
            ("{\"x\": {\"type\": \"float16\", \"shape\": [2, 1], \"data\": [1, 2.5]}}", .float16, [2, 1], [1, 2.5]),
            ("{\"c\": {\"type\": \"complex64\", \"shape\": [], \"data\": [1.5, -2.5]}}", .complex64, [], [1.5, -2.5]),
        ] as [(String, ElementType, [Int], [Double])])
    func infersTheType(_ text: String, _ type: ElementType, _ shape: [Int], _ values: [Double]) throws {
        let tensor = try tensor(text)
        #expect(tensor.elementType == type && tensor.shape == shape)
        #expect(try numbers(tensor) == values)
    }

    @Test func readsStringsAndNames() throws {
        let items = try items("{\"b\": [[\"x\", \"NaN\"]], \"a\": 1, \"none\": null}")
        #expect(items.map(\.name) == ["b", "a", "none"])
        guard case .value(.tensor(let tensor)) = items[0].item, case .value(.optional(nil, _)) = items[2].item else { throw ONNXError(.usage, "other values") }
        #expect(try tensor.stringArray() == ["x", "NaN"] && tensor.shape == [1, 2])
        #expect(try self.items("[1]").first?.name == nil)
    }

    @Test(
        arguments: [
            ("[1.0, 2]", ElementType.int64, [1, 2]), ("[1, 0]", .bool, [1, 0]), ("[true]", .int32, [1]), ("[1, 2]", .double, [1, 2]), ("[0.1]", .double, [0.1]),
            ("[-7, 3]", .int8, [-7, 3]),
            ("[255]", .uint8, [255]), ("[\"NaN\"]", .float, [.nan]), ("[0.1]", .float, [Double(Float(0.1))]), ("[1.5]", .bfloat16, [1.5]),
            ("[18446744073709551615]", .uint64, [18446744073709551616]),
            ("[1000]", .float16, [1000]), ("[1.5, 448]", .float8e4m3fn, [1.5, 448]),
        ] as [(String, ElementType, [Double])])
    func convertsToWhatIsExpected(_ text: String, _ type: ElementType, _ values: [Double]) throws {
        let tensor = try tensor(text, expecting: type)
        #expect(tensor.elementType == type)
        #expect(try zip(numbers(tensor), values).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
    }

    @Test func convertsToPackedTypes() throws {
        #expect(try tensor("[-8, 7, 1]", expecting: .int4).unpacked().array(of: Int8.self) == [-8, 7, 1])
        #expect(try tensor("[0, 3, 1]", expecting: .uint2).unpacked().array(of: UInt8.self) == [0, 3, 1])
    }

    @Test(arguments: [
        ("[1.5]", ElementType.int64, "element 0 is 1.5, which is no value of int64"), ("[0, 300]", .uint8, "element 1 is 300, which is no value of uint8"),
        ("[2]", .bool, "element 0 is 2, which is no value of bool"), ("[\"a\"]", .float, "element 0 is \"a\", which is no value of float"),
        ("[1]", .string, "element 0 is 1, which is no value of string"), ("[8]", .int4, "element 0 is 8, which is no value of int4"),
        ("[NaN]", .int32, "element 0 is nan, which is no value of int32"), ("[-1]", .uint64, "element 0 is -1, which is no value of uint64"),
    ])
    func refusesWhatDoesNotConvert(_ text: String, _ type: ElementType, _ message: String) throws {
        let error = try #require(throws: ONNXError.self) { try items("{\"x\": \(text)}", expecting: type) }
        #expect(error.code == .shape)
        #expect(error.message == "\"x\": " + message)
        #expect(error.place.first == "a.json")
    }

    @Test(arguments: [
        ("[[1], 2]", "a value stands where other rows have an array"), ("[1, [2]]", "an array stands where other rows have a value"),
        ("[[], 1]", "a value stands where other rows have an array"),
        ("[[[1, 2]], [[3]]]", "an array of 1 stands among arrays of 2, at depth 3"), ("[[[1]], []]", "arrays of one level differ in length"),
        ("[1, \"a\"]", "a string stands among numbers"),
        ("[\"a\", 1]", "a number stands among strings"), ("[1, true]", "a boolean stands among numbers"), ("[true, 1]", "a number stands among booleans"),
        ("[1, null]", "a number, a boolean or a string is expected"),
        ("{\"x\": {}}", "an empty object is no value"),
        ("{\"x\": {\"y\": 1}}", "\"y\" is unknown: an object with sequence, with map, or with type, shape and data is expected"),
        ("{\"x\": {\"type\": \"int5\"}}", "an ONNX element type is expected"),
        ("{\"x\": {\"type\": \"int4\", \"data\": 1}}", "type, shape and data are all needed"),
        ("{\"x\": {\"type\": \"float\", \"shape\": [3], \"data\": [1]}}", "shape [3] holds 3 elements, 1 were given"),
        ("{\"x\": {\"sequence\": 1}}", "an array of values is expected"),
        ("{\"x\": {\"sequence\": [[[1],[2,3]]]}}", "rows of different lengths can't be in a sequence or a map"),
        ("{\"x\": {\"sequence\": [], \"y\": 1}}", "the object should end here"),
        ("{\"x\": {\"map\": {\"keys\": [1], \"values\": []}}}", "a map of 1 keys has 0 values"),
        ("{\"x\": [1, 2}", "\"}\" found where \",\" or \"]\" is expected"),
    ])
    func refuses(_ text: String, _ message: String) throws {
        let error = try #require(throws: ONNXError.self) { try items(text) }
        #expect(error.message.hasSuffix(message), "\(error)")
        #expect(error.place.count == 2 && error.place[1].hasPrefix("line 1, column "))
    }

    @Test func reportsRaggedRows() throws {
        guard case .ragged(let rows) = try items("{\"ids\": [[1, 2, 3], [4], [], [5, 6]]}")[0].item else { throw ONNXError(.usage, "not ragged") }
        #expect(rows.lengths == [3, 1, 0, 2])
        #expect(try rows.padded().array(of: Int64.self) == [1, 2, 3, 4, 0, 0, 0, 0, 0, 5, 6, 0])
        #expect(try rows.padded().shape == [4, 3])
        #expect(try rows.mask().array(of: Int64.self) == [1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0])
        guard case .ragged(let texts) = try items("[[\"a\"], [\"b\", \"c\"]]")[0].item else { throw ONNXError(.usage, "not ragged") }
        #expect(try texts.padded().stringArray() == ["a", "", "b", "c"])
        guard case .ragged(let small) = try items("[[1], [2, 3]]", expecting: .int4)[0].item else { throw ONNXError(.usage, "not ragged") }
        #expect(try small.padded().unpacked().array(of: Int8.self) == [1, 0, 2, 3])
    }

    @Test func boundsThePadding() throws {
        let text = "[[" + String(repeating: "1,", count: 20_000) + "1]" + String(repeating: ",[]", count: 1000) + "]"
        guard case .ragged(let rows) = try items(text)[0].item else { throw ONNXError(.usage, "not ragged") }
        let error = try #require(throws: ONNXError.self) { try rows.padded() }
        #expect(error.message == "20001 elements in 1001 rows would be padded to 20021001")
        #expect(throws: error) { try rows.mask() }
    }

    /// The smallest stack that a thread of ours has.
    @Test func nestsOnASmallStack() async throws {
        let text = "{\"x\":" + String(repeating: "{\"sequence\":[", count: 31) + "[1]" + String(repeating: "]}", count: 31) + "}"
        let read = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            let thread = Thread {
                let items = try? JSONTensors.read(region(Array(text.utf8)))
                let tree = try? JSONValue(parsing: text)
                continuation.resume(returning: items?.count == 1 && tree?["x"] != nil)
            }
            thread.stackSize = 512 << 10
            thread.start()
        }
        #expect(read)
    }

    @Test func boundsTheRank() throws {
        let error = try #require(throws: ONNXError.self) { try items(String(repeating: "[", count: 40) + String(repeating: "]", count: 40)) }
        #expect(error.code == .limit)
    }

    /// JSON gives back the values of every type under that type's name.
    @Test(arguments: ElementType.allCases)
    func everyTypeComesBack(_ type: ElementType) throws {
        let tensor: Tensor
        if type == .string {
            tensor = try Tensor(strings: ["", "a", "é\0", "😀", "b\nc", "\"\\"], shape: [2, 3])
        } else {
            let raw = try MutableTensor(type, [2, 3])
            raw.rawBytes().fill(0)
            for index in 0..<raw.rawBytes().count {
                raw.rawBytes()[index] = type == .bool ? UInt8(index % 2) : UInt8(truncatingIfNeeded: index &* 37 &+ 1) & 0x3F
            }
            if type.isPacked { raw.rawBytes()[raw.rawBytes().count - 1] &= UInt8((1 << (6 * type.bitWidth - 8 * (raw.rawBytes().count - 1))) - 1) }
            tensor = raw.tensor
        }
        let text = try JSONWriter.bytes { try $0.values([("x", .tensor(tensor)), ("none", .tensor(Tensor([Float](), shape: [2, 0, 3])))]) }
        let back = try JSONTensors.read(region(text)) { $0 == "x" ? type : nil }
        guard case .value(let value) = back[0].item, case .value(.tensor(let none)) = back[1].item else { throw ONNXError(.usage, "no values") }
        #expect(try same(value, .tensor(tensor)), "\(String(decoding: text, as: UTF8.self))")
        #expect(none.shape == [2, 0, 3])
    }

    @Test func writesNonFiniteNumbersAsStrings() throws {
        let tensor = try Tensor([1.5, .nan, .infinity, -.infinity, 0.1, -0.0] as [Float], shape: [2, 3])
        let text = try JSONWriter.bytes { try $0.value(.tensor(tensor)) }
        #expect(String(decoding: text, as: UTF8.self) == "[[1.5,\"NaN\",\"Infinity\"],[\"-Infinity\",0.1,-0.0]]")
    }

    @Test(
        arguments: [("gzip", [0x1F, 0x8B, 8, 0]), ("HTML", Array("<html>".utf8)), ("git-LFS", Array("version https://git-lfs.github.com/spec/v1".utf8))]
            as [(String, [UInt8])])
    func tellsWhatAFileLooksLike(_ what: String, _ bytes: [UInt8]) throws {
        let error = try #require(throws: ONNXError.self) { try TensorFile.format(of: region(bytes)) }
        #expect(error.message.contains(what))
    }
}
