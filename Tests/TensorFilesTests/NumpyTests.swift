import Bytes
import TensorFiles
import Tensors
import Testing

@Suite struct NumpyFileTests {
    @Test(arguments: [
        ("b1", ElementType.bool), ("i1", .int8), ("i2", .int16), ("i4", .int32), ("i8", .int64), ("u1", .uint8), ("u2", .uint16), ("u4", .uint32),
        ("u8", .uint64),
        ("f2", .float16), ("f4", .float), ("f8", .double), ("c8", .complex64), ("c16", .complex128), ("big-i2", .int16), ("big-f8", .double),
        ("big-c8", .complex64),
        ("fortran-i4", .int32), ("fortran-big-f4", .float), ("version2-f4", .float), ("version3-f4", .float), ("bfloat16-V2", .bfloat16),
    ])
    func readsWhatNumpyWrites(_ name: String, _ type: ElementType) throws {
        let tensor = try NumpyFile.read(fixture(name + ".npy"))
        #expect(tensor.elementType == type)
        #expect(tensor.shape == [2, 3, 4])
        #expect(try numbers(tensor) == expectedNumbers(type))
    }

    @Test func readsFloat8OfMlDtypes() throws {
        let tensor = try NumpyFile.read(fixture("float8e5m2-f1.npy"))
        let format = try #require(SmallFloatFormat.of(.float8e5m2))
        #expect(tensor.elementType == .float8e5m2)
        #expect(try numbers(tensor) == expectedNumbers(.float).map { Double(format.decode(format.encode(Float($0)))) })
    }

    @Test func readsScalarsAndEmptyArrays() throws {
        let scalar = try NumpyFile.read(fixture("scalar-f8.npy"))
        #expect(try scalar.shape.isEmpty && numbers(scalar) == [2.5])
        let empty = try NumpyFile.read(fixture("empty-f4.npy"))
        #expect(empty.shape == [2, 0, 3] && empty.count == 0)
    }

    @Test(arguments: [
        ("strings-U", ["a", "", "é中😀", "x\0y"], [2, 2]), ("strings-bigU", ["a", "", "é中😀", "x\0y"], [2, 2]), ("strings-S", ["a", "", "é", "xyz"], [2, 2]),
        ("fortran-U", ["a", "b", "c", "dé", "e中", "f😀"], [2, 3]),
    ])
    func readsStrings(_ name: String, _ strings: [String], _ shape: [Int]) throws {
        let tensor = try NumpyFile.read(fixture(name + ".npy"))
        #expect(try tensor.stringArray() == strings)
        #expect(tensor.shape == shape)
    }

    @Test func doesNotCopy() throws {
        for name in ["f4.npy", "i8.npy", "bfloat16-V2.npy"] {
            guard case .bytes(let storage, _) = try NumpyFile.read(fixture(name)).contents else { throw ONNXError(.usage, "strings") }
            #expect(storage.isBorrowed)
        }
    }

    @Test(arguments: [
        ("refused-V1", "the array holds raw bytes ('<V1'), which could be any type, which no tensor does", ONNXError.Code.unsupported),
        ("refused-struct", "the array holds a structured type, which no tensor does", .unsupported),
        ("refused-object", "the array holds Python objects ('O'), which no tensor does", .unsupported),
        ("refused-date", "the array holds dates or times ('<M8[D]'), which no tensor does", .unsupported),
        ("refused-latin1", "a string that is not UTF-8", .malformed),
    ])
    func refusesByName(_ name: String, _ message: String, _ code: ONNXError.Code) throws {
        let error = try #require(throws: ONNXError.self) { try NumpyFile.read(fixture(name + ".npy")) }
        #expect(error.message == message && error.code == code)
        #expect(error.place.first == fixtures + "/" + name + ".npy")
    }

    private func array(_ header: String, data: Int = 0, version: [UInt8] = [1, 0], length: Int? = nil) throws -> ByteRegion {
        let length = length ?? header.utf8.count
        return try region(
            [0x93] + Array("NUMPY".utf8) + version + [UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8) + [UInt8](repeating: 0, count: data))
    }

    @Test(arguments: [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 11, "an array of shape [3] has 12 bytes, but 11 follow the header"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 13, "an array of shape [3] has 12 bytes, but 13 follow the header"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 0, "the header's shape has a dimension that is no size"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,), }", 0, "the header has \".\" at its byte 52, where \",\" or \")\" is expected"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0, "has more elements than 64 bits can count"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,), }", 0, "has more bytes than 64 bits can count"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 0, "the integer 99999999999999999999, which is not possible"),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': (3,), }", 12, "the header is not {'descr': …"),
        ("{'descr': '<f4', 'shape': (3,), }", 12, "the header is not {'descr': …"),
        ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 12, "the header has the key 'descr' twice"),
        ("{'descr': '<q4', 'fortran_order': False, 'shape': (3,), }", 12, "the element type '<q4' is not one of NumPy's"),
        ("{'descr': '<f16', 'fortran_order': False, 'shape': (3,), }", 48, "the array holds numbers of a width that ONNX doesn't have ('<f16')"),
        ("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,), }", 0, "the string type '<U0' has no possible width"),
        ("{'descr': '', 'fortran_order': False, 'shape': (3,), }", 0, "the element type '' is not one of NumPy's"),
        ("{'descr': [('bfloat16', '<u4')], 'fortran_order': False, 'shape': (3,), }", 6, "the array holds a structured type"),
        ("{'descr': __import__('os'), 'fortran_order': False, 'shape': (3,), }", 6, "the header has \"_\" at its byte 10, where a value is expected"),
        ("{'descr': ((((((((((", 0, "the header nests more than 8 deep"), ("{'descr': 'x", 0, "where the end of a string is expected"),
        ("", 0, "where a value is expected"),
    ])
    func refusesBadHeaders(_ header: String, _ data: Int, _ message: String) throws {
        let error = try #require(throws: ONNXError.self) { try NumpyFile.read(array(header, data: data)) }
        #expect(error.message.contains(message), "\(error)")
    }

    @Test func refusesOtherFiles() throws {
        for (bytes, message) in [
            (Array("<!DOCTYPE html><html>".utf8), "is not a .npy file; it looks like an HTML page"), ([1, 2, 3], "is not a .npy file"),
            (
                Array("version https://git-lfs.github.com/spec/v1".utf8),
                "is not a .npy file; it looks like a git-LFS pointer; the file itself was not downloaded"
            ),
        ] {
            #expect(throws: ONNXError(.malformed, message, place: ["bytes"])) { try NumpyFile.read(region(bytes)) }
        }
        let version = try #require(throws: ONNXError.self) { try NumpyFile.read(array("{}", version: [4, 0])) }
        #expect(version.message == "a .npy file of version 4; 1 to 3 are read")
        var limits = Limits()
        limits.rank = 2
        let rank = try #require(throws: ONNXError.self) { try NumpyFile.read(fixture("f4.npy"), limits: limits) }
        #expect(rank.code == .limit)
    }

    @Test(arguments: ["f4.npy", "strings-U.npy", "fortran-i4.npy", "c16.npy", "bfloat16-V2.npy"])
    func refusesEveryTruncation(_ name: String) throws {
        let whole = try fixture(name).bytes()
        for count in 1..<whole.count {
            #expect(throws: ONNXError.self) { try NumpyFile.read(region(Array(whole[..<count]))) }
        }
    }

    @Test(arguments: ["f4.npy", "strings-U.npy", "fortran-U.npy", "b1.npy"])
    func survivesEveryFlippedBit(_ name: String) throws {
        let whole = try fixture(name).bytes()
        for bit in 0..<(8 * whole.count) {
            var bytes = whole
            bytes[bit / 8] ^= 1 << (bit % 8)
            if let tensor = try? NumpyFile.read(region(bytes)) { #expect(tensor.count <= 48) }
        }
    }
}

@Suite struct NumpyArchiveTests {
    @Test(arguments: ["stored.npz", "compressed.npz"])
    func readsWhatNumpyWrites(_ name: String) throws {
        let arrays = try NumpyArchive.read(fixture(name))
        #expect(arrays.map(\.name) == ["a", "/model/layer.0/Add", "x::y", "big"])
        #expect(arrays.map(\.tensor.elementType) == [.int64, .float, .string, .int32])
        #expect(try numbers(arrays[0].tensor) == expectedNumbers(.int64))
        #expect(try numbers(arrays[1].tensor) == expectedNumbers(.float))
        #expect(try arrays[2].tensor.stringArray() == ["text"])
        #expect(try numbers(arrays[3].tensor) == expectedNumbers(.int32))
    }

    @Test func refusesWhatIsNoArray() throws {
        let scratch = try Scratch()
        for (name, bytes, message) in [
            ("data.pkl", [0x80, 2], "the entry \"data.pkl\" is not an array (NAME.npy): is this an .npz file?"),
            ("a.npy", Array("{}".utf8), "is not a .npy file; it looks like a JSON text"),
        ] as [(String, [UInt8], String)] {
            let file = try AtomicFile(path: scratch.path + "/a.npz")
            let writer = ZipWriter(file)
            try writer.entry(name) { try $0.write(bytes) }
            try writer.finish()
            try file.commit()
            let error = try #require(throws: ONNXError.self) { try NumpyArchive.read(ByteRegion(MappedFile(path: file.path))) }
            #expect(error.message.hasPrefix(message), "\(error)")
            #expect(error.place.first == file.path)
        }
    }
}
