/// The text of `Weights.swift`.
enum SwiftTemplate {
    /// FNV-1a of 64 bits, simple enough to stand in the emitted source too.
    static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    static func source(byteCount: Int, headerCount: Int, headerHash: UInt64, entries: String, accessors: String) -> String {
        """
        // Written by onnx-run convert --to swift. The values are in Resources/weights.safetensors.
        import Foundation

        /// The weights, mapped from a file and read when they are asked for.
        public struct Weights: Sendable {
            /// What there is, in the order of the file.
            public static let all: [WeightInfo] = [
        \(entries)
            ]

            private let data: Data

            /// The weights that this package brings along.
            public static func bundled() throws -> Weights {
                guard let url = Bundle.module.url(forResource: "weights", withExtension: "safetensors") else { throw WeightsError.resourceIsMissing }
                return try Weights(contentsOf: url)
            }

            /// The weights in the file at `url`, which must be the one that this source was written for.
            public init(contentsOf url: URL) throws {
                data = try Data(contentsOf: url, options: .alwaysMapped)
                guard data.count == \(byteCount) else { throw WeightsError.otherFile("it has \\(data.count) bytes, \(byteCount) expected") }
                let hash = data.prefix(\(headerCount)).reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
                guard hash == \(headerHash) else { throw WeightsError.otherFile("its header is another one") }
            }

        \(accessors)
        }

        /// Why weights can't be had.
        public enum WeightsError: Error {
            case resourceIsMissing
            case otherFile(String)
        }

        /// What is known of a weight without reading it.
        public struct WeightInfo: Sendable, Hashable {
            /// The name in the state dict.
            public let name: String
            /// The element type, by its ONNX name.
            public let elementType: String
            /// The extents, outermost first.
            public let shape: [Int]
            let offset: Int
            let byteCount: Int
        }

        /// A weight: its elements in row-major order.
        public struct Weight<Element: BitwiseCopyable & Sendable>: RandomAccessCollection, Sendable {
            public let info: WeightInfo
            private let data: Data

            init(_ info: WeightInfo, _ data: Data) {
                self.info = info
                self.data = data
            }

            public var name: String { info.name }
            public var shape: [Int] { info.shape }
            public var startIndex: Int { 0 }
            public var endIndex: Int { info.byteCount / MemoryLayout<Element>.stride }

            public subscript(index: Int) -> Element {
                precondition(index >= 0 && index < endIndex, "index out of range")
                return data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: info.offset + index * MemoryLayout<Element>.stride, as: Element.self) }
            }

            /// Lends the bytes of all elements.
            public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
                try data.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[info.offset..<info.offset + info.byteCount])) }
            }
        }

        /// The upper half of a `Float`.
        public struct BFloat16: BitwiseCopyable, Hashable, Sendable {
            public var bitPattern: UInt16
            public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
        }

        """
    }
}
