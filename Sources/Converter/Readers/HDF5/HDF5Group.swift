internal import Bytes
internal import OrderedCollections

/// Where a name in a group leads.
enum HDF5Link: Equatable {
    /// To the object header at that address.
    case hard(Int)
    /// To a path, which may not exist.
    case soft(String)
    /// Out of the file.
    case external
}

/// The links of a group: symbol tables as h5py writes them by default, or messages in its header.
enum HDF5Group {
    static func links(of object: HDF5Object, _ budget: inout HDF5Budget) throws(ONNXError) -> OrderedDictionary<String, HDF5Link> {
        if let table = try object.first(.symbolTable) { return try symbols(table, object.file, &budget) }
        if let info = try object.first(.linkInfo), try isDense(info, object.file) {
            throw object.file.refused(.unsupported, "a group whose links are in a fractal heap", remedy: HDF5Object.resave)
        }
        var links: OrderedDictionary<String, HDF5Link> = [:]
        for message in try object.all(.link) {
            let (name, link) = try link(message, object.file)
            try budget.keep(name.utf8.count, object.file)
            links[name] = link
        }
        return links
    }

    private static func isDense(_ info: ByteRegion, _ file: HDF5File) throws(ONNXError) -> Bool {
        var cursor = ByteCursor(info)
        try cursor.skip(1)
        if try cursor.uint8() & 1 != 0 { try cursor.skip(8) }
        return try cursor.address(file.addressWidth) != nil
    }

    private static func link(_ message: ByteRegion, _ file: HDF5File) throws(ONNXError) -> (String, HDF5Link) {
        var cursor = ByteCursor(message)
        let version = try cursor.uint8()
        guard version == 1 else { throw cursor.error(.unsupported, "a link of version \(version); 1 is read") }
        let flags = try cursor.uint8()
        let kind = flags & 8 != 0 ? try cursor.uint8() : 0
        try cursor.skip((flags & 4 != 0 ? 8 : 0) + (flags & 16 != 0 ? 1 : 0))
        let name = try cursor.string(cursor.length(1 << Int(flags & 3)))
        switch kind {
        case 0:
            guard let address = try cursor.address(file.addressWidth) else { throw cursor.error(.malformed, "the link \"\(quoted(name))\" leads nowhere") }
            return (name, .hard(address))
        case 1: return (name, .soft(try cursor.string(Int(cursor.uint16()))))
        case 64: return (name, .external)
        default: throw cursor.error(.unsupported, "the link \"\(quoted(name))\" of the user-defined kind \(kind)")
        }
    }

    private static func symbols(
        _ table: ByteRegion, _ file: HDF5File, _ budget: inout HDF5Budget
    ) throws(ONNXError) -> OrderedDictionary<String, HDF5Link> {
        var cursor = ByteCursor(table)
        guard let tree = try cursor.address(file.addressWidth), let heap = try cursor.address(file.addressWidth) else {
            throw cursor.error(.malformed, "a group without a tree or a heap")
        }
        let names = try HDF5LocalHeap(at: heap, in: file)
        var links: OrderedDictionary<String, HDF5Link> = [:]
        var visited: Set<Int> = []
        for leaf in try HDF5Tree.leaves(at: tree, .group, keyWidth: file.lengthWidth, in: file, &budget) {
            var node = try file.cursor(at: leaf.child, signature: "SNOD")
            guard visited.insert(leaf.child).inserted else { throw node.error(.malformed, "a group that holds the same symbols twice") }
            try node.skip(2)
            let count = Int(try node.uint16())
            try budget.visit(count, file)
            for _ in 0..<count {
                let name = try names.string(at: node.length(file.addressWidth))
                try budget.keep(name.utf8.count, file)
                let address = try node.address(file.addressWidth)
                let cache = try node.uint32()
                try node.skip(4)
                var scratch = ByteCursor(try node.take(16))
                if cache == 2 {
                    links[name] = .soft(try names.string(at: Int(scratch.uint32())))
                } else if let address {
                    links[name] = .hard(address)
                } else {
                    throw node.error(.malformed, "the link \"\(quoted(name))\" leads nowhere")
                }
            }
        }
        return links
    }
}

/// The names of a group's symbols.
private struct HDF5LocalHeap {
    private let data: ByteRegion
    private let limit: Int

    init(at address: Int, in file: HDF5File) throws(ONNXError) {
        var cursor = try file.cursor(at: address, signature: "HEAP")
        try cursor.skip(4)
        let size = try cursor.length(file.lengthWidth)
        _ = try cursor.length(file.lengthWidth)
        guard let start = try cursor.address(file.addressWidth) else { throw cursor.error(.malformed, "a local heap without data") }
        data = try file.region.slice(offset: start, count: size)
        limit = file.limits.nameBytes
    }

    /// The text from `offset` up to a NUL.
    func string(at offset: Int) throws(ONNXError) -> String {
        var cursor = ByteCursor(data)
        try cursor.seek(offset)
        let start = cursor
        var count = 0
        while try cursor.uint8() != 0 {
            count += 1
            guard count <= limit else { throw start.error(.limit, "a name of more than \(limit) bytes") }
        }
        var text = start
        return try text.string(count)
    }
}
