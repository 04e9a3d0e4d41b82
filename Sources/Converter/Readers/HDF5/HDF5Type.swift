internal import Bytes
internal import Tensors

/// What the elements of a dataset or attribute are.
///
/// Only the outermost type is looked at: what holds other types (compounds, arrays, sequences) is no tensor anyway.
struct HDF5Type: Equatable {
    enum Kind: Equatable {
        case number(ElementType)
        /// Bytes of a fixed number, up to a NUL, or padded with spaces.
        case fixedString(isSpacePadded: Bool)
        /// A length and a place in a global heap.
        case variableString
    }

    let kind: Kind
    /// Bytes of an element.
    let width: Int

    init(_ message: ByteRegion) throws(ONNXError) {
        var cursor = ByteCursor(message)
        let head = try cursor.uint8()
        let bits = UInt32(truncatingIfNeeded: try cursor.unsigned(3))
        width = Int(try cursor.uint32())
        guard (1...4).contains(head >> 4) else { throw cursor.error(.unsupported, "a datatype of version \(head >> 4); 1 to 4 are read") }
        guard width > 0 else { throw cursor.error(.malformed, "elements of 0 bytes") }
        switch head & 15 {
        case 0: kind = .number(try Self.integer(&cursor, bits, width))
        case 1: kind = .number(try Self.float(&cursor, bits, width))
        case 3: kind = .fixedString(isSpacePadded: bits & 15 == 2)
        case 8: kind = .number(try Self.bool(&cursor, width))
        case 9 where bits & 15 == 1: kind = .variableString
        case let other: throw Self.noTensor(cursor, Self.names[Int(other)] ?? "of the unknown datatype class \(other)")
        }
    }

    private static let names = [
        2: "points in time", 4: "bit fields", 5: "opaque bytes", 6: "compounds", 7: "references", 9: "sequences of varying lengths", 10: "arrays",
    ]

    private static func noTensor(_ cursor: ByteCursor, _ what: String) -> ONNXError {
        cursor.error(.unsupported, "its elements are \(what), which no tensor here can hold")
    }

    private static func integer(_ cursor: inout ByteCursor, _ bits: UInt32, _ width: Int) throws(ONNXError) -> ElementType {
        let (offset, precision) = (try cursor.uint16(), Int(try cursor.uint16()))
        let types: [Int: (unsigned: ElementType, signed: ElementType)] = [
            1: (.uint8, .int8), 2: (.uint16, .int16), 4: (.uint32, .int32), 8: (.uint64, .int64),
        ]
        guard offset == 0, precision == 8 * width, let pair = types[width] else { throw noTensor(cursor, "integers of \(width) bytes or with spare bits") }
        guard bits & 1 == 0 || width == 1 else { throw noTensor(cursor, "big-endian integers") }
        return bits & 8 == 0 ? pair.unsigned : pair.signed
    }

    private static func float(_ cursor: inout ByteCursor, _ bits: UInt32, _ width: Int) throws(ONNXError) -> ElementType {
        let whole = try [Int(cursor.uint16()), Int(cursor.uint16())]
        let fields = try cursor.take(4).bytes().map(Int.init)
        let bias = try cursor.uint32()
        guard bits & 0x41 == 0 else { throw noTensor(cursor, "big-endian floating-point numbers") }
        // Where the exponent begins and how long it is, where the mantissa begins and how long it is, and the exponent's bias.
        let formats: [(ElementType, [Int], UInt32)] = [
            (.float, [23, 8, 0, 23], 127), (.double, [52, 11, 0, 52], 1023), (.float16, [10, 5, 0, 10], 15), (.bfloat16, [7, 8, 0, 7], 127),
        ]
        let format = formats.first { $0.1 == fields && $0.2 == bias && $0.0.bitWidth == 8 * width && whole == [0, 8 * width] }
        guard let format, Int(bits >> 8 & 0xFF) == 8 * width - 1 else { throw noTensor(cursor, "floating-point numbers of a form of their own") }
        return format.0
    }

    /// h5py's bool: an enumeration over one byte whose members are FALSE and TRUE.
    private static func bool(_ cursor: inout ByteCursor, _ width: Int) throws(ONNXError) -> ElementType {
        let base = try cursor.uint8()
        try cursor.skip(11)
        let members = try cursor.take(cursor.remaining).bytes()
        let names = Array("FALSE\0\0\0TRUE\0\0\0\0".utf8)
        guard width == 1, base & 15 == 0, members.starts(with: names + [0, 1]) || members.starts(with: Array("FALSE\0TRUE\0".utf8) + [0, 1]) else {
            throw noTensor(cursor, "members of an enumeration other than h5py's bool")
        }
        return .bool
    }
}

/// The shape of a dataset or attribute.
enum HDF5Dataspace {
    static func shape(_ message: ByteRegion, _ file: HDF5File) throws(ONNXError) -> [Int] {
        var cursor = ByteCursor(message)
        let version = try cursor.uint8()
        guard version == 1 || version == 2 else { throw cursor.error(.unsupported, "a dataspace of version \(version); 1 and 2 are read") }
        let rank = Int(try cursor.uint8())
        guard rank <= file.limits.rank else { throw cursor.error(.limit, "\(rank) axes, above the limit of \(file.limits.rank)") }
        try cursor.skip(1)
        // Version 2 tells a dataspace without values, h5py's Empty.
        if version == 2, try cursor.uint8() == 2 { return [0] }
        if version == 1 { try cursor.skip(5) }
        var shape: [Int] = []
        for _ in 0..<rank { shape.append(try cursor.length(file.lengthWidth)) }
        return shape
    }
}
