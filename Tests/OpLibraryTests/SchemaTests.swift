import Bytes
import Foundation
import GraphIR
import OpLibrary
import Tensors
import Testing

/// Every schema against what ONNX's own package says, version by version from the one that its page begins with, which is in force at opset 7 or before.
@Suite struct SchemaTests {
    /// One version of one operator in the fixture that Tools/schemas writes.
    struct Record {
        let json: JSONValue
        var name: String { json["name"]?.string ?? "" }
        var domain: String { json["domain"]?.string ?? "" }
        var since: Int { json["since"]?.int ?? 0 }
        var isDeprecated: Bool { json["deprecated"]?.bool ?? false }

        func formals(_ side: String) -> [[JSONValue]] { (json[side]?.array ?? []).map { $0.array ?? [] } }
    }

    static let records: [String: [Record]] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Models/schemas/onnx-1.23.2.json")
        guard let text = try? String(contentsOf: file, encoding: .utf8), let tree = try? JSONValue(parsing: text, name: file.path) else { return [:] }
        let all = (tree["schemas"]?.array ?? []).map(Record.init)
        return Dictionary(grouping: all) { $0.domain + "." + $0.name }.mapValues { $0.sorted { $0.since < $1.since } }
    }()

    static let schemas = Registry.standard.schemas.filter { $0.domain != "com.microsoft" && records[$0.domain + "." + $0.name] != nil }

    @Test func fixtureIsThere() {
        #expect(Self.records.count > 200)
        #expect(Self.schemas.count > 100)
    }

    @Test(arguments: schemas.map { $0.domain + "." + $0.name })
    func agreesWithTheStandard(_ key: String) throws {
        let schema = try #require(Self.schemas.first { $0.domain + "." + $0.name == key })
        var records = try #require(Self.records[key])
        if let last = records.last, last.isDeprecated {
            #expect(schema.deprecated == last.since, "withdrawn at \(last.since)")
            records.removeLast()
        }
        let latestBeginning = try #require(schema.domain.isEmpty ? records.last { $0.since <= 7 } ?? records.first : records.first).since
        let beginning = try #require(schema.since.first)
        #expect(beginning <= latestBeginning, "the first version")
        records.removeAll { $0.since < beginning }
        #expect(schema.since == records.map(\.since), "versions")
        for record in records { compare(schema, record) }
    }

    private func compare(_ schema: OperatorSchema, _ record: Record) {
        let opset = record.since
        let place = "\(schema.name)-\(record.since)"
        compare(schema, schema.inputs(at: opset), record, "inputs", place)
        compare(schema, schema.outputs(at: opset), record, "outputs", place)
        let attributes = schema.attributes(at: opset)
        let expected = (record.json["attributes"]?.array ?? []).compactMap(\.array)
        #expect(attributes.map(\.name).sorted() == expected.compactMap { $0[0].string }.sorted(), "\(place): attributes")
        for entry in expected {
            guard let attribute = attributes.first(where: { $0.name == entry[0].string }) else { continue }
            #expect(
                "\(attribute.kind)".uppercased() == entry[1].string?.replacingOccurrences(of: "_PROTO", with: "").replacingOccurrences(of: "_", with: ""),
                "\(place): kind of \(attribute.name)")
            #expect(attribute.isRequired == entry[2].bool, "\(place): \(attribute.name) is required")
            #expect(Self.isDefault(attribute.defaultValue, entry[3]), "\(place): default of \(attribute.name)")
        }
        // The package calls operators random because a subgraph may be; those are judged by their subgraphs here.
        let isRandom = record.json["nondeterministic"]?.bool == true && record.json["subgraphs"]?.array?.isEmpty == true && record.name != "AffineGrid"
        #expect(!isRandom || !schema.isDeterministic, "\(place): determinism")
    }

    private func compare(_ schema: OperatorSchema, _ parameters: [Parameter], _ record: Record, _ side: String, _ place: String) {
        let formals = record.formals(side)
        #expect(parameters.map(\.name) == formals.map { $0[0].string ?? "" }, "\(place): names of \(side)")
        for (parameter, formal) in zip(parameters, formals) {
            let kind: String =
                switch parameter.kind {
                case .single: "single"
                case .optional: "optional"
                case .variadic: "variadic"
                }
            #expect(kind == formal[1].string, "\(place): kind of \(parameter.name)")
            if case .variadic(let minimum, let isHomogeneous) = parameter.kind {
                #expect(minimum == formal[3].int, "\(place): least number of \(parameter.name)")
                #expect(isHomogeneous == formal[4].bool, "\(place): homogeneity of \(parameter.name)")
            }
            #expect(parameter.type == formal[2].string, "\(place): type of \(parameter.name)")
            let names = record.json["types"]?[formal[2].string ?? ""]?.array?.compactMap(\.string) ?? [formal[2].string ?? ""]
            let set = schema.types[parameter.type] ?? TypeSet([])
            let refused = names.compactMap(Self.type).filter { !set.allows($0) }
            #expect(refused.isEmpty, "\(place): types of \(parameter.name)")
        }
    }

    private static func isDefault(_ value: Attribute?, _ expected: JSONValue) -> Bool {
        switch (value, expected) {
        case (nil, .null): true
        case (.int(let value)?, let expected): expected.int.map { Int64($0) == value } ?? false
        case (.float(let value)?, let expected): expected.double.map { Float($0) == value } ?? false
        case (.string(let value)?, let expected): expected.string == value
        case (.ints(let values)?, let expected): expected.array.map { $0.compactMap(\.int).map(Int64.init) == values } ?? false
        case (.floats(let values)?, let expected): expected.array.map { $0.compactMap(\.double).map(Float.init) == values } ?? false
        case (.strings(let values)?, let expected): expected.array.map { $0.compactMap(\.string) == values } ?? false
        default: false
        }
    }

    /// `tensor(float)`, `seq(tensor(float))` and their like; nil for types that a set of element types can't state.
    private static func type(_ text: String) -> ValueType? {
        func inner(_ prefix: String) -> String? {
            text.hasPrefix(prefix + "(") && text.hasSuffix(")") ? String(text.dropFirst(prefix.count + 1).dropLast()) : nil
        }
        if let element = inner("tensor") { return ElementType(name: element).map { .tensor($0, nil) } }
        if let element = inner("seq") { return type(element).map { .sequence($0) } }
        if let element = inner("optional") { return type(element).map { .optional($0) } }
        return nil
    }
}
