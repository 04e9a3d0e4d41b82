internal import Bytes
internal import Tensors

/// The named values beside a group.
struct HDF5Attributes {
    private let byName: [String: HDF5Attribute]

    init(of object: HDF5Object) throws(ONNXError) {
        if let info = try object.first(.attributeInfo), try Self.isDense(info, object.file) {
            throw object.file.refused(.unsupported, "attributes that are in a fractal heap", remedy: HDF5Object.resave)
        }
        var byName: [String: HDF5Attribute] = [:]
        for message in try object.all(.attribute) {
            let attribute = try HDF5Attribute(message)
            byName[attribute.name] = attribute
        }
        self.byName = byName
    }

    subscript(_ name: String) -> HDF5Attribute? { byName[name] }

    private static func isDense(_ info: ByteRegion, _ file: HDF5File) throws(ONNXError) -> Bool {
        var cursor = ByteCursor(info)
        try cursor.skip(1)
        if try cursor.uint8() & 1 != 0 { try cursor.skip(2) }
        return try cursor.address(file.addressWidth) != nil
    }
}

/// A named value. Only texts are of interest.
struct HDF5Attribute {
    let name: String
    private let isShared: Bool
    private let type: ByteRegion
    private let space: ByteRegion
    private let value: ByteRegion

    init(_ message: ByteRegion) throws(ONNXError) {
        var cursor = ByteCursor(message)
        let version = try cursor.uint8()
        guard (1...3).contains(version) else { throw cursor.error(.unsupported, "an attribute of version \(version); 1 to 3 are read") }
        let flags = try cursor.uint8()
        isShared = version > 1 && flags != 0
        var sizes: [Int] = []
        for _ in 0..<3 { sizes.append(Int(try cursor.uint16())) }
        if version == 3 { try cursor.skip(1) }
        var parts: [ByteRegion] = []
        for size in sizes {
            parts.append(try cursor.take(size))
            if version == 1 { try cursor.align8() }
        }
        name = String(decoding: parts[0].bytes().prefix { $0 != 0 }, as: UTF8.self)
        (type, space, value) = (parts[1], parts[2], try cursor.take(cursor.remaining))
    }

    /// The texts; one for a value without axes.
    func strings(_ heaps: inout HDF5GlobalHeaps, _ budget: inout HDF5Budget) throws(ONNXError) -> [String] {
        let file = heaps.file
        guard !isShared else { throw file.refused(.unsupported, "an attribute of a type that several objects share", remedy: HDF5Object.resave) }
        let count = try Shape.count(try HDF5Dataspace.shape(space, file))
        // Keras writes an empty list as no numbers at all.
        if count == 0 { return [] }
        let type = try HDF5Type(type)
        var cursor = ByteCursor(value)
        guard count <= cursor.remaining / type.width else {
            throw cursor.error(.malformed, "\(count) texts of \(type.width) bytes, \(cursor.remaining) bytes are there")
        }
        var strings: [String] = []
        for _ in 0..<count {
            var element = ByteCursor(try cursor.take(type.width))
            var bytes: [UInt8]
            switch type.kind {
            case .number: throw cursor.error(.malformed, "numbers where texts are expected")
            case .variableString: bytes = try heaps.text(&element, &budget)
            case .fixedString(let isSpacePadded):
                bytes = Array(element.region.bytes().prefix { $0 != 0 })
                if isSpacePadded { while bytes.last == 0x20 { bytes.removeLast() } }
            }
            guard bytes.count <= file.limits.nameBytes else {
                throw element.error(.limit, "a text of \(bytes.count) bytes, above the limit of \(file.limits.nameBytes)")
            }
            try budget.keep(bytes.count, file)
            guard let text = String(validating: bytes, as: UTF8.self) else { throw element.error(.malformed, "text that is not UTF-8") }
            strings.append(text)
        }
        return strings
    }
}

/// Where texts of varying lengths lie. Each heap is read once.
struct HDF5GlobalHeaps {
    let file: HDF5File
    private var heaps: [Int: [UInt16: ByteRegion]] = [:]

    init(_ file: HDF5File) {
        self.file = file
    }

    /// The text that the reference at `cursor` means.
    mutating func text(_ cursor: inout ByteCursor, _ budget: inout HDF5Budget) throws(ONNXError) -> [UInt8] {
        let count = Int(try cursor.uint32())
        let address = try cursor.address(file.addressWidth)
        let index = try cursor.uint32()
        if count == 0 { return [] }
        guard let address else { throw cursor.error(.malformed, "a text of \(count) bytes that is nowhere") }
        if heaps[address] == nil { heaps[address] = try objects(at: address, &budget) }
        guard let key = UInt16(exactly: index), let object = heaps[address]?[key] else {
            throw cursor.error(.malformed, "a text that is object \(index) of a heap that has no such object")
        }
        guard count <= min(object.count, file.limits.nameBytes) else {
            throw cursor.error(.malformed, "a text of \(count) bytes; its heap holds \(object.count), and \(file.limits.nameBytes) are allowed")
        }
        return try object.slice(offset: 0, count: count).bytes()
    }

    private func objects(at address: Int, _ budget: inout HDF5Budget) throws(ONNXError) -> [UInt16: ByteRegion] {
        var head = try file.cursor(at: address, signature: "GCOL")
        try head.skip(4)
        let size = try head.length(file.lengthWidth)
        var cursor = ByteCursor(try file.region.slice(offset: address, count: size))
        try cursor.seek(head.offset)
        try cursor.align8()
        var objects: [UInt16: ByteRegion] = [:]
        while cursor.remaining >= 8 + file.lengthWidth {
            try budget.visit(1, file)
            let index = try cursor.uint16()
            try cursor.skip(6)
            let count = try cursor.length(file.lengthWidth)
            // Object 0 is the free space, which ends the heap.
            if index == 0 { break }
            try cursor.align8()
            guard objects.updateValue(try cursor.take(count), forKey: index) == nil else {
                throw cursor.error(.malformed, "a heap with two objects of the number \(index)")
            }
            try cursor.align8()
        }
        return objects
    }
}
