import Bytes
import Converter
import Foundation
import OrderedCollections
import Testing

/// Calls `body` with damaged versions of `original`: bytes changed, numbers made extreme, parts copied over others.
///
/// SWIFT_ONNX_MUTATIONS says how many; they are the same in every run.
func mutate(_ original: [UInt8], _ body: ([UInt8], Scratch) throws -> Void) throws {
    let scratch = try Scratch()
    var random = Seeded(seed: UInt64(original.count))
    for _ in 0..<(ProcessInfo.processInfo.environment["SWIFT_ONNX_MUTATIONS"].flatMap { Int($0) } ?? 200) {
        var file = original
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0..<file.count, using: &random)
            let width = min([1, 2, 4, 8].randomElement(using: &random) ?? 1, file.count - place)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: file[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: for index in place..<place + width { file[index] = [0, 0xFF, 0x7F, 0x80].randomElement(using: &random) ?? 0 }
            case 2:
                let source = Int.random(in: 0...file.count - width, using: &random)
                for index in 0..<width { file[place + index] = file[source + index] }
            default: for index in place..<place + width { file[index] = UInt8.random(in: 0...255, using: &random) }
            }
        }
        try body(file, scratch)
    }
}

/// Reading the checkpoint must succeed, or fail with an error of ours that says where.
func expectAnswer(_ path: String, _ sourceLocation: SourceLocation = #_sourceLocation) {
    do {
        for entry in try Checkpoint(contentsOf: path).entries.values { _ = try entry.tensor() }
    } catch {
        #expect((error as? ONNXError)?.place.isEmpty == false, "\(error)", sourceLocation: sourceLocation)
    }
}

/// Repeatable random numbers (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var seed: UInt64

    mutating func next() -> UInt64 {
        seed &+= 0x9E37_79B9_7F4A_7C15
        var value = seed
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
