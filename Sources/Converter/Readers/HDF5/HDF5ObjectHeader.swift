internal import Bytes

/// A group or dataset: the messages of its object header.
struct HDF5Object {
    struct Message {
        let kind: UInt16
        let isShared: Bool
        let body: ByteRegion
    }

    /// The kinds of messages that are looked at.
    enum Kind: UInt16 {
        case dataspace = 0x01
        case linkInfo = 0x02
        case datatype = 0x03
        case oldFillValue = 0x04
        case fillValue = 0x05
        case link = 0x06
        case externalFiles = 0x07
        case layout = 0x08
        case filters = 0x0B
        case attribute = 0x0C
        case continuation = 0x10
        case symbolTable = 0x11
        case attributeInfo = 0x15
    }

    let messages: [Message]
    let file: HDF5File

    init(at address: Int, in file: HDF5File, _ budget: inout HDF5Budget) throws(ONNXError) {
        self.file = file
        try budget.visit(1, file)
        var reader = HDF5HeaderReader(file)
        var cursor = try file.cursor(at: address)
        if cursor.peek() == UInt8(ascii: "O") {
            messages = try reader.version2(try file.cursor(at: address, signature: "OHDR"), &budget)
        } else {
            messages = try reader.version1(&cursor, &budget)
        }
    }

    /// The messages of that kind. One that is stored elsewhere, for several objects to share, is refused.
    func all(_ kind: Kind) throws(ONNXError) -> [ByteRegion] {
        var bodies: [ByteRegion] = []
        for message in messages where message.kind == kind.rawValue {
            guard !message.isShared else {
                throw file.refused(.unsupported, "a \(kind) message that several objects share (a committed type)", remedy: HDF5Object.resave)
            }
            bodies.append(message.body)
        }
        return bodies
    }

    /// The message of that kind, if there is one.
    func first(_ kind: Kind) throws(ONNXError) -> ByteRegion? { try all(kind).first }

    static let resave = "write it again with h5py's defaults, as Keras does"
}

/// Collects the messages of one object header and of the blocks that it continues in.
private struct HDF5HeaderReader {
    private let file: HDF5File
    private var messages: [HDF5Object.Message] = []
    private var pending: [(address: Int, count: Int)] = []
    private var visited: Set<Int> = []

    init(_ file: HDF5File) {
        self.file = file
    }

    mutating func version1(_ cursor: inout ByteCursor, _ budget: inout HDF5Budget) throws(ONNXError) -> [HDF5Object.Message] {
        let version = try cursor.uint8()
        guard version == 1 else { throw cursor.error(.malformed, "no object header: version \(version)") }
        try cursor.skip(1)
        let count = Int(try cursor.uint16())
        try cursor.skip(4)
        let size = Int(try cursor.uint32())
        try cursor.skip(4)
        var block = ByteCursor(try cursor.take(size))
        while messages.count < count {
            if block.remaining < 8 {
                guard let next = pending.popLast() else {
                    throw cursor.error(.malformed, "an object header with \(messages.count) messages where \(count) are declared")
                }
                block = ByteCursor(try file.region.slice(offset: next.address, count: next.count))
                continue
            }
            let kind = try block.uint16()
            let size = Int(try block.uint16())
            let flags = try block.uint8()
            try block.skip(3)
            try add(kind, flags, block.take(size), &budget)
        }
        return messages
    }

    mutating func version2(_ start: ByteCursor, _ budget: inout HDF5Budget) throws(ONNXError) -> [HDF5Object.Message] {
        var cursor = start
        let version = try cursor.uint8()
        guard version == 2 else { throw cursor.error(.unsupported, "an object header of version \(version); 1 and 2 are read") }
        let flags = try cursor.uint8()
        try cursor.skip((flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0))
        let size = try cursor.length(1 << Int(flags & 3))
        let hasOrder = flags & 4 != 0
        try block(cursor.take(size), hasOrder: hasOrder, &budget)
        try HDF5Checksum.check(&cursor, from: 0)
        while let next = pending.popLast() {
            var cursor = ByteCursor(try file.region.slice(offset: next.address, count: next.count))
            guard next.count >= 8, try cursor.take(4).bytes() == Array("OCHK".utf8) else { throw cursor.error(.malformed, "OCHK is expected here") }
            try block(cursor.take(next.count - 8), hasOrder: hasOrder, &budget)
            try HDF5Checksum.check(&cursor, from: 0)
        }
        return messages
    }

    private mutating func block(_ region: ByteRegion, hasOrder: Bool, _ budget: inout HDF5Budget) throws(ONNXError) {
        var block = ByteCursor(region)
        // A gap shorter than a message's head may end a block.
        while block.remaining >= (hasOrder ? 6 : 4) {
            let kind = UInt16(try block.uint8())
            let size = Int(try block.uint16())
            let flags = try block.uint8()
            if hasOrder { try block.skip(2) }
            try add(kind, flags, block.take(size), &budget)
        }
    }

    private mutating func add(_ kind: UInt16, _ flags: UInt8, _ body: ByteRegion, _ budget: inout HDF5Budget) throws(ONNXError) {
        try budget.visit(1, file)
        messages.append(HDF5Object.Message(kind: kind, isShared: flags & 2 != 0, body: body))
        guard kind == HDF5Object.Kind.continuation.rawValue else { return }
        var cursor = ByteCursor(body)
        guard let address = try cursor.address(file.addressWidth) else { throw cursor.error(.malformed, "an object header that continues nowhere") }
        let count = try cursor.length(file.lengthWidth)
        guard visited.insert(address).inserted else { throw cursor.error(.malformed, "an object header that continues in itself") }
        pending.append((address, count))
    }
}
