import Bytes
import Converter
import Foundation
import OrderedCollections
import TensorFiles
import Tensors
import Testing

@Test func safetensorsAsCheckpoint() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoint-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try TensorFile.write([("a.weight", .tensor(Tensor([1, 2, 3] as [Float], shape: [3])))], to: path)
    let checkpoint = try Checkpoint(safetensors: SafetensorsFile(ByteRegion(MappedFile(path: path))))
    #expect(checkpoint.format == .safetensors)
    let entry = try #require(checkpoint.entries["a.weight"])
    #expect(entry.shape == [3] && entry.elementType == .float)
    #expect(try entry.tensor().array(of: Float.self) == [1, 2, 3])
}
