/// Undoes a zlib stream (RFC 1950) that holds exactly `count` bytes.
///
/// Throws `.malformed` for a damaged stream or another size, `.limit` when the memory can't be had.
package func inflatedZlib(_ stream: [UInt8], name: String, count: Int) throws -> ByteRegion {
    func refused(_ message: String) -> ONNXError { ONNXError(.malformed, message, place: [name]) }
    guard stream.count >= 6, stream[0] & 15 == 8, (Int(stream[0]) << 8 | Int(stream[1])) % 31 == 0, stream[1] & 0x20 == 0 else {
        throw refused("no zlib stream: its header is not one")
    }
    let deflated = ByteRegion(try MappedFile(name: name, copying: Array(stream[2..<stream.count - 4])))
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
    let expected = stream.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard high << 16 | low == expected else { throw refused("the checksum of the zlib stream doesn't match: the bytes are damaged") }
    return ByteRegion(file)
}
