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
