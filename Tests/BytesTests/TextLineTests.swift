import Bytes
import Testing

struct TextLineTests {
    private func texts(_ bytes: [UInt8]) throws -> [String] {
        let scratch = try Scratch()
        var reader = try LineReader(path: try scratch.write("lines", bytes), limit: 1 << 20)
        var found: [String] = []
        while let text = try reader.nextText() { found.append(text) }
        return found
    }

    @Test(arguments: [
        ("a", ["a"]), ("a\n", ["a"]), ("a\n\nb", ["a", "", "b"]), ("\n", [""]), ("a\r\nb\r\n", ["a", "b"]), (" \nb\n", [" ", "b"]),
        ("\u{85}é\u{2028}\n", ["\u{85}é\u{2028}"]),
    ])
    func blankLinesAreLinesOfText(file: String, lines: [String]) throws {
        #expect(try texts(Array(file.utf8)) == lines)
    }

    @Test func whatIsNoTextIsRefusedWithItsLine() throws {
        let error = #expect(throws: ONNXError.self) { try texts(Array("a\n".utf8) + [0xFF, 0x0A]) }
        #expect(error?.code == .malformed && error?.place.last?.hasSuffix("line 2") == true)
    }
}
