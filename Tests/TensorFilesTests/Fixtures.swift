import Bytes
import Foundation
import TensorFiles
import Tensors
import Testing

/// Models/tensor-files, made by Tools/fixtures-tensor-files.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Models/tensor-files").path

func fixture(_ name: String) throws -> ByteRegion {
    ByteRegion(try MappedFile(path: fixtures + "/" + name))
}

func region(_ bytes: [UInt8], name: String = "bytes") throws -> ByteRegion {
    ByteRegion(try MappedFile(name: name, copying: bytes))
}

/// A folder for one test, removed with it.
final class Scratch: Sendable {
    let path = NSTemporaryDirectory() + "/tensor-files-" + UUID().uuidString

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// The elements as numbers, complex ones as two.
func numbers(_ tensor: Tensor) throws -> [Double] {
    switch tensor.elementType {
    case .float: return try tensor.array(of: Float.self).map { Double($0) }
    case .double: return try tensor.array(of: Double.self)
    case .float16: return try tensor.array(of: Float16.self).map { Double($0) }
    case .bfloat16: return try tensor.array(of: BFloat16.self).map { Double($0.float) }
    case .int8: return try tensor.array(of: Int8.self).map { Double($0) }
    case .int16: return try tensor.array(of: Int16.self).map { Double($0) }
    case .int32: return try tensor.array(of: Int32.self).map { Double($0) }
    case .int64: return try tensor.array(of: Int64.self).map { Double($0) }
    case .uint8, .bool: return try tensor.array(of: UInt8.self).map { Double($0) }
    case .uint16: return try tensor.array(of: UInt16.self).map { Double($0) }
    case .uint32: return try tensor.array(of: UInt32.self).map { Double($0) }
    case .uint64: return try tensor.array(of: UInt64.self).map { Double($0) }
    case .complex64: return try Tensor(.float, [2 * tensor.count], storage(tensor)).array(of: Float.self).map { Double($0) }
    case .complex128: return try Tensor(.double, [2 * tensor.count], storage(tensor)).array(of: Double.self)
    default:
        let format = try #require(SmallFloatFormat.of(tensor.elementType))
        return try tensor.bytes().map { Double(format.decode($0)) }
    }
}

private func storage(_ tensor: Tensor) throws -> Storage {
    guard case .bytes(let storage, 0) = try tensor.copied().contents else { throw ONNXError(.usage, "no bytes") }
    return storage
}

/// What the fixtures hold under shape [2, 3, 4]: see the script that makes them.
func expectedNumbers(_ type: ElementType) -> [Double] {
    let count = (0..<24).map { Double($0) }
    switch type {
    case .bool: return count.map { Int($0) % 3 == 0 ? 1 : 0 }
    case .uint8, .uint16, .uint32, .uint64: return count
    case .int8, .int16, .int32, .int64: return count.map { $0 - 5 }
    case .complex64, .complex128: return count.flatMap { [($0 - 5) / 2, $0] }
    default: return count.map { ($0 - 5) / 2 }
    }
}
