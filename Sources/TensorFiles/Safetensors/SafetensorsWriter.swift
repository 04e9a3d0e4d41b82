package import Bytes
package import Tensors

extension SafetensorsFile {
    /// Writes `tensors`, widest elements first so that each is aligned, after a header that ends at a multiple of 64.
    ///
    /// The file appears once `file` is committed. Names must differ from each other and from `__metadata__`.
    package static func write(_ tensors: [(name: String, tensor: Tensor)], metadata: [(String, String)] = [], to file: AtomicFile) throws {
        var names: Set<String> = ["__metadata__"]
        for (name, _) in tensors where !names.insert(name).inserted {
            throw ONNXError(.usage, "two tensors are called \"\(quoted(name))\", which a safetensors file can't keep", place: [quoted(file.path)])
        }
        let payloads = try tensors.map { try Payload(name: $0.name, $0.tensor) }
        let order = payloads.indices.sorted { (-payloads[$0].width, $0) < (-payloads[$1].width, $1) }.map { payloads[$0] }
        var header = try headerText(order, metadata: metadata + foreignTypes(payloads))
        header += [UInt8](repeating: 0x20, count: 63 - (8 + header.count + 63) % 64)
        try file.write((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header)
        for payload in order {
            switch payload.content {
            case .tensor(let tensor): try file.write(tensor)
            case .bytes(let bytes): try file.write(bytes)
            }
        }
    }

    private struct Payload {
        enum Content {
            case tensor(Tensor)
            case bytes([UInt8])
        }

        let name: String
        let tensor: Tensor
        let content: Content
        /// Nil for a type that the format lacks.
        let dtype: String?
        let count: Int
        /// Bits of an element.
        let width: Int

        init(name: String, _ tensor: Tensor) throws {
            self.name = name
            self.tensor = tensor
            dtype = SafetensorsType.name(tensor.elementType)
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
            width = tensor.elementType.bitWidth
        }
    }

    private static func foreignTypes(_ payloads: [Payload]) throws -> [(String, String)] {
        let foreign = payloads.filter { $0.dtype == nil }
        if foreign.isEmpty { return [] }
        let text = try JSONWriter.bytes { json in
            try json.beginObject()
            for payload in foreign {
                try json.name(payload.name)
                try json.beginObject()
                try json.name("type")
                try json.string(payload.tensor.elementType.name)
                try json.name("shape")
                try writeSizes(payload.tensor.shape, &json)
                try json.endObject()
            }
            try json.endObject()
        }
        return [(ForeignType.metadataKey, String(decoding: text, as: UTF8.self))]
    }

    private static func headerText(_ payloads: [Payload], metadata: [(String, String)]) throws -> [UInt8] {
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
                try writeSizes(payload.dtype == nil ? [payload.count] : payload.tensor.shape, &json)
                try json.name("data_offsets")
                try writeSizes([begin, begin + payload.count], &json)
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
