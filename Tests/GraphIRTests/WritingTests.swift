import Bytes
import Foundation
import GraphIR
import OrderedCollections
import Tensors
import Testing

@Suite struct WritingTests {
    /// A model that has something of everything.
    static func everything() throws -> Model {
        var body = Graph(name: "body")
        body.nodes = [Node("Identity", inputs: ["x"], outputs: ["inner"])]
        body.outputs = [ValueInfo("inner")]
        var node = Node("Everything", domain: "local", name: "n", inputs: ["x", "", "w"], outputs: ["y", ""])
        node.overload = "second"
        node.documentation = "what it does"
        node.metadata = ["trace": "/home/somebody/model.py"]
        node.attributes = [
            "f": .float(1.5), "i": .int(.min), "s": .string("ä"), "t": .tensor(try Tensor([Int64(1), 2], shape: [2])), "g": .graph(body),
            "tp": .type(.sequence(.map(.int64, .optional(.tensor(.float, [.known(2), .named("n"), .unknown]))))), "fs": .floats([1, -2]), "is": .ints([3, -4]),
            "ss": .strings(["a", ""]), "ts": .tensors([try Tensor(strings: ["p", "q"], shape: [2])]), "gs": .graphs([body, body]),
            "tps": .types([.tensor(.int8, nil), .sparseTensor(.double, [])]),
        ]
        var function = Function("Everything", domain: "local")
        function.overload = "second"
        function.inputs = ["a", "b", "c"]
        function.outputs = ["d", "e"]
        function.attributeNames = ["f", "i", "s", "t", "g", "tp", "fs", "is", "ss", "ts", "gs"]
        function.attributeDefaults = ["tps": .types([])]
        function.nodes = [
            Node("Mul", inputs: ["a", "c"], outputs: ["d"], attributes: ["alpha": .reference("f", .float)]), Node("Abs", inputs: ["a"], outputs: ["e"]),
        ]
        function.opsetImports = ["": 13]
        function.valueInfo = ["d": ValueInfo("d", .tensor(.float, nil))]
        function.documentation = "a function"
        var graph = Graph(name: "main")
        graph.nodes = [node]
        graph.inputs = [ValueInfo("x", .tensor(.float, [.named("n")])), ValueInfo("open")]
        graph.outputs = [ValueInfo("y", .tensor(.float, nil))]
        graph.initializers = [
            "w": try Tensor([Float](repeating: 2, count: 300), shape: [300]), "packed": try Tensor([Int8(-8), 7, 1], shape: [3]).packed(as: .int4),
            "words": try Tensor(strings: ["one", "two"], shape: [1, 2]), "none": try Tensor([Float](), shape: [0, 3]),
        ]
        graph.valueInfo = ["y": ValueInfo("y", .tensor(.float, [.known(300)]))]
        graph.documentation = "the graph"
        graph.metadata = ["k": "v"]
        var model = Model(irVersion: 10, opsetImports: ["": 17, "local": 1], graph: graph, functions: [function])
        (model.producerName, model.producerVersion, model.domain, model.modelVersion, model.documentation) = ("tests", "1", "org.example", 7, "all of it")
        model.metadata = ["license": "Apache-2.0"]
        return model
    }

    static func temporary(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("graphir-\(UInt64.random(in: .min ... .max))").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func readWriteReadGivesTheSame() throws {
        let model = try Self.everything()
        let bytes = try model.protoBytes()
        let again = try Model(bytes: bytes)
        #expect(again.description == model.description)
        #expect(try again.protoBytes() == bytes)
        #expect(again.metadata == model.metadata && again.documentation == "all of it" && again.modelVersion == 7)
        #expect(again.graph.metadata == ["k": "v"] && again.graph.nodes[0].metadata == model.graph.nodes[0].metadata)
        #expect(again.graph.valueInfo == model.graph.valueInfo)
        #expect(try again.graph.initializers["w"]?.array(of: Float.self) == [Float](repeating: 2, count: 300))
        #expect(try again.graph.initializers["packed"]?.unpacked().array(of: Int8.self) == [-8, 7, 1])
    }

    @Test func externalDataIsReadBack() throws {
        try Self.temporary { folder in
            let model = try Self.everything()
            try model.write(to: folder + "/m.onnx", externalDataAbove: 100)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["m.onnx", "m.onnx.data"])
            let again = try Model(contentsOf: folder + "/m.onnx")
            #expect(try again.protoBytes() == model.protoBytes())
            // Written over while it is read from.
            try again.write(to: folder + "/m.onnx", externalDataAbove: 10)
            #expect(try Model(contentsOf: folder + "/m.onnx", access: .copy).protoBytes() == model.protoBytes())
        }
    }

    @Test func whatIsTooLargeForOneFileBecomesTwo() throws {
        try Self.temporary { folder in
            let model = try Self.everything()
            try model.write(to: folder + "/m.onnx", externalDataAbove: nil, largestFile: try model.protoBytes().count - 1)
            #expect(try Model(contentsOf: folder + "/m.onnx").externalFiles == ["m.onnx.data"])
            #expect(try Model(contentsOf: folder + "/m.onnx").protoBytes() == model.protoBytes())
            #expect(throws: ONNXError.self) { try model.write(to: folder + "/n.onnx", externalDataAbove: nil, largestFile: 100) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["m.onnx", "m.onnx.data"])
        }
    }

    @Test func annotationsAreStripped() throws {
        let stripped = try Self.everything().strippingAnnotations()
        let text = String(decoding: try stripped.protoBytes(), as: UTF8.self)
        #expect(!text.contains("/home/somebody") && !text.contains("what it does"))
        #expect(text.contains("Apache-2.0"))
    }

    @Test func nodesOfAnotherVersionCannotBeWritten() throws {
        let model = try FunctionTests.inlined("own_opset_changes_meaning")
        #expect(throws: ONNXError.self) { try model.protoBytes() }
    }

    @Test(arguments: FunctionTests.cases(in: FunctionTests.folder)) func fixturesSurvive(_ name: String) throws {
        let model = try Model(contentsOf: "\(FunctionTests.folder)/\(name)/model.onnx")
        let bytes = try model.protoBytes()
        let again = try Model(bytes: bytes)
        #expect(again.description == model.description)
        #expect(try again.protoBytes() == bytes)
    }

    /// A map as a sequence, which can be compared.
    static func plain(_ value: Value) -> Value {
        guard case .map(let keys, let values, let type) = value else { return value }
        return .sequence([.tensor(keys)] + values, of: type)
    }

    @Test func valuesAreReadBack() throws {
        let tensor = Value.tensor(try Tensor([Float(1), 2], shape: [2]))
        let strings = Value.tensor(try Tensor(strings: ["a"], shape: [1]))
        let float = ValueType.tensor(.float, nil)
        let values: [(Value, ValueType)] = [
            (tensor, float), (strings, .tensor(.string, nil)), (.sequence([tensor, tensor], of: float), .sequence(float)),
            (.optional(nil, of: float), .optional(float)), (.optional(.sequence([tensor], of: float), of: .sequence(float)), .optional(.sequence(float))),
            (.map(keys: try Tensor([Int64(5), .min], shape: [2]), values: [tensor, tensor], of: float), .map(.int64, float)),
            (.map(keys: try Tensor(strings: ["k"], shape: [1]), values: [tensor], of: float), .map(.string, float)),
        ]
        try Self.temporary { folder in
            for (value, type) in values {
                try value.write(pb: folder + "/v.pb")
                let again = try Value(pb: folder + "/v.pb", as: type)
                let difference = try Difference(Self.plain(again), Self.plain(value), absolute: 0, relative: 0)
                #expect(difference == nil, "\(difference?.description ?? "")")
            }
        }
    }
}
