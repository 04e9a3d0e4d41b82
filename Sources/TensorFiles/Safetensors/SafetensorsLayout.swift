internal import Bytes
package import Tensors

/// What a safetensors file will hold and in which order, before a byte of it is written.
package struct SafetensorsLayout {
    package struct Payload {
        private enum Content {
            case tensor(Tensor)
            case bytes([UInt8])
        }

        package let name: String
        /// The name that the format has for the element type; nil for a type that it lacks, which is stored as bytes.
        fileprivate let dtype: String?
        fileprivate let type: ElementType
        fileprivate let shape: [Int]
        /// Bytes.
        package let count: Int
        private let content: Content

        fileprivate init(_ name: String, _ tensor: Tensor) throws {
            self.name = name
            dtype = SafetensorsType.name(tensor.elementType)
            type = tensor.elementType
            shape = tensor.shape
            if tensor.elementType == .string {
                let bytes = try JSONWriter.bytes { json in
                    try json.beginArray()
                    for string in try tensor.stringArray() { try json.string(string) }
                    try json.endArray()
                }
                content = .bytes(bytes)
                count = bytes.count
            } else {
                content = .tensor(tensor)
                count = tensor.byteCount
            }
        }

        fileprivate init(_ name: String, zeros count: Int) {
            self.name = name
            dtype = SafetensorsType.name(.uint8)
            type = .uint8
            shape = [count]
            self.count = count
            content = .bytes([UInt8](repeating: 0, count: count))
        }

        /// The bytes, front to back, in pieces that a cache holds.
        package func forEachPiece(_ body: (borrowing RawSpan) throws -> Void) throws {
            let elements: Elements<UInt8>
            switch content {
            case .bytes(let bytes): return try unsafe body(bytes.span.bytes)
            case .tensor(let tensor): elements = try tensor.bytes()
            }
            for start in stride(from: 0, to: elements.count, by: Self.pieceSize) {
                let range = start..<min(start + Self.pieceSize, elements.count)
                try unsafe elements.withPointer(range) { try unsafe body(UnsafeRawBufferPointer(start: $0, count: range.count).bytes) }
            }
        }

        private static let pieceSize = 1 << 20
    }

    package let payloads: [Payload]
    private let foreign: [Payload]

    /// `tensors`, widest elements first, so that each is aligned. Names must differ from each other and from `__metadata__`.
    package init(_ tensors: [(name: String, tensor: Tensor)]) throws {
        let payloads = try Self.payloads(tensors)
        foreign = payloads.filter { $0.dtype == nil }
        self.payloads = payloads.indices.sorted { (-payloads[$0].type.bitWidth, $0) < (-payloads[$1].type.bitWidth, $1) }.map { payloads[$0] }
    }

    /// `tensors` in their order, each at a multiple of `alignment` bytes; what lies between two is a tensor of zeros whose name `filler` gives.
    package init(_ tensors: [(name: String, tensor: Tensor)], alignedTo alignment: Int, filler: (Int) -> String) throws {
        var payloads: [Payload] = []
        var fillers = 0
        for payload in try Self.payloads(tensors) {
            if let rest = payloads.last.map({ $0.count % alignment }), rest > 0 {
                payloads.append(Payload(filler(fillers), zeros: alignment - rest))
                fillers += 1
            }
            payloads.append(payload)
        }
        foreign = payloads.filter { $0.dtype == nil }
        self.payloads = payloads
    }

    private static func payloads(_ tensors: [(name: String, tensor: Tensor)]) throws -> [Payload] {
        var names: Set<String> = ["__metadata__"]
        return try tensors.map { name, tensor in
            guard names.insert(name).inserted else {
                throw ONNXError(.usage, "two tensors are called \"\(quoted(name))\", which a safetensors file can't keep")
            }
            return try Payload(name, tensor)
        }
    }

    /// The header with its length before it, filled with spaces so that the data begins at a multiple of 64.
    package func header(metadata: [(String, String)]) throws -> [UInt8] {
        var text = try headerText(metadata: metadata + foreignTypes())
        text += [UInt8](repeating: 0x20, count: 63 - (8 + text.count + 63) % 64)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    }

    private func foreignTypes() throws -> [(String, String)] {
        if foreign.isEmpty { return [] }
        let text = try JSONWriter.bytes { json in
            try json.beginObject()
            for payload in foreign {
                try json.name(payload.name)
                try json.beginObject()
                try json.name("type")
                try json.string(payload.type.name)
                try json.name("shape")
                try Self.writeSizes(payload.shape, &json)
                try json.endObject()
            }
            try json.endObject()
        }
        return [(ForeignType.metadataKey, String(decoding: text, as: UTF8.self))]
    }

    private func headerText(metadata: [(String, String)]) throws -> [UInt8] {
        try JSONWriter.bytes { json in
            try json.beginObject()
            if !metadata.isEmpty {
                try json.name("__metadata__")
                try json.beginObject()
                for (name, value) in metadata {
                    try json.name(name)
                    try json.string(value)
                }
                try json.endObject()
            }
            var begin = 0
            for payload in payloads {
                try json.name(payload.name)
                try json.beginObject()
                try json.name("dtype")
                try json.string(payload.dtype ?? "U8")
                try json.name("shape")
                try Self.writeSizes(payload.dtype == nil ? [payload.count] : payload.shape, &json)
                try json.name("data_offsets")
                try Self.writeSizes([begin, begin + payload.count], &json)
                try json.endObject()
                begin += payload.count
            }
            try json.endObject()
        }
    }

    private static func writeSizes(_ sizes: [Int], _ json: inout JSONWriter) throws {
        try json.beginArray()
        for size in sizes { try json.integer(size) }
        try json.endArray()
    }
}
