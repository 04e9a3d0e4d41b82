import Bytes
import Converter
import Foundation
import OrderedCollections
import Tensors
import Testing

private let folder = checkpoints + "/pytorch/"

@Suite struct PyTorchCheckpointTests {
    /// Every tensor bit for bit as torch.load reads it.
    @Test(arguments: [
        ("types.bin", 20), ("views.bin", 21), ("module.bin", 10), ("plain-dictionary.bin", 2), ("protocol-3.bin", 1), ("training.bin", 1),
        ("no-checksums.bin", 41),
        ("sharded-bin/pytorch_model.bin.index.json", 5), ("sharded-safetensors/model.safetensors.index.json", 5),
    ])
    func readsWhatTorchReads(_ name: String, _ count: Int) throws {
        let checkpoint = try Checkpoint(contentsOf: folder + name)
        let stem = name.replacingOccurrences(of: ".index.json", with: "")
        let expected = try expectedTensors(folder + (stem as NSString).deletingPathExtension + ".expected.safetensors")
        #expect(checkpoint.entries.count == count && expected.count == count)
        for (name, entry) in checkpoint.entries {
            let wanted = try #require(expected[name])
            let tensor = try entry.tensor()
            #expect(entry.elementType.name == wanted.type && entry.shape == wanted.shape, "\(name)")
            #expect(tensor.elementType == entry.elementType && tensor.shape == entry.shape, "\(name)")
            #expect(Array(try tensor.bytes()) == wanted.bytes, "\(name)")
        }
    }

    /// A pickle with bytes or whole operations changed is read or refused; views stay within their storages.
    @Test func survivesMutatedPickles() throws {
        let path = folder + "no-checksums.bin"
        let whole = try bytes(path)
        let pickle = try #require(ZipReader(ByteRegion(MappedFile(path: path)))["no-checksums/data.pkl"]).stored
        let operations = Array("(.GJKMNQRUXabcehjqrstu}])".utf8) + [0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A]
        var random = Seeded(seed: 11)
        var read = 0
        let runs = ProcessInfo.processInfo.environment["SWIFT_ONNX_MUTATIONS"].flatMap { Int($0) } ?? 500
        for _ in 0..<runs {
            var content = whole
            for _ in 0...(random.next() % 3) {
                let place = pickle.offset + Int(random.next() % UInt64(pickle.count))
                content[place] = random.next() % 2 == 0 ? operations[Int(random.next() % UInt64(operations.count))] : UInt8(truncatingIfNeeded: random.next())
            }
            let file = ByteRegion(try MappedFile(name: "mutated.bin", copying: content))
            do {
                let checkpoint = try Checkpoint(file, folder: { () throws(ONNXError) in try Folder(path: folder) }, limits: Limits())
                for entry in checkpoint.entries.values { _ = try entry.tensor() }
                read += 1
            } catch {
                #expect(error is ONNXError && "\(error)".hasPrefix("mutated.bin"), "\(error)")
            }
        }
        #expect(read > 0 && read < runs)
    }

    @Test func keepsTheOrderOfTheStateDict() throws {
        let names = try Checkpoint(contentsOf: folder + "module.bin").entries.keys
        #expect(names.first == "embeddings.weight" && names.last == "projection.bias" && names.elements[1...2] == ["norm.weight", "norm.bias"])
    }

    /// What lies in row-major order is a part of the file, tied tensors are the same bytes, and the rest is gathered.
    @Test func mapsWithoutCopying() throws {
        let entries = try Checkpoint(contentsOf: folder + "views.bin").entries
        func storage(_ name: String) throws -> Storage {
            guard case .bytes(let storage, _) = try #require(entries[name]).tensor().contents else { throw ONNXError(.shape, name) }
            return storage
        }
        for name in ["whole", "rows", "scalar", "one_row", "parameter", "tied_part"] { #expect(try storage(name).isBorrowed, "\(name)") }
        for name in ["columns", "transposed", "expanded", "diagonal"] { #expect(try !storage(name).isBorrowed, "\(name)") }
        let (first, second) = (try storage("tied_first"), try storage("tied_second"))
        #expect(unsafe first.address(0, count: 1) == second.address(0, count: 1))
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: ONNXError.Code
        let message: String
        let remedy: String?

        init(_ file: String, _ code: ONNXError.Code, _ message: String, remedy: String? = nil) {
            testDescription = file
            self.code = code
            self.message = message
            self.remedy = remedy
        }
    }

    /// Files that Python wrote in good faith, but that are no checkpoint of tensors that can be read. Case 84 is the first three.
    @Test(arguments: [
        Refusal("legacy.bin", .unsupported, "before 1.6, a bare pickle", remedy: "torch.save(torch.load(FILE, weights_only=True), FILE)"),
        Refusal("torchscript.pt", .unsupported, "is a TorchScript archive", remedy: "torch.save(torch.jit.load(FILE).state_dict()"),
        Refusal("big-endian.bin", .unsupported, "the byte order \"big\"; little is expected", remedy: "on a little-endian machine"),
        Refusal("protocol-4.bin", .unsupported, "is of protocol 4; 2 is expected", remedy: "without pickle_protocol"),
        Refusal("whole-module.bin", .unsupported, "asks for torch.nn.modules.linear.Linear", remedy: "torch.save(model.state_dict(), FILE)"),
        Refusal("list.bin", .unsupported, "holds a list, but a dictionary of tensors"),
        Refusal("number-among-tensors.bin", .unsupported, "\"epoch\" is an integer, but a dictionary of tensors is expected, or one under \"state_dict\""),
        Refusal("sparse.bin", .unsupported, "asks for torch._utils._rebuild_sparse_tensor"),
        Refusal("conjugated.bin", .unsupported, "conjugated or negated only when it is read", remedy: "resolve_conj()"),
        Refusal("no-pickle.bin", .malformed, "without the one data.pkl"),
        Refusal("storage-missing.bin", .malformed, "lacks the entry \"module/data/0\" of a storage"),
        Refusal("storage-short.bin", .malformed, "declares 28 elements of float, but its entry has 108 bytes"),
    ])
    func refuses(_ refusal: Refusal) throws {
        let path = folder + "refused/" + refusal.testDescription
        let error = #expect(throws: ONNXError.self) { try Checkpoint(contentsOf: path) }
        #expect(error?.code == refusal.code && error?.message.contains(refusal.message) == true, "\(String(describing: error))")
        #expect(refusal.remedy.map { error?.remedy?.contains($0) == true } ?? true, "\(String(describing: error))")
        #expect(error?.place.first == quoted(path))
    }

    @Test func findsADamagedStorageWhenItIsRead() throws {
        let scratch = try Scratch()
        var content = try bytes(folder + "plain-dictionary.bin")
        let weight = try #require(expectedTensors(folder + "plain-dictionary.expected.safetensors")["weight"]).bytes
        let place = try #require(content.firstRange(of: weight)).lowerBound
        content[place] ^= 1
        let checkpoint = try Checkpoint(contentsOf: scratch.write(content, to: "damaged.bin"))
        let error = #expect(throws: ONNXError.self) { try checkpoint.entries["weight"]?.tensor() }
        #expect(error?.code == .malformed && error?.message.contains("the bytes are damaged") == true)
        _ = try checkpoint.entries["bias"]?.tensor()
    }

    @Test(arguments: [
        ("page.bin", "<!doctype html>", "an HTML page"), ("x.bin", "\u{1}\u{2}\u{3}", "of no kind that is known"),
        ("config.json", "{}", "without an object \"weight_map\""),
    ])
    func saysWhatItFound(_ name: String, _ content: String, _ found: String) throws {
        let scratch = try Scratch()
        let path = try scratch.write(Array(content.utf8), to: name)
        let error = #expect(throws: ONNXError.self) { try Checkpoint(contentsOf: path) }
        #expect(error?.code == .malformed && error?.message.contains(found) == true && error?.remedy != nil, "\(String(describing: error))")
    }
}
