internal import Glibc

/// What lies at a path that a user gave, links followed.
package enum PathKind: Sendable {
    case folder
    /// A regular file, or anything else that is no folder; opening it says more.
    case file
    case absent

    package init(_ path: String) {
        var status = stat()
        guard !path.utf8.contains(0), unsafe stat(path, &status) == 0 else {
            self = .absent
            return
        }
        self = status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
    }
}

/// Whether there is anything at `path`, be it a link that leads nowhere.
package func isSomething(_ path: String) -> Bool {
    var status = stat()
    guard !path.utf8.contains(0) else { return false }
    return unsafe lstat(path, &status) == 0
}

/// Whether two paths lead to the same file or folder, links followed.
package func isSameFile(_ a: String, _ b: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard !a.utf8.contains(0), !b.utf8.contains(0), unsafe stat(a, &first) == 0, unsafe stat(b, &second) == 0 else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
}
