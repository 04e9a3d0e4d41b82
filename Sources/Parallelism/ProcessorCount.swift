internal import Glibc

/// How many threads this process may keep busy: its affinity, less where a cgroup gives it fewer whole processors' time.
package func availableProcessors() -> Int {
    max(1, min(affinity() ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), cgroupQuota() ?? .max))
}

private func affinity() -> Int? {
    contents(of: "/proc/self/status").flatMap(processors(status:))
}

/// The bits of the line "Cpus_allowed:  ff,ffffffff".
package func processors(status text: String) -> Int? {
    let name = "Cpus_allowed:"
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
    let count = line.dropFirst(name.count).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
    return count > 0 ? count : nil
}

/// The smallest quota of the process's groups and all above them, in processors, rounded up.
private func cgroupQuota() -> Int? {
    guard let groups = contents(of: "/proc/self/cgroup") else { return nil }
    var least: Int?
    for (path, isUnified) in cgroupPaths(groups) {
        let root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu"
        for group in ancestors(of: path) {
            let quota =
                isUnified
                ? contents(of: root + group + "/cpu.max").flatMap(processors(cpuMax:))
                : processors(
                    quota: contents(of: root + group + "/cpu.cfs_quota_us") ?? "", period: contents(of: root + group + "/cpu.cfs_period_us") ?? "")
            if let quota { least = min(least ?? quota, quota) }
        }
    }
    return least
}

/// The lines of /proc/self/cgroup that can hold a processor quota: version 1's cpu controller, and version 2.
package func cgroupPaths(_ text: String) -> [(path: String, isUnified: Bool)] {
    text.split(separator: "\n").compactMap { line in
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3 else { return nil }
        if fields[1].isEmpty { return (String(fields[2]), true) }
        return fields[1].split(separator: ",").contains("cpu") ? (String(fields[2]), false) : nil
    }
}

/// "/a/b" gives "/a/b", "/a" and "".
package func ancestors(of path: String) -> [String] {
    let names = path.split(separator: "/")
    return (0...names.count).reversed().map { names.prefix($0).map { "/" + $0 }.joined() }
}

/// Version 2: "150000 100000" gives 2, "max 100000" nothing.
package func processors(cpuMax text: String) -> Int? {
    let fields = text.split(whereSeparator: \.isWhitespace)
    return fields.count == 2 ? processors(quota: String(fields[0]), period: String(fields[1])) : nil
}

/// Version 1: a quota of -1 is none.
package func processors(quota: String, period: String) -> Int? {
    guard let quota = Int(quota.filter { !$0.isWhitespace }), let period = Int(period.filter { !$0.isWhitespace }), quota > 0, period > 0 else { return nil }
    return quota / period + (quota % period == 0 ? 0 : 1)
}

/// The first 16 KiB of a small file of the system.
private func contents(of path: String) -> String? {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 16384)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
    return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
}
