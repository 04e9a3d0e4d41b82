import Bytes
import TensorFiles
import Tensors
import Testing

/// The values that WRITTEN in Tools/fixtures-tensor-files describes.
func writtenValues() throws -> [(name: String, value: Value)] {
    func same(_ type: ElementType, _ file: String) throws -> Value { .tensor(try NumpyFile.read(fixture(file))) }
    let f8 = try #require(SmallFloatFormat.of(.float8e4m3fnuz))
    let list = [Value.tensor(try Tensor([1.5] as [Float], shape: [1])), .tensor(try Tensor([2.5, 3.5] as [Float], shape: [2]))]
    return [
        ("/model/layer.0/Add::x", try same(.float, "f4.npy")), ("ids", try same(.int64, "i8.npy")), ("flag", .tensor(try Tensor(scalar: TensorBool(true)))),
        ("none", .tensor(try Tensor([Double](), shape: [2, 0]))), ("text", try same(.string, "strings-U.npy")),
        ("bf16", try same(.bfloat16, "bfloat16-V2.npy")),
        ("f8", .tensor(try Tensor(expectedNumbers(.float).map { f8.encode(Float($0)) }, shape: [2, 3, 4]).reinterpreted(as: .float8e4m3fnuz))),
        ("i4", .tensor(try Tensor([-8, 7, 0] as [Int8], shape: [3]).packed(as: .int4))), ("c128", try same(.complex128, "c16.npy")),
        ("list", .sequence(list, of: .tensor(.float, nil))), ("maybe", .optional(nil, of: .tensor(.float, nil))),
    ]
}

func same(_ a: Value, _ b: Value) throws -> Bool {
    switch (a, b) {
    case (.tensor(let a), .tensor(let b)):
        guard a.elementType == b.elementType, a.shape == b.shape else { return false }
        return a.elementType == .string ? try a.stringArray() == b.stringArray() : try Array(a.bytes()) == Array(b.bytes())
    case (.sequence(let a, _), .sequence(let b, _)): return try a.count == b.count && zip(a, b).allSatisfy { try same($0, $1) }
    case (.optional(let a?, _), .optional(let b?, _)): return try same(a, b)
    case (.optional(nil, _), .optional(nil, _)): return true
    case (.map(let aKeys, let a, _), .map(let bKeys, let b, _)):
        return try same(.tensor(aKeys), .tensor(bKeys)) && a.count == b.count && zip(a, b).allSatisfy { try same($0, $1) }
    default: return false
    }
}

@Suite struct WriterTests {
    /// The committed files are checked with numpy and safetensors by Tools/fixtures-tensor-files.
    @Test(arguments: ["written.npz", "written.safetensors"])
    func writesWhatTheLibrariesRead(_ name: String) throws {
        let scratch = try Scratch()
        let path = scratch.path + "/" + name
        try TensorFile.write(writtenValues(), to: path)
        #expect(try ByteRegion(MappedFile(path: path)).bytes() == fixture(name).bytes(), "\(name) differs: check what is new with the script, then commit it")
        let values = try writtenValues()
        let back = try TensorFile.read(path)
        #expect(Set(back.map(\.name)) == Set(values.map(\.name)))
        for (name, value) in values {
            let found = try #require(back.first { $0.name == name })
            #expect(try same(found.value, value), "\(name)")
        }
    }

    @Test(arguments: ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", "empty-f4", "scalar-f8", "strings-U"])
    func writesTheBytesThatNumpyWrites(_ name: String) throws {
        let scratch = try Scratch()
        let path = scratch.path + "/a.npy"
        try TensorFile.write([("a", .tensor(try NumpyFile.read(fixture(name + ".npy"))))], to: path)
        #expect(try ByteRegion(MappedFile(path: path)).bytes() == fixture(name + ".npy").bytes())
        #expect(try TensorFile.read(path).map(\.name) == ["a"])
    }

    /// Each type goes through each format.
    @Test(arguments: ElementType.allCases, [TensorFile.Format.npz, .npy, .safetensors])
    func everyTypeComesBack(_ type: ElementType, _ format: TensorFile.Format) throws {
        let scratch = try Scratch()
        let bytes = try (0..<(type == .string ? 0 : Shape.byteCount(6, type))).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 1) }
        let tensor: Tensor
        if type == .string {
            tensor = try Tensor(strings: ["", "a", "é", "😀", "b\nc", "\"\\"], shape: [2, 3])
        } else {
            let raw = try MutableTensor(type, [2, 3])
            for (index, byte) in bytes.enumerated() { raw.rawBytes()[index] = byte }
            // The unused high bits of the last byte are 0.
            if type.isPacked { raw.rawBytes()[bytes.count - 1] &= UInt8((1 << (6 * type.bitWidth - 8 * (bytes.count - 1))) - 1) }
            tensor = raw.tensor
        }
        let path = scratch.path + "/a." + format.rawValue
        try TensorFile.write([("a", .tensor(tensor))], to: path)
        let back = try TensorFile.read(path)
        #expect(try back.count == 1 && back[0].name == "a" && same(back[0].value, .tensor(tensor)))
    }

    @Test func nestedValuesComeBack() throws {
        let one = try Value.tensor(Tensor(scalar: Float(1)))
        let floats = ValueType.tensor(.float, nil)
        let map = Value.map(keys: try Tensor(strings: ["x", "y"], shape: [2]), values: [one, one], of: floats)
        let values: [(name: String, value: Value)] = [
            ("s", .sequence([.sequence([one, one], of: floats), .sequence([], of: floats)], of: .sequence(floats))),
            ("m", .sequence([map], of: .map(.string, floats))),
            ("o", .optional(.sequence([one], of: floats), of: .sequence(floats))), ("plain", one), ("e", .sequence([], of: floats)),
        ]
        for format in [TensorFile.Format.npz, .safetensors, .json] {
            let scratch = try Scratch()
            let path = scratch.path + "/a." + format.rawValue
            try TensorFile.write(values, to: path)
            let back = try TensorFile.read(path)
            for (name, value) in values {
                let found = try #require(back.first { $0.name == name }).value
                // JSON writes an optional's value as itself.
                if format == .json, case .optional(let inner?, _) = value {
                    #expect(try same(found, inner))
                } else {
                    #expect(try same(found, value), "\(name) \(format)")
                }
            }
            #expect(back.count == values.count)
        }
    }

    @Test func alignsTensors() throws {
        let file = try SafetensorsFile(fixture("written.safetensors"))
        #expect(file.entries[0].data.offset % 64 == 0)
        for entry in file.entries {
            let width = try file.tensor(entry).elementType.bitWidth / 8
            #expect(width <= 1 || entry.data.offset % width == 0)
        }
    }

    @Test(arguments: [
        ("a.txt", 1, "the file's ending names no format"), ("a.npy", 2, "a .npy file holds one tensor, not 2 values"),
        ("a.safetensors", 3, "two tensors are called \"0\""),
        ("a.npz", 3, "two entries are called \"0.npy\""), ("missing/a.npz", 1, "cannot be created: No such file or directory"),
    ])
    func refuses(_ name: String, _ count: Int, _ message: String) throws {
        let scratch = try Scratch()
        let one = try Value.tensor(Tensor(scalar: Float(1)))
        let error = try #require(throws: ONNXError.self) {
            try TensorFile.write((0..<count).map { ("\($0 % 2)", one) }, to: scratch.path + "/" + name)
        }
        #expect(error.message.hasPrefix(message), "\(error)")
        #expect(throws: ONNXError.self) { try MappedFile(path: scratch.path + "/" + name) }
    }

    @Test func refusesAMarkerWithoutItsTensors() throws {
        let marker = try Tensor(scalar: Int64(2))
        let one = try Tensor(scalar: Float(1))
        #expect(throws: ONNXError.self) { try FlatNames.assemble([("s[]", marker)]) }
        #expect(throws: ONNXError.self) { try FlatNames.assemble([("s[]", try Tensor(scalar: Int64.max))]) }
        #expect(throws: ONNXError.self) { try FlatNames.assemble([("s[]", one), ("s[0]", one)]) }
        #expect(throws: ONNXError.self) { try FlatNames.assemble([("s?", one)]) }
        #expect(throws: ONNXError.self) { try FlatNames.assemble([("s[]", marker), ("s[0]", one), ("x", one)]) }
    }
}
