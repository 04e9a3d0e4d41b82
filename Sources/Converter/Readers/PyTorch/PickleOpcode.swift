/// The opcodes that `torch.save` writes for tensors in dictionaries; every other one is refused.
///
/// Source: https://github.com/python/cpython/blob/main/Lib/pickletools.py
enum PickleOpcode: UInt8 {
    case mark = 0x28  // (
    case stop = 0x2E  // .
    case binfloat = 0x47  // G
    case binint = 0x4A  // J
    case binint1 = 0x4B  // K
    case binint2 = 0x4D  // M
    case none = 0x4E  // N
    case binpersid = 0x51  // Q
    case reduce = 0x52  // R
    case shortBinstring = 0x55  // U
    case binunicode = 0x58  // X
    case append = 0x61  // a
    case build = 0x62  // b
    case global = 0x63  // c
    case appends = 0x65  // e
    case binget = 0x68  // h
    case longBinget = 0x6A  // j
    case binput = 0x71  // q
    case longBinput = 0x72  // r
    case setitem = 0x73  // s
    case tuple = 0x74  // t
    case setitems = 0x75  // u
    case emptyDict = 0x7D  // }
    case emptyList = 0x5D  // ]
    case emptyTuple = 0x29  // )
    case proto = 0x80
    case tuple1 = 0x85
    case tuple2 = 0x86
    case tuple3 = 0x87
    case newtrue = 0x88
    case newfalse = 0x89
    case long1 = 0x8A

    /// How a message calls the opcode `byte` that is not among these.
    static func refusedName(_ byte: UInt8) -> String {
        refused[byte] ?? "0x" + String(byte, radix: 16)
    }

    private static let refused: [UInt8: String] = [
        0x30: "POP", 0x31: "POP_MARK", 0x32: "DUP", 0x42: "BINBYTES", 0x43: "SHORT_BINBYTES", 0x46: "FLOAT", 0x49: "INT", 0x4C: "LONG", 0x50: "PERSID",
        0x53: "STRING", 0x54: "BINSTRING", 0x56: "UNICODE", 0x64: "DICT", 0x67: "GET", 0x69: "INST", 0x6C: "LIST", 0x6F: "OBJ", 0x70: "PUT", 0x81: "NEWOBJ",
        0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x8B: "LONG4", 0x8C: "SHORT_BINUNICODE", 0x8D: "BINUNICODE8", 0x8E: "BINBYTES8", 0x8F: "EMPTY_SET",
        0x90: "ADDITEMS", 0x91: "FROZENSET", 0x92: "NEWOBJ_EX", 0x93: "STACK_GLOBAL", 0x94: "MEMOIZE", 0x95: "FRAME", 0x96: "BYTEARRAY8",
        0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
    ]
}
