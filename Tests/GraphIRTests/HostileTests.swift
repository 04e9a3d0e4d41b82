import Bytes
import Foundation
import GraphIR
import Testing

/// The hostile files of Models/hostile that concern reading and checking; Tools/hostile feeds all of them to the command.
@Suite struct HostileTests {
    static let folder = FunctionTests.folder + "/../hostile"

    struct Expectation: Decodable {
        let error: String
        let `class`: String
        let command: [String]
        var setup: [[String]]?
        var outcome: String?
        var mode: String?
    }

    static func expectation(_ name: String) throws -> Expectation {
        try JSONDecoder().decode(Expectation.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)/expect.json")))
    }

    /// Kinds 1 to 36 and 38 to 41, but for opset versions and operators, which the operator library judges, and what needs special files.
    static let cases: [String] = FunctionTests.cases(in: folder).filter { name in
        guard let number = Int(name.prefix(2)), number <= 41, number != 37, number != 40, let expected = try? expectation(name) else { return false }
        return expected.command == ["check", "model.onnx"] && expected.setup == nil && expected.mode == nil && expected.outcome != "either"
            && !name.hasPrefix("16-opset") && expected.class != "UNS"
    }

    @Test func thereAreCases() {
        #expect(Self.cases.count >= 60)
    }

    @Test(arguments: cases) func isRefusedWithAReason(_ name: String) throws {
        let expected = try Self.expectation(name)
        func read() throws -> Model {
            let model = try Model(contentsOf: "\(Self.folder)/\(name)/model.onnx")
            try model.validate()
            return try model.inliningFunctions()
        }
        guard expected.outcome != "success" else {
            _ = try read()
            return
        }
        let error = try #require(throws: ONNXError.self) { try read() }
        #expect(try Regex(expected.error).ignoresCase().wordBoundaryKind(.simple).firstMatch(in: "\(error)") != nil, "\(error)")
    }

    @Test func everyTruncationIsRefused() throws {
        let bytes = try WritingTests.everything().protoBytes()
        var accepted: [Int] = []
        for count in 0..<bytes.count where (try? Model(bytes: Array(bytes[..<count])))?.check().allSatisfy({ $0.severity == .warning }) == true {
            accepted.append(count)
        }
        // Protobuf can't tell a file that ends between two fields of the outermost message from a whole one: here, before its properties.
        #expect(accepted.count <= 3, "\(accepted)")
    }

    @Test func everyChangedByteIsSurvived() throws {
        let bytes = try WritingTests.everything().protoBytes()
        for index in bytes.indices {
            var changed = bytes
            changed[index] = index.isMultiple(of: 2) ? 0xFF : changed[index] ^ 1 << UInt8(index / 2 % 8)
            if let model = try? Model(bytes: changed) {
                _ = model.check()
                _ = try? model.inliningFunctions()
            }
        }
    }
}
