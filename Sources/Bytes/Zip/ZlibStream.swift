/// Undoes a zlib stream (RFC 1950) that holds exactly `count` bytes.
///
/// Throws `.malformed` for a damaged stream or another size, `.limit` when the memory can't be had.
package func inflatedZlib(_ stream: ByteRegion, count: Int) throws -> ByteRegion {
    let name = stream.file.name
    func refused(_ message: String) -> ONNXError { ONNXError(.malformed, message, place: [quoted(name)]) }
    guard stream.count >= 6 else { throw refused("no zlib stream: it has \(stream.count) bytes") }
    let head = try stream.slice(offset: 0, count: 2).bytes()
    guard head[0] & 15 == 8, (Int(head[0]) << 8 | Int(head[1])) % 31 == 0, head[1] & 0x20 == 0 else {
        throw refused("no zlib stream: its header is not one")
    }
    let deflated = try stream.slice(offset: 2, count: stream.count - 6)
    let file = try MappedFile(name: name, count: count) { output in
        try unsafe output.withUnsafeMutableBytes { bytes in
            var inflater = unsafe Inflater(deflated, into: bytes)
            try inflater.run()
        }
    }
    var (low, high): (UInt32, UInt32) = (1, 0)
    file.withBytes { bytes in
        for index in 0..<bytes.byteCount {
            low = (low + UInt32(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))) % 65_521
            high = (high + low) % 65_521
        }
    }
    let expected = try stream.slice(offset: stream.count - 4, count: 4).bytes().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard high << 16 | low == expected else { throw refused("the checksum of the zlib stream doesn't match: the bytes are damaged") }
    return ByteRegion(file)
}
