internal import Bytes
internal import Glibc

/// The local cache of the Hugging Face hub, read as it lies: nothing is fetched.
///
/// `models--ORG--NAME/refs/REVISION` holds the commit, `snapshots/COMMIT` the files, which are links into `blobs` of the same entry and are followed
/// nowhere else. Source: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
public struct HuggingFaceCache: Sendable {
    /// The folder with the entries `models--…`.
    public let path: String

    /// The cache in the folder `path`.
    public init(path: String) {
        self.path = path
    }

    /// The cache that `environment` names: `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, else `hub` in `HF_HOME`, else `huggingface/hub` in
    /// `XDG_CACHE_HOME` or `~/.cache`.
    public init(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        func home(_ path: String) -> String { path == "~" || path.hasPrefix("~/") ? (value("HOME") ?? "") + path.dropFirst() : path }
        if let cache = value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE") {
            path = home(cache)
        } else if let folder = value("HF_HOME") {
            path = home(folder) + "/hub"
        } else {
            path = home(value("XDG_CACHE_HOME") ?? "~/.cache") + "/huggingface/hub"
        }
    }

    /// The cache of this process's environment.
    public static var standard: HuggingFaceCache {
        let names = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"]
        let values = names.compactMap { name in unsafe getenv(name).map { (name, unsafe String(cString: $0)) } }
        return HuggingFaceCache(environment: Dictionary(values, uniquingKeysWith: { first, _ in first }))
    }

    /// The files of `repository` at `revision`, a branch, tag or commit; nil where the cache lacks them.
    func snapshot(of repository: RepositoryName, revision: String) throws(ONNXError) -> Folder? {
        let entry = path + "/" + repository.cacheEntry
        guard PathKind(entry) == .folder else { return nil }
        let commit: String
        if let reference = try Folder(path: entry).openIfPresent("refs/" + revision) {
            let bytes = reference.count <= 128 ? ByteRegion(reference).bytes() : []
            commit = String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
        } else {
            commit = revision
        }
        guard !commit.isEmpty, commit.utf8.allSatisfy({ $0 < 0x80 && Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        let snapshot = entry + "/snapshots/" + commit
        return PathKind(snapshot) == .folder ? try Folder(path: snapshot, within: entry) : nil
    }
}
