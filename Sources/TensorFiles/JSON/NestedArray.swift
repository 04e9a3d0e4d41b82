internal import Bytes
internal import Tensors

/// A nested JSON array (or a scalar) while it is read: its leaves, and how many each level holds.
struct NestedArray {
    private(set) var scalars = ScalarBuffer()
    /// The length of the arrays at each level, from the first that ended there; nil while none has.
    private var lengths: [Int?] = []
    /// How many arrays the leaves are in; nil before the first leaf.
    private var leafDepth: Int?
    /// The lengths of the arrays at the second level: the rows, if there are no deeper ones.
    private(set) var rowLengths: [Int] = []
    private(set) var isRagged = false

    var shape: [Int] { lengths.map { $0 ?? 0 } }

    /// Reads the value whose first piece is `first`.
    init(_ first: JSONEvent, _ reader: inout JSONReader, limits: Limits) throws(ONNXError) {
        guard first == .beginArray else {
            do throws(ONNXError) { try scalars.append(first) } catch { throw reader.error(error.code, error.message) }
            return
        }
        var counts = [0]
        lengths = [nil]
        while let depth = counts.indices.last {
            let event = try reader.next()
            switch event {
            case .beginArray:
                counts[depth] += 1
                counts.append(0)
                try open(counts.count, reader, limits: limits)
            case .endArray: try close(counts.removeLast(), depth, reader)
            default:
                counts[depth] += 1
                try leaf(event, counts.count, reader)
            }
        }
    }

    private mutating func open(_ depth: Int, _ reader: JSONReader, limits: Limits) throws(ONNXError) {
        if let leafDepth, depth > leafDepth { throw reader.error(.shape, "an array stands where other rows have a value") }
        guard depth <= limits.rank else { throw reader.error(.limit, "arrays nest more than \(limits.rank) deep", remedy: "raise the limit rank") }
        if depth > lengths.count { lengths.append(nil) }
    }

    private mutating func leaf(_ event: JSONEvent, _ depth: Int, _ reader: JSONReader) throws(ONNXError) {
        if leafDepth == nil {
            guard depth == lengths.count else { throw reader.error(.shape, "a value stands where other rows have an array") }
            leafDepth = depth
        }
        guard depth == leafDepth else { throw reader.error(.shape, "a value stands where other rows have an array") }
        do throws(ONNXError) { try scalars.append(event) } catch { throw reader.error(error.code, error.message) }
    }

    private mutating func close(_ count: Int, _ level: Int, _ reader: JSONReader) throws(ONNXError) {
        if level == 1 { rowLengths.append(count) }
        guard let length = lengths[level] else { return lengths[level] = count }
        if length == count { return }
        guard level == 1 else { throw reader.error(.shape, "an array of \(count) stands among arrays of \(length), at depth \(level + 1)") }
        isRagged = true
    }

    /// Whether only the rows of a matrix differ in length, which padding can mend.
    var isRaggedMatrix: Bool { isRagged && lengths.count == 2 }
}
