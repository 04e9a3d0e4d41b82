internal import Bytes
internal import Parallelism
internal import Tokenizers

/// `onnx-run tokenize MODEL --lines`: a line of JSON for each line of standard input, block by block, so that memory is bounded.
struct TokenizeLines {
    private static let blockBytes = 8 << 20
    private let tokenizer: DistilBertTokenizer
    private let form: TokenizeFlags

    init(_ tokenizer: DistilBertTokenizer, _ form: TokenizeFlags) {
        self.tokenizer = tokenizer
        self.form = form
    }

    func run() throws {
        var reader = try LineReader(descriptor: 0, name: "standard input", limit: Limits().jsonBytes)
        let pool = ThreadPool.shared(threads: form.threads)
        while let block = try reader.nextBlock(of: Self.blockBytes) {
            if form.wantsIDsAlone {
                let batch = try tokenizer.ids(
                    lines: block, addSpecialTokens: !form.noSpecialTokens, truncation: form.truncated, threads: form.threads)
                for part in Self.text(batch, pool) { Console.output(part) }
            } else {
                try writeEncodings(block)
            }
        }
    }

    private func writeEncodings(_ block: [UInt8]) throws {
        var lines = block.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        let inputs = lines.map { DistilBertTokenizer.Input(String(decoding: $0, as: UTF8.self)) }
        let encodings = try tokenizer.encode(
            inputs, addSpecialTokens: !form.noSpecialTokens, truncation: form.truncated, padding: form.padding(lines: true), threads: form.threads)
        let json = TokenizeJSON(tokenizer, form)
        for encoding in encodings {
            for row in [encoding] + encoding.overflowing { Console.output(try json.line(row)) }
        }
    }

    /// The rows as lines of JSON, in parts.
    private static func text(_ batch: TokenBatch, _ pool: ThreadPool) -> [[UInt8]] {
        let rows = 1024
        let parts = Locked([[UInt8]](repeating: [], count: (batch.count + rows - 1) / rows))
        pool.parallel(batch.count, grain: rows) { range in
            for start in stride(from: range.lowerBound, to: range.upperBound, by: rows) {
                let part = IDLines(batch, start..<min(start + rows, range.upperBound)).bytes
                parts.withLock { $0[start / rows] = part }
            }
        }
        return parts.withLock { $0 }
    }
}

/// Rows of ids as `{"input_ids":[…],"attention_mask":[…]}`, byte by byte, for speed.
private struct IDLines {
    private(set) var bytes: [UInt8] = []

    init(_ batch: TokenBatch, _ rows: Range<Int>) {
        let count = batch.starts[rows.upperBound] - batch.starts[rows.lowerBound]
        bytes.reserveCapacity(8 * count + 48 * rows.count)
        var ones: [UInt8] = []
        for row in rows {
            let ids = batch[row]
            bytes += #"{"input_ids":["#.utf8
            for (index, id) in ids.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(id)
            }
            bytes += #"],"attention_mask":["#.utf8
            while ones.count < 2 * ids.count { ones += "1,".utf8 }
            bytes += ones[..<max(0, 2 * ids.count - 1)]
            bytes += "]}\n".utf8
        }
    }

    private mutating func append(_ id: Int32) {
        let start = bytes.count
        var rest = id
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        var (low, high) = (start, bytes.count - 1)
        while low < high {
            bytes.swapAt(low, high)
            (low, high) = (low + 1, high - 1)
        }
    }
}
