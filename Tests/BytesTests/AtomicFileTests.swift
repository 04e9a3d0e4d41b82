import Bytes
import Foundation
import Testing

@Suite(.serialized) struct AtomicFileTests {
    private func names(_ scratch: Scratch) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted()
    }

    @Test func appearsWhenComplete() throws {
        let scratch = try Scratch()
        let path = try scratch.write("out", [9])
        let file = try AtomicFile(path: path)
        try file.write([1, 2, 3])
        try file.pad(to: 64)
        try file.write([UInt8](repeating: 5, count: 1_000_000))
        try file.replace(at: 1, with: [7, 8])
        #expect(file.position == 1_000_064)
        #expect(try MappedFile(path: path).count == 1)
        try file.commit()
        let bytes = ByteRegion(try MappedFile(path: path)).bytes()
        #expect(bytes == [1, 7, 8] + [UInt8](repeating: 0, count: 61) + [UInt8](repeating: 5, count: 1_000_000))
        #expect(try names(scratch) == ["out"])
    }

    @Test func piecesOfAnySizeFollowEachOther() throws {
        let scratch = try Scratch()
        let block = 1 << 21
        let file = try AtomicFile(path: scratch.path + "/out")
        var expected: [UInt8] = []
        for (index, count) in [3, block - 3, block, 1, 2 * block, block - 1, 0, 5 * block + 7, 1].enumerated() {
            let piece = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
            try file.write(piece)
            expected += piece
            // A header may be written again while the rest is still to come.
            if index == 3 {
                try file.replace(at: block - 1, with: [1, 2, 3])
                expected.replaceSubrange(block - 1..<block + 2, with: [1, 2, 3])
            }
            #expect(file.position == expected.count)
        }
        try file.commit()
        #expect(ByteRegion(try MappedFile(path: scratch.path + "/out")).bytes() == expected)
    }

    @Test func leavesNothingWhenAbandoned() throws {
        let scratch = try Scratch()
        let path = try scratch.write("out", [9])
        do {
            let file = try AtomicFile(path: path)
            try file.write([UInt8](repeating: 5, count: 1_000_000))
            #expect(try names(scratch).count == 2)
            #expect(throws: ONNXError.self) { try file.replace(at: 999_999, with: [1, 2]) }
        }
        #expect(try names(scratch) == ["out"])
        #expect(ByteRegion(try MappedFile(path: path)).bytes() == [9])
    }

    @Test func removeAllRemovesWhatIsBeingWritten() throws {
        let scratch = try Scratch()
        let files = try (0..<100).map { try AtomicFile(path: scratch.path + "/\($0)") }
        #expect(try names(scratch).count == 100)
        AtomicFile.removeAll()
        // More files than slots: the rest goes with its owner.
        #expect(try names(scratch).count <= 36)
        #expect(throws: ONNXError.self) { try files[0].commit() }
        withExtendedLifetime(files) {}
    }

    @Test(arguments: [
        ("folder", "is a directory, which is not written over"), ("link", "is a symbolic link, which is not written over"),
        ("fifo", "is a FIFO, which is not written over"),
        ("missing/out", "cannot be created: No such file or directory"), ("folder/", "is not the path of a file"), ("", "is not the path of a file"),
        ("a\0b", "is not the path of a file"), ("file/out", "cannot be created: Not a directory"),
    ])
    func refuses(_ name: String, _ message: String) throws {
        let scratch = try Scratch()
        _ = try scratch.write("file", [1])
        try FileManager.default.createDirectory(atPath: scratch.path + "/folder", withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: scratch.path + "/link", withDestinationPath: "file")
        let made = unsafe mkfifo(scratch.path + "/fifo", 0o600)
        #expect(made == 0)
        let error = #expect(throws: ONNXError.self) { try AtomicFile(path: name.isEmpty ? "" : scratch.path + "/" + name) }
        #expect(error?.message == message)
        #expect(try names(scratch) == ["fifo", "file", "folder", "link"])
    }

    @Test func aFullDiskIsAnError() async throws {
        // The limit on a file's size stands in for a disk that is full.
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 500_000, rlim_max: 500_000)
            signal(SIGXFSZ, SIG_IGN)
            let set = unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            #expect(set == 0)
            let scratch = try Scratch()
            do {
                let file = try AtomicFile(path: scratch.path + "/out")
                let error = #expect(throws: ONNXError.self) {
                    for _ in 0..<10 { try file.write([UInt8](repeating: 1, count: 100_000)) }
                    try file.commit()
                }
                #expect(error?.message == "cannot be written: File too large")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
        }
    }
}
