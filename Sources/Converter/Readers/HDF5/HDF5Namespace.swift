internal import Bytes
internal import OrderedCollections

/// Finds objects by their paths. Each group is read once.
struct HDF5Namespace {
    let file: HDF5File
    var budget: HDF5Budget
    private var groups: [Int: OrderedDictionary<String, HDF5Link>] = [:]

    /// As many as HDF5 itself follows for one path.
    private static let softLinks = 16

    init(_ file: HDF5File) {
        self.file = file
        budget = HDF5Budget(file.limits)
    }

    /// The object at `path`, which begins at the group at `start`; nil where there is none.
    mutating func object(_ path: String, from start: Int) throws(ONNXError) -> HDF5Object? {
        guard let address = try address(path, from: start) else { return nil }
        return try HDF5Object(at: address, in: file, &budget)
    }

    /// The address of what is at `path`; nil where there is nothing.
    mutating func address(_ path: String, from start: Int) throws(ONNXError) -> Int? {
        var current = start
        var pending = Self.components(path)
        var steps = 0
        var followed = 0
        while let name = pending.popLast() {
            steps += 1
            guard steps <= file.limits.hdf5Depth else {
                throw file.refused(.limit, "\"\(quoted(path))\" is more than \(file.limits.hdf5Depth) groups deep", remedy: "raise the limit hdf5Depth")
            }
            switch try links(of: current)[name] {
            case nil: return nil
            case .hard(let address): current = address
            case .soft(let target):
                followed += 1
                guard followed <= Self.softLinks else {
                    throw file.refused(.malformed, "\"\(quoted(path))\" leads through more than \(Self.softLinks) soft links: they go in a circle")
                }
                if target.utf8.first == UInt8(ascii: "/") { current = file.root }
                pending += Self.components(target)
            case .external:
                throw file.refused(
                    .path, "\"\(quoted(path))\" is an external link, into another file, which is never followed", remedy: "copy the data into this file")
            }
        }
        return current
    }

    private mutating func links(of address: Int) throws(ONNXError) -> OrderedDictionary<String, HDF5Link> {
        if let links = groups[address] { return links }
        let links = try HDF5Group.links(of: try HDF5Object(at: address, in: file, &budget), &budget)
        groups[address] = links
        return links
    }

    /// The last first.
    private static func components(_ path: String) -> [String] {
        path.split(separator: "/").reversed().filter { $0 != "." }.map(String.init)
    }
}
