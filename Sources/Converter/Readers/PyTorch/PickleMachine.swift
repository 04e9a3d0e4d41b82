internal import Bytes

/// Reads a pickle as data: a stack machine for the few opcodes that tensors need. It makes values and calls nothing.
///
/// Source: https://github.com/pytorch/pytorch/blob/main/torch/_weights_only_unpickler.py
struct PickleMachine {
    private(set) var heap: PickleHeap
    private var objects: TorchObjects
    private var cursor: ByteCursor
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [UInt32: PickleValue] = [:]
    private let limits: Limits

    init(_ pickle: ByteRegion, archive: TorchArchive, limits: Limits) {
        cursor = ByteCursor(pickle)
        heap = PickleHeap(limits: limits)
        objects = TorchObjects(archive: archive, limits: limits)
        self.limits = limits
    }

    /// The value that the pickle leaves.
    mutating func run() throws(ONNXError) -> PickleValue {
        try readProtocol()
        for _ in 0..<limits.pickleOperations {
            let start = cursor
            guard !cursor.isAtEnd else { throw start.error(.malformed, "the pickle ends without STOP: it is cut short") }
            let byte = try cursor.uint8()
            guard let opcode = PickleOpcode(rawValue: byte), opcode != .proto else { throw refusal(byte, at: start) }
            do throws(ONNXError) {
                if opcode == .stop { return try end() }
                try step(opcode)
            } catch {
                throw placed(error, at: start)
            }
        }
        throw cursor.error(.limit, "the pickle has more than \(limits.pickleOperations) operations", remedy: "raise the limit pickleOperations")
    }

    /// The error with the place of its operation, and what the value in the making is to be called.
    private func placed(_ error: ONNXError, at start: ByteCursor) -> ONNXError {
        guard error.place.isEmpty else { return error }
        var error = start.error(error.code, error.message, remedy: error.remedy)
        for case .string(let name) in stack.reversed().prefix(8) {
            error.place.append("near \"\(quoted(name))\"")
            break
        }
        return error
    }

    private mutating func readProtocol() throws(ONNXError) {
        let start = cursor
        let remedy = "save it again with torch.save, without pickle_protocol"
        guard try cursor.uint8() == PickleOpcode.proto.rawValue else {
            throw start.error(.unsupported, "the pickle is of protocol 0 or 1, or none; 2 is expected, which torch.save writes", remedy: remedy)
        }
        let version = try cursor.uint8()
        guard version == 2 || version == 3 else {
            throw start.error(.unsupported, "the pickle is of protocol \(version); 2 is expected, which torch.save writes", remedy: remedy)
        }
    }

    private func refusal(_ byte: UInt8, at start: ByteCursor) -> ONNXError {
        if byte == PickleOpcode.proto.rawValue { return start.error(.malformed, "a second PROTO in the pickle") }
        return start.error(
            .unsupported, "the pickle has the opcode \(PickleOpcode.refusedName(byte)), which torch.save doesn't write for tensors: nothing was run",
            remedy: TorchObjects.remedy)
    }

    private mutating func end() throws(ONNXError) -> PickleValue {
        let value = try pop("STOP")
        guard stack.isEmpty, marks.isEmpty else { throw ONNXError(.malformed, "the pickle stops with \(stack.count) values too many on its stack") }
        guard cursor.isAtEnd else { throw ONNXError(.malformed, "\(cursor.remaining) bytes follow the end of the pickle") }
        return value
    }

    private mutating func step(_ opcode: PickleOpcode) throws(ONNXError) {
        switch opcode {
        case .proto, .stop: break
        case .none: try push(.none)
        case .newtrue: try push(.bool(true))
        case .newfalse: try push(.bool(false))
        case .binint: try push(.integer(Int(try cursor.integer(as: Int32.self))))
        case .binint1: try push(.integer(Int(try cursor.uint8())))
        case .binint2: try push(.integer(Int(try cursor.uint16())))
        case .long1: try push(.integer(try long()))
        case .binfloat: try push(.double(Double(bitPattern: try cursor.uint64().byteSwapped)))
        case .binunicode: try push(.string(try cursor.string(Int(try cursor.uint32()))))
        case .shortBinstring: try push(.string(try cursor.string(Int(try cursor.uint8()))))
        case .mark:
            guard marks.count < limits.pickleStack else { throw stackLimit }
            marks.append(stack.count)
        case .emptyTuple: try push(.tuple(try heap.sequence([])))
        case .tuple1: try pushTuple(try take(1, "TUPLE1"))
        case .tuple2: try pushTuple(try take(2, "TUPLE2"))
        case .tuple3: try pushTuple(try take(3, "TUPLE3"))
        case .tuple: try pushTuple(try takeToMark("TUPLE"))
        case .emptyList: try push(.list(try heap.sequence([])))
        case .append: try extendList(try take(1, "APPEND"))
        case .appends: try extendList(try takeToMark("APPENDS"))
        case .emptyDict: try push(.dictionary(try heap.emptyDictionary()))
        case .setitem: try extendDictionary(try take(2, "SETITEM"))
        case .setitems: try extendDictionary(try takeToMark("SETITEMS"))
        case .binput: try remember(UInt32(try cursor.uint8()))
        case .longBinput: try remember(try cursor.uint32())
        case .binget: try recall(UInt32(try cursor.uint8()))
        case .longBinget: try recall(try cursor.uint32())
        case .global: try push(.global(try objects.global(module: try line(), name: try line())))
        case .reduce: try reduce()
        case .build: try build()
        case .binpersid: try push(try objects.persistent(try pop("BINPERSID"), heap: &heap))
        }
    }
}

// The stack.
extension PickleMachine {
    private var stackLimit: ONNXError {
        ONNXError(.limit, "the pickle's stack holds more than \(limits.pickleStack) values or marks", remedy: "raise the limit pickleStack")
    }

    /// Values above the last mark, which alone an operation may take.
    private var available: Int { stack.count - (marks.last ?? 0) }

    private mutating func push(_ value: PickleValue) throws(ONNXError) {
        guard stack.count < limits.pickleStack else { throw stackLimit }
        stack.append(value)
    }

    private mutating func pop(_ user: String) throws(ONNXError) -> PickleValue {
        guard available > 0, let value = stack.popLast() else { throw underflow(user, 1) }
        return value
    }

    private mutating func take(_ count: Int, _ user: String) throws(ONNXError) -> [PickleValue] {
        guard available >= count else { throw underflow(user, count) }
        let values = Array(stack.suffix(count))
        stack.removeLast(count)
        return values
    }

    private mutating func takeToMark(_ user: String) throws(ONNXError) -> [PickleValue] {
        guard !marks.isEmpty else { throw ONNXError(.malformed, "\(user) without a MARK before it") }
        let values = try take(available, user)
        marks.removeLast()
        return values
    }

    private func underflow(_ user: String, _ needed: Int) -> ONNXError {
        ONNXError(.malformed, "\(user) needs \(needed) values on the pickle's stack, \(available) are there")
    }

    private func top(_ user: String) throws(ONNXError) -> PickleValue {
        guard available > 0, let value = stack.last else { throw underflow(user, 1) }
        return value
    }
}

// What the opcodes do.
extension PickleMachine {
    private mutating func long() throws(ONNXError) -> Int {
        let count = Int(try cursor.uint8())
        guard count <= 8 else { throw ONNXError(.malformed, "an integer of \(count) bytes, 8 at most are expected") }
        var bits: UInt64 = 0
        for index in 0..<count { bits |= UInt64(try cursor.uint8()) << UInt64(8 * index) }
        let unused = UInt64(64 - 8 * count)
        return count == 0 ? 0 : Int(Int64(bitPattern: bits << unused) >> Int64(unused))
    }

    /// The text up to the next line feed.
    private mutating func line() throws(ONNXError) -> String {
        var ahead = cursor
        var count = 0
        while try ahead.uint8() != UInt8(ascii: "\n") {
            count += 1
            guard count <= limits.nameBytes else {
                throw ONNXError(.limit, "a name of more than \(limits.nameBytes) bytes", remedy: "raise the limit nameBytes")
            }
        }
        let text = try cursor.string(count)
        try cursor.skip(1)
        return text
    }

    private mutating func pushTuple(_ values: [PickleValue]) throws(ONNXError) {
        try push(.tuple(try heap.sequence(values)))
    }

    private mutating func extendList(_ values: [PickleValue]) throws(ONNXError) {
        guard case .list(let list) = try top("APPEND") else { throw ONNXError(.malformed, "\(try top("APPEND").kind) where a list is expected") }
        try heap.append(values, to: list)
    }

    private mutating func extendDictionary(_ items: [PickleValue]) throws(ONNXError) {
        guard case .dictionary(let dictionary) = try top("SETITEM") else {
            throw ONNXError(.malformed, "\(try top("SETITEM").kind) where a dictionary is expected")
        }
        try heap.insert(items, into: dictionary)
    }

    private mutating func remember(_ index: UInt32) throws(ONNXError) {
        try heap.charge(1)
        memo[index] = try top("BINPUT")
    }

    private mutating func recall(_ index: UInt32) throws(ONNXError) {
        guard let value = memo[index] else { throw ONNXError(.malformed, "the pickle asks for value \(index), which it never stored") }
        try push(value)
    }

    private mutating func reduce() throws(ONNXError) {
        let arguments = try pop("REDUCE")
        let function = try pop("REDUCE")
        guard case .global(let global) = function, case .tuple(let tuple) = arguments else {
            throw ONNXError(.malformed, "REDUCE of \(function.kind) and \(arguments.kind), where a name and a tuple are expected")
        }
        try push(try objects.made(by: global, of: heap.sequences[tuple], heap: &heap))
    }

    /// A state beside the contents: of an `OrderedDict` that is `_metadata`, versions of modules that say nothing of the tensors.
    private mutating func build() throws(ONNXError) {
        let state = try pop("BUILD")
        guard case .dictionary = try top("BUILD"), case .dictionary = state else {
            throw ONNXError(
                .unsupported, "BUILD of \(try top("BUILD").kind) with \(state.kind): only a dictionary's own state is passed over", remedy: TorchObjects.remedy)
        }
    }
}
