internal import Bytes

/// An HDF5 file, as far as h5py writes it by default, which is how Keras keeps weights. What else the format knows is refused by its name.
///
/// Nothing here recurses, every structure is found by an address that is checked against the file, and `HDF5Budget` counts what is visited.
/// Source: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
struct HDF5File: Sendable {
    private static let signature: [UInt8] = [0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A]

    let region: ByteRegion
    let limits: Limits
    /// Bytes of an address.
    let addressWidth: Int
    /// Bytes of a length.
    let lengthWidth: Int
    /// The address of the root group's object header.
    let root: Int

    init(_ file: ByteRegion, limits: Limits) throws(ONNXError) {
        region = file
        self.limits = limits
        var cursor = ByteCursor(file)
        guard file.count >= Self.signature.count, try cursor.take(Self.signature.count).bytes() == Self.signature else {
            let hint = FileKind.hint(file, expected: .hdf5)
            throw ONNXError(.malformed, "is not an HDF5 file: its signature is missing\(hint)", place: [quoted(file.file.name)])
        }
        let version = try cursor.uint8()
        guard version <= 3 else { throw cursor.error(.unsupported, "an HDF5 superblock of version \(version); 0 to 3 are read") }
        if version < 2 { try cursor.skip(4) }
        let width = try Self.width(&cursor, "addresses")
        addressWidth = width
        lengthWidth = try Self.width(&cursor, "lengths")
        // Of versions 0 and 1: a reserved byte, the fan-out of trees, flags. Nothing depends on them. Later there are only flags.
        try cursor.skip(version == 0 ? 9 : version == 1 ? 13 : 1)
        _ = try cursor.address(width)
        _ = try cursor.address(width)
        let end = try cursor.address(width)
        if version < 2 {
            guard try cursor.address(width) == nil else { throw cursor.error(.unsupported, "an HDF5 file in several parts (it has a driver's block)") }
            // The root's symbol table entry begins with the offset of its name, which has none.
            _ = try cursor.address(width)
        }
        guard let end, let root = try cursor.address(width) else {
            throw cursor.error(.malformed, "the superblock has no root group or no end of the file")
        }
        self.root = root
        if version >= 2 { try HDF5Checksum.check(&cursor, from: 0) }
        guard end <= file.count else {
            throw ONNXError(
                .malformed, "the file should end at byte \(end), but has \(file.count): \(end - file.count) bytes are missing",
                place: [quoted(file.file.name)], remedy: "copy or download the file again")
        }
    }

    private static func width(_ cursor: inout ByteCursor, _ what: String) throws(ONNXError) -> Int {
        let width = Int(try cursor.uint8())
        guard [2, 4, 8].contains(width) else { throw cursor.error(.malformed, "\(what) of \(width) bytes; 2, 4 or 8 are possible") }
        return width
    }

    /// Reads from `address` on, for as far as the file goes.
    func cursor(at address: Int) throws(ONNXError) -> ByteCursor {
        guard address < region.count else { throw refused(.malformed, "an address, \(address), beyond the end of the file") }
        return ByteCursor(try region.slice(offset: address, count: region.count - address))
    }

    /// Reads what begins with `signature`.
    func cursor(at address: Int, signature: String) throws(ONNXError) -> ByteCursor {
        var cursor = try cursor(at: address)
        let start = cursor
        guard cursor.remaining >= signature.utf8.count, try cursor.take(signature.utf8.count).bytes() == Array(signature.utf8) else {
            throw start.error(.malformed, "\(signature) is expected here")
        }
        return cursor
    }

    /// An error about this file.
    func refused(_ code: ONNXError.Code, _ message: String, remedy: String? = nil) -> ONNXError {
        ONNXError(code, message, place: [quoted(region.file.name)], remedy: remedy)
    }

    /// What `body` gives; an error says that it was about `what`.
    func about<R>(_ what: String, _ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let error as ONNXError {
            let name = quoted(region.file.name)
            let inner = error.place.first == name ? Array(error.place.dropFirst()) : error.place
            throw ONNXError(error.code, error.message, place: [name, what] + inner, remedy: error.remedy)
        }
    }
}

/// What may still be visited, so that structures that share their parts can't keep a reader busy.
struct HDF5Budget {
    private var objects: Int
    private var bytes: Int
    private let limits: Limits

    init(_ limits: Limits) {
        self.limits = limits
        objects = limits.hdf5Objects
        bytes = limits.structureBytes
    }

    /// Counts `count` objects, links, messages or nodes of trees.
    mutating func visit(_ count: Int = 1, _ file: HDF5File) throws(ONNXError) {
        guard count <= objects else {
            throw file.refused(.limit, "more than \(limits.hdf5Objects) objects, links and nodes are visited", remedy: "raise the limit hdf5Objects")
        }
        objects -= count
    }

    /// Counts a name of `count` bytes, and what it takes to keep it.
    mutating func keep(_ count: Int, _ file: HDF5File) throws(ONNXError) {
        guard count <= bytes - 64 else {
            throw file.refused(.limit, "the names take more than \(limits.structureBytes) bytes", remedy: "raise the limit structureBytes")
        }
        bytes -= count + 64
    }
}

extension ByteCursor {
    /// The next unsigned integer of `width` bytes, 8 at most.
    mutating func unsigned(_ width: Int) throws(ONNXError) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(try uint8()) << UInt64(8 * index) }
        return value
    }

    /// The next address; nil for the one that means "none", all bits 1.
    mutating func address(_ width: Int) throws(ONNXError) -> Int? {
        let value = try unsigned(width)
        if value == UInt64.max >> UInt64(64 - 8 * width) { return nil }
        guard let address = Int(exactly: value) else { throw error(.malformed, "the address \(value) is not possible") }
        return address
    }

    /// The next size of `width` bytes.
    mutating func length(_ width: Int) throws(ONNXError) -> Int {
        let value = try unsigned(width)
        guard let length = Int(exactly: value) else { throw error(.malformed, "the length \(value) is not possible") }
        return length
    }

    /// What is left, up to a multiple of 8 from the region's start, is skipped.
    mutating func align8() throws(ONNXError) {
        try skip(min(remaining, (8 - offset % 8) % 8))
    }
}
