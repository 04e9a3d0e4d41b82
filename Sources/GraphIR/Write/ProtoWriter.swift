internal import Bytes
internal import Tensors

/// A protobuf message as it is being put together. Tensors' bytes are only referred to, so that no weight is copied.
struct ProtoWriter {
    private enum Piece {
        case bytes([UInt8])
        case elements(Elements<UInt8>)
    }

    private var pieces: [Piece] = []
    private var tail: [UInt8] = []
    /// Bytes of the message.
    private(set) var count = 0

    mutating func integer(_ field: Int, _ value: Int64) {
        tag(field, 0)
        varint(UInt64(bitPattern: value))
    }

    mutating func float(_ field: Int, _ value: Float) {
        tag(field, 5)
        for shift in stride(from: UInt32(0), to: 32, by: 8) { byte(UInt8(truncatingIfNeeded: value.bitPattern >> shift)) }
    }

    /// Text that is there even when empty.
    mutating func text(_ field: Int, _ text: String) {
        tag(field, 2)
        let utf8 = text.utf8
        varint(UInt64(utf8.count))
        tail.append(contentsOf: utf8)
        count += utf8.count
    }

    /// Text that is left out when empty.
    mutating func optionalText(_ field: Int, _ text: String) {
        if !text.isEmpty { self.text(field, text) }
    }

    mutating func texts(_ field: Int, _ texts: [String]) {
        for each in texts { text(field, each) }
    }

    mutating func elements(_ field: Int, _ elements: Elements<UInt8>) {
        tag(field, 2)
        varint(UInt64(elements.count))
        pieces.append(.bytes(tail))
        pieces.append(.elements(elements))
        tail = []
        count += elements.count
    }

    mutating func message<E: Error>(_ field: Int, _ write: (inout ProtoWriter) throws(E) -> Void) throws(E) {
        var inner = ProtoWriter()
        try write(&inner)
        tag(field, 2)
        varint(UInt64(inner.count))
        for piece in inner.pieces {
            switch piece {
            case .bytes(let bytes): tail += bytes
            case .elements:
                pieces.append(.bytes(tail))
                pieces.append(piece)
                tail = []
            }
        }
        tail += inner.tail
        count += inner.count
    }

    private mutating func tag(_ field: Int, _ wireType: Int) {
        varint(UInt64(field << 3 | wireType))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        byte(UInt8(rest))
    }

    private mutating func byte(_ value: UInt8) {
        tail.append(value)
        count += 1
    }

    /// Writes the message out, front to back.
    func write(to sink: borrowing some ByteSink) throws(ONNXError) {
        for piece in pieces {
            switch piece {
            case .bytes(let bytes): try sink.write(bytes)
            case .elements(let elements): try sink.write(elements)
            }
        }
        try sink.write(tail)
    }

    /// The message in memory.
    func bytes() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for piece in pieces {
            switch piece {
            case .bytes(let part): bytes += part
            case .elements(let part): bytes += part
            }
        }
        return bytes + tail
    }
}

extension ByteSink {
    /// Writes a tensor's bytes from where they lie.
    func write(_ elements: Elements<UInt8>) throws(ONNXError) {
        try unsafe elements.withPointer { start throws(ONNXError) in
            let bytes = unsafe UnsafeRawBufferPointer(start: start, count: elements.count)
            try unsafe write(bytes.bytes)
        }
    }
}
