internal import Glibc
internal import Synchronization

/// The paths of temporary files and folders, where a signal handler can read them.
enum LiveFiles {
    private static let slots = (0..<64).map { _ in Slot() }

    /// A C string that is never freed, because a handler may be reading it, or 0.
    private final class Slot: Sendable {
        let address = Atomic<UInt>(0)
    }

    /// The slot that `path` went to, or nil when there are too many.
    static func add(_ path: String) -> Int? {
        guard let copy = unsafe strdup(path) else { return nil }
        let address = UInt(bitPattern: copy)
        for (index, slot) in slots.enumerated()
        where slot.address.compareExchange(expected: 0, desired: address, ordering: .sequentiallyConsistent).exchanged {
            return index
        }
        unsafe free(copy)
        return nil
    }

    static func remove(_ index: Int?) {
        if let index { slots[index].address.store(0, ordering: .sequentiallyConsistent) }
    }

    /// Files first, then the folders that held them, the last made first.
    static func removeAll() {
        for slot in slots {
            if let path = unsafe UnsafePointer<CChar>(bitPattern: slot.address.load(ordering: .sequentiallyConsistent)) { _ = unsafe unlink(path) }
        }
        for slot in slots.reversed() {
            if let path = unsafe UnsafePointer<CChar>(bitPattern: slot.address.load(ordering: .sequentiallyConsistent)) { _ = unsafe rmdir(path) }
        }
    }
}
