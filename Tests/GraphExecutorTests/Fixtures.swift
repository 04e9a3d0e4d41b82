import Foundation
import ONNX
import Testing

/// The models and values under Models/.
enum Fixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "Models")

    struct Model: Sendable, Decodable, CustomTestStringConvertible {
        struct Input: Sendable, Decodable {
            /// Which of PyTorch's attentions the results are of.
            let torch: String?
            let ortError: Double?
        }

        let file: String
        var folder: String { String(file.prefix { $0 != "/" }) }
        let precision: String
        let fusions: [String: Int]
        let outputs: [String]
        let inputs: [String: Input]
        var testDescription: String { file }
    }

    struct LookAlike: Sendable, Decodable, CustomTestStringConvertible {
        let file: String
        let tempts: String
        let fusions: [String: Int]
        let because: String
        let outputs: [String]
        var testDescription: String { file }
    }

    private struct Index: Decodable { let models: [Model] }

    static func data(_ path: String) throws -> Data { try Data(contentsOf: folder.appending(path: path)) }

    static var models: [Model] { get throws { try JSONDecoder().decode(Index.self, from: data("distilbert-tiny/index.json")).models } }

    static var lookAlikes: [LookAlike] { get throws { try JSONDecoder().decode([LookAlike].self, from: data("lookalikes/index.json")) } }

    static func model(_ path: String) throws -> ONNX.Model { try ONNX.Model(contentsOf: folder.appending(path: path).path) }

    static func values(_ path: String) throws -> [String: Value] {
        Dictionary(try TensorFile.read(folder.appending(path: path).path).map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}

/// The largest distance between two float tensors of one size; infinite where only one of two elements is a NaN.
func distance(_ a: Value?, _ b: Value?) throws -> Double {
    let (x, y) = (try #require(a?.tensor), try #require(b?.tensor))
    #expect(x.count == y.count)
    func doubles(_ tensor: Tensor) throws -> [Double] {
        tensor.elementType == .double ? try tensor.array(of: Double.self) : try tensor.array(of: Float.self).map(Double.init)
    }
    return zip(try doubles(x), try doubles(y)).reduce(0) { most, pair in
        if pair.0.isNaN && pair.1.isNaN || pair.0 == pair.1 { return most }
        let difference = abs(pair.0 - pair.1)
        return max(most, difference.isNaN ? .infinity : difference)
    }
}
