/// Canonical decomposition and composition of whole texts, which only the slow tokenizer needs.
struct Composition: Sendable {
    static let shared = Composition()

    private let table = UnicodeTable.shared
    private let composites: [UInt64: UInt32]

    private init() {
        var composites: [UInt64: UInt32] = [:]
        var reader = NumberReader(UnicodeData.compositions)
        var code = 0
        for _ in 0..<reader.next() {
            code += reader.next()
            let first = UInt32(truncatingIfNeeded: code + reader.nextSigned())
            let second = UInt32(truncatingIfNeeded: code + reader.nextSigned())
            composites[Self.key(first, second)] = UInt32(truncatingIfNeeded: code)
        }
        self.composites = composites
    }

    private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }

    /// Normalization form D.
    func decomposed(_ text: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var marks: [(order: UInt8, index: Int, value: UInt32)] = []
        func placeMarks() {
            marks.sort { ($0.order, $0.index) < ($1.order, $1.index) }
            result += marks.lazy.map(\.value)
            marks.removeAll(keepingCapacity: true)
        }
        for scalar in text {
            table.decompose(scalar, table.entry(scalar)) { part in
                let order = table.combiningClass(part)
                if order == 0 {
                    placeMarks()
                    result.append(part)
                } else {
                    marks.append((order, marks.count, part))
                }
            }
        }
        placeMarks()
        return result
    }

    /// Normalization form C.
    func composed(_ text: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var starter: Int?
        var lastOrder: UInt8 = 0
        for scalar in decomposed(text) {
            let order = table.combiningClass(scalar)
            let isBlocked = lastOrder >= order && lastOrder > 0
            if let place = starter, !isBlocked, order > 0 || place == result.count - 1, let composite = composite(result[place], scalar) {
                result[place] = composite
                continue
            }
            if order == 0 { starter = result.count }
            lastOrder = order
            result.append(scalar)
        }
        return result
    }

    private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if (0x1100..<0x1113).contains(first), (0x1161..<0x1176).contains(second) { return 0xAC00 + ((first - 0x1100) * 21 + second - 0x1161) * 28 }
        if Hangul.syllables.contains(first), (first - 0xAC00) % 28 == 0, (0x11A8..<0x11C3).contains(second) { return first + second - 0x11A7 }
        return composites[Self.key(first, second)]
    }
}
