internal import Bytes
internal import Parallelism
internal import Tokenizers

/// `onnx-run tokenize MODEL --bench`: how fast the lines of standard input become ids, or with --offsets ids and places.
struct TokenizeBench {
    private let tokenizer: DistilBertTokenizer
    private let form: TokenizeFlags
    private let load: Duration

    init(_ tokenizer: DistilBertTokenizer, _ form: TokenizeFlags, load: Duration) {
        self.tokenizer = tokenizer
        self.form = form
        self.load = load
    }

    func run(_ runs: Int) throws {
        var reader = try LineReader(descriptor: 0, name: "standard input", limit: Limits().jsonBytes)
        var bytes: [UInt8] = []
        while let block = try reader.nextBlock(of: 1 << 24) {
            bytes += block
            guard bytes.count <= Limits().jsonBytes else {
                throw ONNXError(.limit, "has more than \(Limits().jsonBytes) bytes", place: ["standard input"], remedy: "measure with less text")
            }
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        let inputs = (lines.last?.isEmpty == true ? lines.dropLast() : lines[...]).map { DistilBertTokenizer.Input($0) }
        let clock = ContinuousClock()
        var times: [Double] = []
        var tokens = 0
        for _ in 0...runs {
            let start = clock.now
            if form.offsets || form.tokens {
                let made = try tokenizer.encode(
                    inputs, addSpecialTokens: !form.noSpecialTokens, truncation: form.truncated, threads: form.threads)
                times.append((clock.now - start).milliseconds)
                tokens = made.reduce(0) { $0 + $1.count }
            } else {
                let made = try tokenizer.ids(
                    lines: bytes, addSpecialTokens: !form.noSpecialTokens, truncation: form.truncated, threads: form.threads)
                times.append((clock.now - start).milliseconds)
                tokens = made.ids.count
            }
        }
        let later = times.dropFirst().sorted()
        let report: [String: Any] = [
            "lines": inputs.count, "bytes": bytes.count, "tokens": tokens, "threads": form.threads ?? availableProcessors(), "load_ms": load.milliseconds,
            "first_ms": times[0], "median_ms": later[later.count / 2], "min_ms": later[0],
        ]
        Console.output(try JSONText.pretty(report))
    }
}
