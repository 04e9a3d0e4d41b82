internal import Bytes

/// The structure of a protobuf file without its tensors' bytes: what protobuf-c is given.
///
/// One walk over the wire bytes, with a stack of its own, checks everything that protobuf-c doesn't (depth, counts, memory, duplicates, UTF-8)
/// and writes, in place of each payload, where it lies in the file: offset and length, 8 bytes each.
struct Skeleton {
    private struct Frame {
        let schema: Schema.Index
        let end: Int
        /// Where the length of this message goes in the output.
        let lengthAt: Int
        let graphs: Int
        /// Singular fields met so far, by number.
        var seen: UInt64 = 0
    }

    /// Length prefixes are written last, in a fixed number of bytes.
    private static let lengthBytes = 5
    private static let nodeSchema = Schema.index(named: "NodeProto")
    private static let graphSchema = Schema.index(named: "GraphProto")

    private let limits: Limits
    private let schemas = Schema.all
    private var cursor: ByteCursor
    private var stack: [Frame] = []
    private var output: [UInt8] = []
    private var memory = 0
    private var nodes = 0

    /// The structure of the message that `region` holds.
    static func make(of region: ByteRegion, as root: RootMessage, limits: Limits) throws(ONNXError) -> [UInt8] {
        var skeleton = Skeleton(cursor: ByteCursor(region), limits: limits)
        skeleton.stack.append(Frame(schema: root.index, end: region.count, lengthAt: -1, graphs: 0))
        try skeleton.walk()
        return skeleton.output
    }

    private init(cursor: ByteCursor, limits: Limits) {
        self.cursor = cursor
        self.limits = limits
    }

    private mutating func walk() throws(ONNXError) {
        while let frame = stack.last {
            if cursor.offset == frame.end {
                patchLength(at: frame.lengthAt)
                stack.removeLast()
            } else {
                try field(in: frame)
            }
        }
    }

    private mutating func field(in frame: Frame) throws(ONNXError) {
        let start = cursor
        let tag = try cursor.varint()
        let (number, wireType) = (tag >> 3, UInt8(tag & 7))
        guard number > 0, number < 1 << 29 else { throw start.error(.malformed, "field number \(number) is not possible in protobuf") }
        guard wireType <= 2 || wireType == 5 else {
            let what = wireType == 3 || wireType == 4 ? "a protobuf group" : "protobuf wire type \(wireType)"
            throw start.error(.malformed, "\(what) at field \(number) of \(schemas[frame.schema].name), which ONNX doesn't use")
        }
        guard let field = schemas[frame.schema].field(number) else {
            try skip(wireType, within: frame)
            return
        }
        let place = "\(schemas[frame.schema].name).\(field.name)"
        if !field.isRepeated {
            guard frame.seen & (1 << number) == 0 else { throw start.error(.malformed, "\(place) stands here a second time") }
            stack[stack.count - 1].seen |= 1 << number
        }
        switch (field.kind, wireType) {
        case (.varint, 0):
            writeTag(number, 0)
            writeVarint(try cursor.varint())
            try count(8, at: start)
        case (.varint, 2) where field.isRepeated, (.fixed32, 2) where field.isRepeated:
            let length = try self.length(of: place, within: frame)
            try checkPacked(field.kind, length, place)
            writeTag(number, 2)
            writeVarint(UInt64(length))
            try copy(length)
        case (.fixed32, 5):
            writeTag(number, 5)
            try within(frame, 4)
            try copy(4)
            try count(8, at: start)
        case (.message(let inner), 2):
            let length = try self.length(of: place, within: frame)
            writeTag(number, 2)
            try enter(inner, length, from: frame, at: start)
        case (.name, 2), (.text, 2), (.bytes, 2):
            let length = try self.length(of: place, within: frame)
            try checkText(field.kind, length, place)
            writeTag(number, 2)
            writeVarint(UInt64(length))
            try copy(length)
            try count(32, at: start)
        case (.payload, 2):
            let length = try self.length(of: place, within: frame)
            try writePayload(number, length)
        case (.payload(let single?), _) where single == wireType:
            let from = cursor.offset
            try skip(single, within: frame)
            let length = cursor.offset - from
            try cursor.seek(from)
            try writePayload(number, length)
        default:
            throw start.error(.malformed, "\(place) has protobuf wire type \(wireType), which doesn't belong to it")
        }
        guard cursor.offset <= frame.end else { throw start.error(.malformed, "\(place) reaches past the end of its message") }
    }

    private mutating func enter(_ schema: Schema.Index, _ length: Int, from frame: Frame, at start: ByteCursor) throws(ONNXError) {
        guard stack.count < limits.protobufDepth else {
            throw start.error(.limit, "messages are nested more than \(limits.protobufDepth) deep").remedied("raise Limits.protobufDepth")
        }
        let graphs = frame.graphs + (schema == Self.graphSchema ? 1 : 0)
        guard graphs <= limits.subgraphDepth else {
            throw start.error(.limit, "graphs are nested more than \(limits.subgraphDepth) deep").remedied("raise Limits.subgraphDepth")
        }
        if schema == Self.nodeSchema {
            nodes += 1
            guard nodes <= limits.nodes else {
                throw start.error(.limit, "there are more than \(limits.nodes) nodes").remedied("raise Limits.nodes")
            }
        }
        try count(schemas[schema].size + 24, at: start)
        stack.append(Frame(schema: schema, end: cursor.offset + length, lengthAt: output.count, graphs: graphs))
        output.append(contentsOf: repeatElement(0, count: Self.lengthBytes))
    }

    /// Counts memory that protobuf-c will take.
    private mutating func count(_ bytes: Int, at start: ByteCursor) throws(ONNXError) {
        memory += bytes
        guard memory + output.count <= limits.structureBytes else {
            throw start.error(.limit, "the structure needs more than \(limits.structureBytes) bytes of memory").remedied("raise Limits.structureBytes")
        }
    }

    private mutating func length(of place: String, within frame: Frame) throws(ONNXError) -> Int {
        let start = cursor
        let length = try cursor.varint()
        guard cursor.offset <= frame.end, length <= UInt64(frame.end - cursor.offset) else {
            throw start.error(.malformed, "\(place) should have \(length) bytes, \(max(frame.end - cursor.offset, 0)) are left")
                .remedied("the file is cut short or damaged: fetch it again")
        }
        return Int(length)
    }

    private func within(_ frame: Frame, _ count: Int) throws(ONNXError) {
        guard count <= frame.end - cursor.offset else {
            throw cursor.error(.malformed, "\(count) bytes expected, \(max(frame.end - cursor.offset, 0)) are left")
                .remedied("the file is cut short or damaged: fetch it again")
        }
    }

    private mutating func skip(_ wireType: UInt8, within frame: Frame) throws(ONNXError) {
        switch wireType {
        case 0: _ = try cursor.varint()
        case 1:
            try within(frame, 8)
            try cursor.skip(8)
        case 2: try cursor.skip(try length(of: "an unknown field of \(schemas[frame.schema].name)", within: frame))
        default:
            try within(frame, 4)
            try cursor.skip(4)
        }
        try within(frame, 0)
    }

    private mutating func checkPacked(_ kind: Schema.Kind, _ length: Int, _ place: String) throws(ONNXError) {
        if case .fixed32 = kind {
            guard length % 4 == 0 else { throw cursor.error(.malformed, "\(place) has \(length) bytes, which are no whole number of 4-byte elements") }
            try count(length, at: cursor)
            return
        }
        let (start, end) = (cursor.offset, cursor.offset + length)
        var elements = 0
        while cursor.offset < end {
            _ = try cursor.varint()
            elements += 1
        }
        guard cursor.offset == end else { throw cursor.error(.malformed, "\(place) ends within an integer") }
        try cursor.seek(start)
        try count(elements * 8, at: cursor)
    }

    private func checkText(_ kind: Schema.Kind, _ length: Int, _ place: String) throws(ONNXError) {
        if case .bytes = kind { return }
        let text = try cursor.region.slice(offset: cursor.offset, count: length)
        guard isUTF8(text) else { throw cursor.error(.malformed, "\(place) is not UTF-8") }
        guard case .name = kind else { return }
        guard length <= limits.nameBytes else {
            throw cursor.error(.limit, "\(place) has \(length) bytes, more than \(limits.nameBytes)").remedied("raise Limits.nameBytes")
        }
        guard !holdsNUL(text) else { throw cursor.error(.malformed, "\(place) contains a NUL") }
    }

    private mutating func writePayload(_ number: UInt64, _ length: Int) throws(ONNXError) {
        writeTag(number, 2)
        writeVarint(16)
        for value in [UInt64(cursor.region.offset + cursor.offset), UInt64(length)] {
            for shift in stride(from: UInt64(0), to: 64, by: 8) { output.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        try count(48, at: cursor)
        try cursor.skip(length)
    }

    private mutating func copy(_ length: Int) throws(ONNXError) {
        let bytes = try cursor.take(length)
        try count(0, at: cursor)
        append(bytes, to: &output)
    }

    private mutating func writeTag(_ number: UInt64, _ wireType: UInt64) {
        writeVarint(number << 3 | wireType)
    }

    private mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }

    private mutating func patchLength(at position: Int) {
        guard position >= 0 else { return }
        var rest = output.count - position - Self.lengthBytes
        for index in 0..<Self.lengthBytes {
            output[position + index] = UInt8(rest & 0x7F) | (index == Self.lengthBytes - 1 ? 0 : 0x80)
            rest >>= 7
        }
    }
}
