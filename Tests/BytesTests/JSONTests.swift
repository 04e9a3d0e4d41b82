import Bytes
import Testing

@Suite struct JSONReaderTests {
    @Test(arguments: [
        ("null", JSONValue.null), (" true ", .bool(true)), ("false\n", .bool(false)), ("0", .integer(0)), ("-0", .integer(0)), ("1", .integer(1)),
        ("1.0", .number(1)),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .unsigned(1 << 63)),
        ("18446744073709551615", .unsigned(.max)), ("18446744073709551616", .number(18446744073709551616)),
        ("-9223372036854775809", .number(-9223372036854775808)),
        ("1000000000000000019884624838656", .number(1e30)), ("0.1", .number(0.1)), ("-2.5e-3", .number(-0.0025)), ("1E+2", .number(100)),
        ("5e-324", .number(.leastNonzeroMagnitude)),
        ("1.7976931348623157e308", .number(1.7976931348623157e308)), ("1e-400", .number(0)),
        ("123456789012345678901234567890e-10", .number(12345678901234567890.1234567890)),
        ("0.30000000000000004", .number(0.30000000000000004)), ("9007199254740993.0", .number(9007199254740992)), ("\"\"", .string("")),
        ("\"é中\"", .string("é中")),
        (#""\"\\\/\b\f\n\r\t\u0041\u00e9""#, .string("\"\\/\u{8}\u{C}\n\r\tAé")), (#""\ud83d\ude00\u0000""#, .string("😀\0")),
        (#""\ud800x\udc00\ud800\u0041\ud800\ud83d\ude00""#, .string("\u{FFFD}x\u{FFFD}\u{FFFD}A\u{FFFD}😀")), ("[]", .array([])), ("{}", .object([])),
        ("[1,[2.5,\"a\"],{}]", .array([.integer(1), .array([.number(2.5), .string("a")]), .object([])])),
        (
            "{\"b\" : 1, \"a\":[null]\r}\t",
            .object([JSONValue.Member("b", .integer(1)), JSONValue.Member("a", .array([.null]))])
        ),
    ])
    func reads(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(arguments: [
        ("", "the JSON text ends where a value is expected"), ("  ", "the JSON text ends where a value is expected"),
        ("[1", "ends where \",\" or \"]\" is expected"),
        ("[1,]", "\"]\" found where a value is expected"), ("[1 2]", "\"2\" found where \",\" or \"]\" is expected"),
        ("{\"a\" 1}", "\"1\" found where \":\" is expected"),
        ("{\"a\":1,}", "\"}\" found where a name in quotes is expected"), ("{a:1}", "\"a\" found where a name in quotes is expected"),
        ("{\"a\":1,\"a\":2}", "the name \"a\" occurs twice in one object"), ("{\"a\":1,\"\\u0061\":2}", "the name \"a\" occurs twice in one object"),
        ("[1]]", "\"]\" found where the end is expected"), ("[1}", "\"}\" found where \",\" or \"]\" is expected"), ("01", "a number begins with a needless 0"),
        ("-", "ends where a digit is expected"), ("1.", "ends where a digit is expected"), (".5", "\".\" found where a value is expected"),
        ("1e", "ends where a digit is expected"), ("+1", "\"+\" found where a value is expected"), ("1e400", "the number is beyond the range of a double"),
        ("nul", "\"n\" found where a value is expected"), ("NaN", "NaN is not a JSON value"), ("-Infinity", "Infinity is not a JSON value"),
        ("'a'", "\"'\" found"),
        ("\"a", "ends where a character of a string"), ("\"a\nb\"", "byte 10 found where a character of a string"),
        ("\"\\x\"", "one of \"\\/bfnrtu after a backslash"),
        ("\"\\u12g4\"", "\"g\" found where a hexadecimal digit is expected"), ("\u{FEFF}{}", "begins with a byte-order mark"),
        ("[1]\0", "byte 0 found where the end is expected"),
        ("// a", "\"/\" found where a value is expected"),
    ])
    func refuses(_ text: String, _ message: String) throws {
        let error = try #require(throws: ONNXError.self) { try JSONValue(parsing: text) }
        #expect(error.code == .malformed)
        #expect(error.message.contains(message), "\(error)")
    }

    @Test func saysWhere() throws {
        let error = #expect(throws: ONNXError.self) { try JSONValue(parsing: "{\n \"é\": tru }", name: "a.json") }
        #expect(error?.description == "a.json: line 2, column 7 (offset 9): \"t\" found where a value is expected")
    }

    @Test(arguments: [[0xFF, 0xFE, 0x7B, 0], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x80]] as [[UInt8]])
    func refusesWhatIsNotUTF8(_ bytes: [UInt8]) throws {
        let region = ByteRegion(try MappedFile(name: "bytes", copying: bytes))
        #expect(throws: ONNXError.self) { try JSONValue(region) }
    }

    @Test func readsNonFiniteNumbersOnDemand() throws {
        let value = try JSONValue(parsing: "[NaN, Infinity, -Infinity]", allowsNonFinite: true)
        let numbers = try #require(value.array).compactMap(\.double)
        #expect(numbers.count == 3 && numbers[0].isNaN && numbers[1] == .infinity && numbers[2] == -.infinity)
    }

    @Test(arguments: [(63, true), (64, true), (65, false), (100_000, false)])
    func boundsTheDepth(_ depth: Int, _ fits: Bool) throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = String(repeating: open, count: depth) + (open == "[" ? "" : "1") + String(repeating: close, count: depth)
            if fits {
                _ = try JSONValue(parsing: text)
            } else {
                let error = #expect(throws: ONNXError.self) { try JSONValue(parsing: text) }
                #expect(error?.code == .limit)
            }
        }
    }

    @Test(arguments: [(7, true), (6, false)])
    func boundsTheSize(_ limit: Int, _ fits: Bool) throws {
        var limits = Limits()
        limits.jsonBytes = limit
        let value = try? JSONValue(parsing: "[1,2,3]", limits: limits)
        #expect((value != nil) == fits)
    }

    @Test func refusesEveryTruncation() throws {
        let text = Array(#"{"a": [1, -2.5e3, "xé\u00e9"], "b": {"c": true, "d": null}}"#.utf8)
        for count in 1..<text.count {
            let region = ByteRegion(try MappedFile(name: "cut", copying: Array(text[..<count])))
            let error = #expect(throws: ONNXError.self) { try JSONValue(region) }
            #expect(error?.code == .malformed)
        }
    }

    @Test func passesOverValues() throws {
        var reader = try JSONReader(ByteRegion(MappedFile(name: "t", copying: Array(#"{"a":[[1],{"x":[]}],"b":2}"#.utf8))))
        #expect(try reader.next() == .beginObject)
        #expect(try reader.next() == .name("a"))
        try reader.skip(try reader.next())
        #expect(try reader.next() == .name("b"))
        #expect(reader.offset == 20)
        try reader.skip(try reader.next())
        #expect(try reader.next() == .endObject)
        #expect(try reader.next() == .end)
        #expect(try reader.next() == .end)
    }
}

@Suite struct JSONWriterTests {
    @Test func writesEveryKind() throws {
        let bytes = try JSONWriter.bytes { json in
            try json.beginObject()
            try json.name("a\"\\\n\u{1}é")
            try json.beginArray()
            try json.integer(UInt64.max)
            try json.number(Float(0.1))
            try json.number(Double.nan)
            try json.number(-Float.infinity)
            try json.beginArray()
            try json.endArray()
            try json.null()
            try json.bool(true)
            try json.endArray()
            try json.name("b")
            try json.value(.object([JSONValue.Member("x", .array([.integer(-1), .string("y")]))]))
            try json.endObject()
        }
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"a\"\\\n\u0001é":[18446744073709551615,0.1,"NaN","-Infinity",[],null,true],"b":{"x":[-1,"y"]}}"#)
    }

    @Test func numbersReadBackEqual() throws {
        var random = SplitMix(state: 7)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            let single = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            guard value.isFinite, single.isFinite else { continue }
            let text = try JSONWriter.bytes { json in
                try json.beginArray()
                try json.number(value)
                try json.number(single)
                try json.endArray()
            }
            let back = try #require(JSONValue(parsing: String(decoding: text, as: UTF8.self)).array)
            #expect(back[0].double == value && back[1].double.map { Float($0) } == single)
        }
    }

    @Test func streamsInParts() throws {
        var parts = 0
        var total = 0
        var json = JSONWriter { part in
            parts += 1
            total += part.count
        }
        try json.beginArray()
        for index in 0..<100_000 { try json.integer(index % 10) }
        try json.endArray()
        try json.finish()
        #expect(total == 200_001 && parts == 4)
    }
}

@Suite struct LineReaderTests {
    @Test func readsLinesOfAFile() throws {
        let scratch = try Scratch()
        let path = try scratch.write("a.jsonl", Array("{\"a\":1}\r\n\n  \n[2]\n3".utf8))
        var lines = try LineReader(path: path, limit: 100)
        var values: [JSONValue] = []
        var names: [String] = []
        while let line = try lines.next() {
            values.append(try JSONValue(ByteRegion(line)))
            names.append(String(line.name.dropFirst(path.count)))
        }
        #expect(values == [.object([JSONValue.Member("a", .integer(1))]), .array([.integer(2)]), .integer(3)])
        #expect(names == [", line 1", ", line 4", ", line 5"])
    }

    @Test func boundsALine() throws {
        let scratch = try Scratch()
        let path = try scratch.write("long", [UInt8](repeating: 0x20, count: 1 << 20))
        var lines = try LineReader(path: path, limit: 1 << 17)
        let error = #expect(throws: ONNXError.self) { try lines.next() }
        #expect(error?.code == .limit)
    }
}

/// Repeatable random numbers.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
