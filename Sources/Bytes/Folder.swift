internal import Glibc

/// A model's folder, and the one way to open files that a model names: beneath it, whatever the name says.
///
/// The path is walked one directory at a time without following links, so what was checked is what is opened. A symbolic link is followed only
/// where it leads to a place inside the folder or, since a Hugging Face cache consists of links, inside `blobs` of the same `models--…` entry.
package final class Folder: Sendable {
    /// The path as it was given, for messages.
    package let path: String
    private let root: Descriptor
    private let realPath: [String]

    /// The folder that holds the file at `path`.
    package convenience init(containing path: String) throws(ONNXError) {
        let parent = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { $0 == path.startIndex ? "/" : String(path[..<$0]) }
        try self.init(path: parent ?? ".")
    }

    /// The folder at `path`, which lies in `outer` even when links are followed, if one is given.
    package init(path: String, within outer: String? = nil) throws(ONNXError) {
        guard let real = unsafe realpath(path, nil) else { throw systemError("cannot be opened", errno, path) }
        defer { unsafe free(real) }
        let realPath = unsafe String(cString: real)
        root = try openFolder(realPath)
        self.realPath = components(realPath)
        self.path = path
        if let outer, !self.realPath.starts(with: try Folder(path: outer).realPath) { throw leaves(path) }
    }

    /// Opens the regular file at `location`, a relative path with `/` between its parts.
    package func open(_ location: String, mode: MappedFile.Mode = .map) throws(ONNXError) -> MappedFile {
        guard let parts = safeParts(location) else { throw leaves(location) }
        let name = path + "/" + location
        let file = try descend(into: realPath, parts, location: location, linksLeft: 8)
        return try MappedFile(file, name: name, mode: mode)
    }

    /// As `open`; nil where there is no file of that name.
    package func openIfPresent(_ location: String, mode: MappedFile.Mode = .map) throws(ONNXError) -> MappedFile? {
        contains(location) ? try open(location, mode: mode) : nil
    }

    /// Whether there is something at `location`, a relative path, that can be opened or that would be refused.
    package func contains(_ location: String) -> Bool {
        guard safeParts(location) != nil else { return false }
        return unsafe faccessat(root.number, location, F_OK, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// The names of what lies in the folder, sorted.
    package func names() throws(ONNXError) -> [String] {
        // Opened anew, since descriptors that are duplicates share their place in the listing.
        let number = retryingInterrupts { unsafe openat(root.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard number >= 0, let listing = unsafe fdopendir(number) else { throw systemError("cannot be listed", errno, path) }
        defer { unsafe closedir(listing) }
        var names: [String] = []
        while let entry = unsafe readdir(listing) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private func descend(into folder: [String], _ parts: [String], location: String, linksLeft: Int) throws(ONNXError) -> Descriptor {
        var directory = try folder == realPath ? root.duplicate(name: path) : openFolder("/" + folder.joined(separator: "/"))
        for (index, part) in parts.enumerated() {
            let kind = index == parts.count - 1 ? O_NONBLOCK : O_DIRECTORY
            let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | kind
            let number = retryingInterrupts { unsafe openat(directory.number, part, flags) }
            if number >= 0 {
                directory = Descriptor(adopting: number)
                continue
            }
            let failure = errno
            guard failure == ELOOP || failure == ENOTDIR, let target = linkTarget(directory, part) else {
                throw systemError("cannot be opened", failure, path + "/" + location)
            }
            let place = target.hasPrefix("/") ? [] : folder + parts[..<index]
            let wanted = components(target, from: place) + parts[(index + 1)...]
            guard linksLeft > 0, let (start, rest) = allowed(wanted) else { throw leaves(location) }
            return try descend(into: start, rest, location: location, linksLeft: linksLeft - 1)
        }
        return directory
    }

    /// Splits an absolute path into a folder that may be read from and the way from there.
    private func allowed(_ target: [String]) -> ([String], [String])? {
        var folders = [realPath]
        if let snapshots = realPath.firstIndex(of: "snapshots"), snapshots > 0, realPath[snapshots - 1].hasPrefix("models--") {
            folders.append(realPath[..<snapshots] + ["blobs"])
        }
        guard let folder = folders.first(where: { target.count > $0.count && target.starts(with: $0) }) else { return nil }
        return (folder, Array(target[folder.count...]))
    }

    private func leaves(_ location: String) -> ONNXError {
        ONNXError(
            .path, "the model names a file, \"\(quoted(location))\", that is not a plain path beneath the model's folder", place: [quoted(path)],
            remedy: "put the file beside the model and name it by a relative path")
    }
}

/// The parts of a relative path that only goes down; nil for any other.
private func safeParts(_ location: String) -> [String]? {
    guard !location.isEmpty, location.utf8.count <= 4096, !location.utf8.contains(0), !location.hasPrefix("/"), !location.contains("\\") else { return nil }
    let parts = location.split(separator: "/", omittingEmptySubsequences: true).map(String.init).filter { $0 != "." }
    guard let first = parts.first, !first.hasPrefix("~"), !isDrive(first), !location.hasSuffix("/") else { return nil }
    for part in parts where decodesToParent(part) { return nil }
    return parts
}

private func isDrive(_ part: String) -> Bool {
    let bytes = Array(part.utf8)
    return bytes.count >= 2 && bytes[1] == UInt8(ascii: ":") && (bytes[0] | 0x20) >= UInt8(ascii: "a") && (bytes[0] | 0x20) <= UInt8(ascii: "z")
}

/// Whether some decoder would read `part` as `..`.
private func decodesToParent(_ part: String) -> Bool {
    var rest = part.utf8[...]
    var dots = 0
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), rest.count >= 2, rest.popFirst() == UInt8(ascii: "2"), let last = rest.popFirst(), last | 0x20 == UInt8(ascii: "e") {
            dots += 1
        } else if byte == UInt8(ascii: ".") {
            dots += 1
        } else {
            return false
        }
    }
    return dots == 2
}

/// The parts of `path`, `.` and `..` resolved, beginning at `start`.
private func components(_ path: String, from start: [String] = []) -> [String] {
    var parts = start
    for part in path.split(separator: "/") where part != "." {
        if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
    }
    return parts
}

private func openFolder(_ path: String) throws(ONNXError) -> Descriptor {
    let number = retryingInterrupts { unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
    guard number >= 0 else { throw systemError("cannot be opened", errno, path) }
    return Descriptor(adopting: number)
}

private func linkTarget(_ directory: borrowing Descriptor, _ name: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let number = directory.number
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        guard let start = bytes.baseAddress else { return -1 }
        return unsafe readlinkat(number, name, start.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    guard count > 0, count < buffer.count else { return nil }
    return String(validating: buffer[..<count], as: UTF8.self)
}
