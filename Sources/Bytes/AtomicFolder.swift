internal import Glibc

/// A folder of files that appears under its name only when it is complete: made beside it, then renamed.
///
/// Until `commit` the old folder, if any, stays as it was; one that is never committed leaves nothing behind.
package final class AtomicFolder {
    package let path: String
    private let temporary: String
    private let replaces: Bool
    private var made: [String] = []
    private var slots: [Int?] = []
    private var isCommitted = false

    /// With `replacing`, the folder that is there may be replaced, if it holds nothing but files of these names; without, nothing may be there.
    package init(path: String, replacing: Set<String>? = nil) throws(ONNXError) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard !path.isEmpty, path != "/", !path.utf8.contains(0), path.split(separator: "/").last != ".", path.split(separator: "/").last != ".." else {
            throw ONNXError(.io, "is not the path of a folder that could be made", place: [quoted(path)])
        }
        replaces = try Self.isThere(path, replacing)
        self.path = path
        temporary = "\(folder(of: path))/.\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
        slots.append(LiveFiles.add(temporary))
        guard unsafe mkdir(temporary, 0o777) == 0 else { throw systemError("cannot be created", errno, path) }
    }

    /// A file of the folder.
    package func file(_ name: String) throws(ONNXError) -> AtomicFile { try AtomicFile(path: try place(name)) }

    /// Where the file `name` of the folder is to be written meanwhile. `name` may lead into folders, which are made.
    package func place(_ name: String) throws(ONNXError) -> String {
        var parent = temporary
        for part in name.split(separator: "/").dropLast() {
            parent += "/" + part
            guard !made.contains(parent) else { continue }
            slots.append(LiveFiles.add(parent))
            guard unsafe mkdir(parent, 0o777) == 0 else { throw systemError("cannot be created", errno, path + "/" + name) }
            made.append(parent)
        }
        let whole = temporary + "/" + name
        slots.append(LiveFiles.add(whole))
        made.append(whole)
        return whole
    }

    /// Writes a file of the folder.
    package func write(_ region: ByteRegion, as name: String) throws(ONNXError) {
        let file = try file(name)
        try region.withBytes { bytes throws(ONNXError) in try file.write(bytes) }
        try file.commit()
    }

    /// Writes a file of the folder.
    package func write(_ bytes: [UInt8], as name: String) throws(ONNXError) {
        let file = try file(name)
        try file.write(bytes)
        try file.commit()
    }

    /// Makes the folder appear under its name. Between the old one's going aside and the new one's coming, nothing has that name.
    package func commit() throws(ONNXError) {
        let directory = try openParent(of: path)
        let aside = temporary + ".old"
        if replaces, unsafe rename(path, aside) != 0 { throw systemError("cannot be replaced", errno, path) }
        guard unsafe rename(temporary, path) == 0 else {
            let failure = errno
            if replaces { _ = unsafe rename(aside, path) }
            throw systemError("cannot be put in place", failure, path)
        }
        isCommitted = true
        for slot in slots { LiveFiles.remove(slot) }
        if replaces { removeTree(aside) }
        try sync(directory, of: path)
    }

    /// Whether there is a folder at `path` that may be replaced; throws where something is there that may not.
    private static func isThere(_ path: String, _ replacing: Set<String>?) throws(ONNXError) -> Bool {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT { return false }
            throw systemError("cannot be created", errno, path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw ONNXError(.io, "is \(kindName(status.st_mode & S_IFMT)), where a folder is to be made", place: [quoted(path)], remedy: "give another path")
        }
        guard let replacing else { throw ONNXError(.io, "is there already", place: [quoted(path)], remedy: "--overwrite replaces it") }
        if let other = try treeFiles(path, limit: replacing.count + 1).first(where: { !replacing.contains($0) }) {
            throw ONNXError(
                .io, "holds \"\(quoted(other))\", which is none of the files that would be written; such a folder is not replaced", place: [quoted(path)],
                remedy: "give a new folder")
        }
        return true
    }

    deinit {
        guard !isCommitted else { return }
        removeTree(temporary)
        for slot in slots { LiveFiles.remove(slot) }
    }
}

/// The relative paths of what is no folder beneath `path`, `limit` of them at most.
private func treeFiles(_ path: String, limit: Int) throws(ONNXError) -> [String] {
    var found: [String] = []
    var open = [""]
    while let next = open.popLast(), found.count < limit {
        for name in try Folder(path: path + "/" + next).names() {
            let relative = next.isEmpty ? name : next + "/" + name
            var status = stat()
            guard unsafe lstat(path + "/" + relative, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { open.append(relative) } else { found.append(relative) }
        }
    }
    return found
}

/// Removes a folder that this process made, and what is in it. What can't be removed stays.
private func removeTree(_ path: String) {
    for name in (try? Folder(path: path).names()) ?? [] {
        let inner = path + "/" + name
        if unsafe unlink(inner) != 0 { removeTree(inner) }
    }
    _ = unsafe rmdir(path)
}
