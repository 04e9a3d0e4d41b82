import Bytes
import Foundation
import Testing

/// A folder for one test, removed with it.
final class Scratch: Sendable {
    let path = NSTemporaryDirectory() + "/bytes-" + UUID().uuidString

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

@Suite struct MappedFileTests {
    @Test(arguments: [MappedFile.Mode.map, .copy])
    func lendsTheBytes(_ mode: MappedFile.Mode) throws {
        let scratch = try Scratch()
        let content = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
        let file = try MappedFile(path: scratch.write("a", content), mode: mode)
        #expect(file.count == content.count)
        #expect(try file.slice(offset: 0, count: file.count).bytes() == content)
        #expect(try file.slice(offset: 300, count: 5).slice(offset: 1, count: 3).bytes() == [45, 46, 47])
        file.adviseRandom(0..<file.count)
        file.willNeed(5000..<20_000)
        file.dontNeed(0..<file.count)
        let last = file.withBytes { unsafe $0.unsafeLoad(fromByteOffset: 9999, as: UInt8.self) }
        #expect(last == content[9999])
    }

    @Test(arguments: [(0, 11), (11, 0), (5, 6), (-1, 1), (0, -1), (Int.max, Int.max), (1, Int.max)])
    func refusesAPartOutside(_ offset: Int, _ count: Int) throws {
        let file = try MappedFile(name: "ten", copying: [UInt8](repeating: 1, count: 10))
        #expect(throws: ONNXError.self) { try file.slice(offset: offset, count: count) }
    }

    @Test(arguments: [
        ("missing", "cannot be opened: No such file or directory (check the path)"), ("folder", "is a directory, not a regular file (give the path of a file)"),
        ("fifo", "is a FIFO, not a regular file (give the path of a file)"), ("empty", "the file is empty (0 bytes)"),
        ("/dev/zero", "is a device, not a regular file (give the path of a file)"),
        ("new\nline", "cannot be opened: No such file or directory (check the path)"),
        ("", "a path must not be empty or contain a NUL"), ("a\0b", "a path must not be empty or contain a NUL"),
    ])
    func refusesAtOnceWhatIsNoFile(_ name: String, _ message: String) throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path + "/folder", withIntermediateDirectories: false)
        _ = try scratch.write("empty", [])
        let made = unsafe mkfifo(scratch.path + "/fifo", 0o600)
        #expect(made == 0)
        let path = name.isEmpty || name.hasPrefix("/") ? name : scratch.path + "/" + name
        let error = try #require(throws: ONNXError.self) { try MappedFile(path: path) }
        #expect(error.description == quoted(path) + ": " + message)
        #expect(!error.description.contains("\n"))
    }

    @Test func readsAPipeUpToALimit() throws {
        for (limit, fits) in [(99_999, false), (100_000, true)] {
            let pipe = Pipe()
            Thread { [pipe] in
                try? pipe.fileHandleForWriting.write(contentsOf: Data(repeating: 7, count: 100_000))
                try? pipe.fileHandleForWriting.close()
            }.start()
            let file = try? MappedFile(readingAll: pipe.fileHandleForReading.fileDescriptor, name: "<stdin>", limit: limit)
            #expect(file?.count == (fits ? 100_000 : nil))
            _ = try? pipe.fileHandleForReading.readToEnd()
        }
    }
}
