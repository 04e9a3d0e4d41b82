import Bytes
import Foundation
import Tokenizers

/// Models/tokenizers: a vocabulary, and cases made by Tools/fixtures-tokenizers.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Models/tokenizers").path

/// distilbert-base-uncased's tokenizer.
let uncased = Result { try DistilBertTokenizer(vocabulary: fixtures + "/vocab.txt") }

/// A folder for one test, removed with it.
final class Scratch: Sendable {
    let path = NSTemporaryDirectory() + "/tokenizers-" + UUID().uuidString

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
