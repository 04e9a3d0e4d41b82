import Bytes
import Converter
import OrderedCollections
import TensorFiles
import Tensors
import Testing

private let folder = checkpoints + "/tensorflow/"

/// A way to fail: what the error must say, and its class.
struct ReaderRefusal: CustomTestStringConvertible, Sendable {
    let file: String
    let code: ONNXError.Code
    let message: String

    init(_ file: String, _ code: ONNXError.Code, _ message: String) {
        (self.file, self.code, self.message) = (file, code, message)
    }

    var testDescription: String { file }

    func check(_ error: ONNXError?, _ sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(error?.code == code && error?.description.contains(message) == true, "\(String(describing: error))", sourceLocation: sourceLocation)
    }
}

/// Compares every tensor, its type, shape and bytes, with what h5py or TensorFlow read.
func expectEqual(_ checkpoint: Checkpoint, _ expected: String, _ sourceLocation: SourceLocation = #_sourceLocation) throws {
    let expected = try expectedTensors(expected)
    #expect(Set(checkpoint.entries.keys) == Set(expected.keys), sourceLocation: sourceLocation)
    for (name, entry) in checkpoint.entries {
        guard let want = expected[name] else { continue }
        let tensor = try entry.tensor()
        #expect(entry.elementType.name == want.type && entry.shape == want.shape, "\(name)", sourceLocation: sourceLocation)
        #expect(tensor.elementType == entry.elementType && tensor.shape == entry.shape, "\(name)", sourceLocation: sourceLocation)
        if tensor.elementType == .string {
            #expect(try JSONValue(parsing: String(decoding: want.bytes, as: UTF8.self)).array?.map(\.string) == tensor.stringArray(), "\(name)")
        } else {
            #expect(try Array(tensor.bytes()) == want.bytes, "\(name)", sourceLocation: sourceLocation)
        }
    }
}

/// Opens the checkpoint and reads every tensor; nil where that went well.
func failure(_ path: String, limits: Limits = Limits()) -> ONNXError? {
    do {
        for entry in try Checkpoint(contentsOf: path, limits: limits).entries.values { _ = try entry.tensor() }
        return nil
    } catch {
        return error as? ONNXError ?? ONNXError(.usage, "no ONNXError: \(error)")
    }
}

extension [UInt8] {
    mutating func replace(at offset: Int, with bytes: [UInt8]) {
        replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    func number(at offset: Int) -> Int { (0..<8).reduce(0) { $0 | Int(self[offset + $1]) << (8 * $1) } }

    /// Where `pattern` begins for the first time.
    func place(of pattern: [UInt8]) throws -> Int { try #require(firstRange(of: pattern)).lowerBound }
}

func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

@Suite struct KerasCheckpointTests {
    @Test(arguments: [
        "base", "fill-mask", "text-classification", "question-answering", "token-classification", "multiple-choice", "types", "chunks", "names", "latest",
        "whole-model",
    ])
    func readsAsH5pyDoes(_ name: String) throws {
        let checkpoint = try Checkpoint(contentsOf: folder + "keras/\(name).h5")
        #expect(checkpoint.format == .keras)
        try expectEqual(checkpoint, folder + "keras/\(name).expected.safetensors")
    }

    @Test func readsShardsUnderTheNamesOfTheirIndex() throws {
        let checkpoint = try Checkpoint(contentsOf: folder + "keras/sharded/tf_model.h5.index.json")
        try expectEqual(checkpoint, folder + "keras/sharded/tf_model.expected.safetensors")
        #expect(checkpoint.entries["tf_distil_bert_model/distilbert/embeddings/word_embeddings/weight:0"] != nil)
    }

    @Test func namesArePathsInTheOrderOfKeras() throws {
        let checkpoint = try Checkpoint(contentsOf: folder + "keras/base.h5")
        let prefix = "distilbert/tf_distil_bert_model/distilbert/"
        let expected = ["embeddings/word_embeddings/weight:0", "embeddings/position_embeddings/embeddings:0", "embeddings/LayerNorm/gamma:0"]
        #expect(Array(checkpoint.entries.keys.prefix(3)) == expected.map { prefix + $0 })
        #expect(checkpoint.metadata == ["backend": "tensorflow", "keras_version": "2.15.0"])
    }

    @Test func weightsStayInTheMap() throws {
        let tensor = try #require(Checkpoint(contentsOf: folder + "keras/base.h5").entries.values.first).tensor()
        guard case .bytes(let storage, _) = tensor.contents else { return #expect(Bool(false)) }
        #expect(storage.isBorrowed)
    }

    /// Files that h5py wrote; the number is that of the hostile case.
    @Test(arguments: [
        ReaderRefusal("86-soft-link-circle", .malformed, "\"layer/weight\" leads through more than 16 soft links: they go in a circle"),
        ReaderRefusal("87-external-storage", .path, "its values are in another file (external storage), which is never opened"),
        ReaderRefusal("87-external-link", .path, "\"layer/weight\" is an external link, into another file, which is never followed"),
        ReaderRefusal("87-virtual", .path, "is a virtual dataset, whose values are in other files, which are never opened"),
        ReaderRefusal("88-sparse", .limit, "400 bytes are stored for 10000000000000000 bytes of values, beyond the limit of 200 to 1"),
        ReaderRefusal("88-unwritten", .limit, "0 bytes are stored for 10000000000000000 bytes of values"),
        ReaderRefusal("89-bomb", .limit, "bytes are stored for 4000000 bytes of values, beyond the limit of 200 to 1 (raise the limit inflateRatio)"),
        ReaderRefusal("89-lzf", .unsupported, "the filter lzf, 32000; deflate (gzip) and shuffle are read"),
        ReaderRefusal("89-fletcher32", .unsupported, "the filter fletcher32, 3"),
        ReaderRefusal("89-newer-chunks", .unsupported, "chunks with an index of HDF5 1.10's kinds"),
        ReaderRefusal("90-compound", .unsupported, "its elements are compounds, which no tensor here can hold"),
        ReaderRefusal("90-deep", .limit, "is more than 64 groups deep (raise the limit hdf5Depth)"),
        ReaderRefusal("strings", .unsupported, "its elements are texts, which no weight holds"),
        ReaderRefusal("texts", .unsupported, "its elements are texts, which no weight holds"),
        ReaderRefusal("opaque", .unsupported, "its elements are opaque bytes"),
        ReaderRefusal("big-endian-float", .unsupported, "its elements are big-endian floating-point numbers"),
        ReaderRefusal("big-endian-integer", .unsupported, "its elements are big-endian integers"),
        ReaderRefusal("float128", .unsupported, "its elements are floating-point numbers of a form of their own"),
        ReaderRefusal("enumeration", .unsupported, "its elements are members of an enumeration other than h5py's bool"),
        ReaderRefusal("committed-type", .unsupported, "a datatype message that several objects share (a committed type)"),
        ReaderRefusal("links-in-a-fractal-heap", .unsupported, "a group whose links are in a fractal heap"),
        ReaderRefusal("attributes-in-a-fractal-heap", .unsupported, "attributes that are in a fractal heap"),
        ReaderRefusal("no-layer-names", .malformed, "holds no weights as Keras 2 saves them: there is no attribute layer_names"),
        ReaderRefusal("no-weight-names", .malformed, "the layer \"a\" has no attribute weight_names"),
        ReaderRefusal("weight-missing", .malformed, "\"a/kernel:0\" is named by layer_names or weight_names, but not there"),
        ReaderRefusal("numbers-for-names", .malformed, "numbers where texts are expected"),
    ])
    func refuses(_ refusal: ReaderRefusal) throws {
        let path = folder + "refused/\(refusal.file).h5"
        let error = failure(path)
        refusal.check(error)
        #expect(error?.place.first == path)
    }

    /// Case 85: the superblock.
    @Test(
        arguments: [
            (1, 0x58, ReaderRefusal("signature", .malformed, "is no checkpoint")),
            (8, 9, ReaderRefusal("version 9", .unsupported, "an HDF5 superblock of version 9; 0 to 3 are read")),
            (13, 0, ReaderRefusal("addresses of 0 bytes", .malformed, "addresses of 0 bytes; 2, 4 or 8 are possible")),
            (14, 255, ReaderRefusal("lengths of 255 bytes", .malformed, "lengths of 255 bytes; 2, 4 or 8 are possible")),
            (64, 0xFF, ReaderRefusal("root", .malformed, "no object header")),
            (69, 0x40, ReaderRefusal("root beyond the end", .malformed, "beyond the end of the file")),
        ] as [(Int, UInt8, ReaderRefusal)])
    func refusesASuperblock(_ offset: Int, _ byte: UInt8, _ refusal: ReaderRefusal) throws {
        var file = try bytes(folder + "keras/base.h5")
        file[offset] = byte
        try check(file, refusal)
    }

    /// Case 86: trees and headers that lead back to themselves.
    @Test func refusesATreeThatHoldsItself() throws {
        var file = try bytes(folder + "keras/base.h5")
        let tree = try file.place(of: Array("TREE".utf8))
        file.replace(at: tree + 5, with: [1, 1, 0])
        file.replace(at: tree + 32, with: littleEndian(UInt64(tree)))
        try check(file, ReaderRefusal("", .malformed, "a B-tree that holds one of its nodes twice"))
        file.replace(at: tree + 32, with: littleEndian(UInt64(try #require(file.ranges(of: Array("TREE".utf8)).dropFirst().first).lowerBound)))
        file[tree + 5] = 9
        try check(file, ReaderRefusal("", .malformed, "a B-tree node of level 0 below one that is not the next"))
    }

    @Test func refusesAHeaderThatContinuesInItself() throws {
        var file = try bytes(folder + "keras/base.h5")
        let header = file.number(at: 64)
        file.replace(at: header + 2, with: [0xFF, 0xFF])
        // A continuation message of 16 bytes: the block of 24 bytes that it is.
        file.replace(at: header + 16, with: [0x10, 0, 16, 0, 0, 0, 0, 0] + littleEndian(UInt64(header + 16)) + littleEndian(UInt64(24)))
        try check(file, ReaderRefusal("", .malformed, "an object header that continues in itself"))
    }

    /// Case 89: chunks and filters.
    @Test func refusesImpossibleChunksAndFilters() throws {
        let file = try bytes(folder + "keras/chunks.h5")
        let extents = try file.place(of: [3, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0])
        try check(file.replacing(extents, [0, 0, 0, 0]), ReaderRefusal("", .malformed, "chunks of [0,4] elements, or of elements that are not of 4 bytes"))
        try check(file.replacing(extents, [UInt8](repeating: 0xFF, count: 8)), ReaderRefusal("", .limit, "more elements than 64 bits can count"))
        try check(file.replacing(extents, [0xFF, 0xFF, 0xFF, 0x7F]), ReaderRefusal("", .malformed, "a chunk of 48 bytes where its values have"))
        let deflate = try file.place(of: Array("deflate\0".utf8))
        try check(
            file.replacing(deflate - 8, littleEndian(UInt16(999))), ReaderRefusal("", .unsupported, "the filter 999; deflate (gzip) and shuffle are read"))
        let chunk = try file.place(of: [0x78, 0x5E])
        try check(file.replacing(chunk + 30, [file[chunk + 30] ^ 0x55]), ReaderRefusal("", .malformed, "dataset \"chunks/gzip\""))
    }

    /// Case 90: texts of varying lengths, in a global heap.
    @Test func refusesReferencesThatLeadOutOfTheHeap() throws {
        let file = try bytes(folder + "keras/base.h5")
        let heap = try file.place(of: Array("GCOL".utf8))
        // A reference: length, the heap's address, the object's number.
        let reference = try file.place(of: littleEndian(UInt64(heap))) - 4
        try check(file.replacing(reference + 4, littleEndian(UInt64(1) << 40)), ReaderRefusal("", .malformed, "beyond the end of the file"))
        try check(
            file.replacing(reference + 4, littleEndian(UInt64(1) << 63)), ReaderRefusal("", .malformed, "the address 9223372036854775808 is not possible"))
        try check(file.replacing(reference, littleEndian(UInt32.max)), ReaderRefusal("", .malformed, "a text of 4294967295 bytes; its heap holds"))
        try check(
            file.replacing(reference + 12, littleEndian(UInt32(77))),
            ReaderRefusal("", .malformed, "a text that is object 77 of a heap that has no such object"))
        try check(file.replacing(heap + 8, littleEndian(UInt64.max >> 1)), ReaderRefusal("", .malformed, "don't lie within"))
    }

    @Test func refusesAFileThatIsCutShort() throws {
        let file = try bytes(folder + "keras/token-classification.h5")
        for count in stride(from: 96, to: file.count, by: 211) {
            try check(Array(file.prefix(count)), ReaderRefusal("\(count)", .malformed, "\(file.count - count) bytes are missing"))
        }
    }

    @Test func boundsCanBeRaisedAndLowered() throws {
        var limits = Limits()
        limits.inflateRatio = 2000
        #expect(failure(folder + "refused/89-bomb.h5", limits: limits) == nil)
        limits.hdf5Objects = 100
        ReaderRefusal("", .limit, "more than 100 objects, links and nodes are visited (raise the limit hdf5Objects)")
            .check(failure(folder + "keras/base.h5", limits: limits))
        limits = Limits()
        limits.structureBytes = 1000
        ReaderRefusal("", .limit, "the names take more than 1000 bytes").check(failure(folder + "keras/base.h5", limits: limits))
    }

    @Test(arguments: ["base", "types", "chunks", "names", "latest"])
    func noMutationCrashes(_ name: String) throws {
        try mutate(bytes(folder + "keras/\(name).h5")) { file, scratch in expectAnswer(try scratch.write(file, to: "x.h5")) }
    }

    private func check(_ file: [UInt8], _ refusal: ReaderRefusal, _ sourceLocation: SourceLocation = #_sourceLocation) throws {
        let scratch = try Scratch()
        refusal.check(failure(try scratch.write(file, to: "x.h5")), sourceLocation)
    }
}

extension [UInt8] {
    fileprivate func replacing(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
        var copy = self
        copy.replace(at: offset, with: bytes)
        return copy
    }
}
