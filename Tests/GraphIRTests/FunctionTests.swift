import Bytes
import Foundation
import GraphIR
import OrderedCollections
import Testing

@Suite struct FunctionTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Models/functions").standardized.path

    static func cases(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/model.onnx") }.sorted()
    }

    static func inlined(_ name: String) throws -> Model {
        try Model(contentsOf: "\(folder)/\(name)/model.onnx").inliningFunctions()
    }

    @Test func fixturesAreThere() {
        #expect(Self.cases(in: Self.folder).count >= 17)
        #expect(Self.cases(in: Self.folder + "/refused").count >= 13)
    }

    @Test(arguments: cases(in: folder)) func leavesNoCallsAndAWellFormedGraph(_ name: String) throws {
        let model = try Model(contentsOf: "\(Self.folder)/\(name)/model.onnx")
        #expect(model.check().filter { $0.severity == .error } == [])
        let inlined = try model.inliningFunctions()
        #expect(inlined.functions.isEmpty)
        #expect(inlined.check().filter { $0.severity == .error } == [])
        let own: Set<String> = Set(model.functions.map(\.domain))
        inlined.graph.forEachNode { node in
            #expect(!own.contains(node.domain), "\(node)")
            for case .reference(let target, _) in node.attributes.values { Issue.record("\(node) still refers to \(target)") }
        }
        #expect(inlined.graph.inputs.map(\.name) == model.graph.inputs.map(\.name))
        #expect(inlined.graph.outputs.map(\.name) == model.graph.outputs.map(\.name))
    }

    @Test func attributesAreResolved() throws {
        func slopes(_ name: String) throws -> [Float?] {
            try Self.inlined(name).graph.nodes.filter { $0.opType == "LeakyRelu" }.map { node in
                if case .float(let value)? = node.attributes["alpha"] { value } else { nil }
            }
        }
        #expect(try slopes("attribute_given") == [0.25])
        #expect(try slopes("attribute_not_given") == [nil])
        #expect(try slopes("attribute_default") == [0.5, 0.75])
        #expect(try slopes("attribute_passed_down") == [0.125, 0.5])
    }

    @Test func nodesKnowTheVersionOfTheirFunction() throws {
        let nodes = try Self.inlined("own_opset_changes_meaning").graph.nodes
        #expect(nodes.map(\.opType) == ["Softmax", "Softmax"])
        #expect(nodes.map(\.version) == [11, nil])
    }

    @Test func anOmittedInputStaysOmitted() throws {
        let nodes = try Self.inlined("optional_input_empty").graph.nodes
        #expect(nodes.map(\.inputs) == [["X", "", "high"], ["X", "high", ""]])
    }

    @Test func theOverloadIsChosenByName() throws {
        #expect(try Self.inlined("overloads").graph.nodes.map(\.opType) == ["Neg", "Mul", "Neg", "Mul", "Add"])
    }

    @Test func attributesReachTheBodiesOfAnIf() throws {
        var found: [Float] = []
        try Self.inlined("body_with_if").graph.forEachNode { node in
            if case .float(let value)? = node.attributes["alpha"] { found.append(value) }
        }
        #expect(found == [0.5, 0.25])
    }

    struct Refusal: Decodable {
        let error: String
        let `class`: String
    }

    @Test(arguments: cases(in: folder + "/refused")) func refuses(_ name: String) throws {
        let path = "\(Self.folder)/refused/\(name)/"
        let expected = try JSONDecoder().decode(Refusal.self, from: Data(contentsOf: URL(fileURLWithPath: path + "expect.json")))
        // That there is no such operator is for the operator library to say.
        if name == "unknown_function" { return }
        let model = try Model(contentsOf: path + "model.onnx")
        let error = try #require(throws: ONNXError.self) { try model.inliningFunctions() }
        #expect(try Regex(expected.error).ignoresCase().wordBoundaryKind(.simple).firstMatch(in: "\(error)") != nil, "\(error)")
        #expect(error.code == ["MAL": .malformed, "LIM": .limit, "UNS": .unsupported][expected.class], "\(error)")
        #expect(model.check().contains { $0.severity == .error } || name == "unknown_overload" || name == "too_many_inputs" || name == "unknown_attribute")
    }
}
