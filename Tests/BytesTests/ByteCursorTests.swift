import Bytes
import Testing

@Suite struct ByteCursorTests {
    private func cursor(_ bytes: [UInt8]) throws -> ByteCursor {
        ByteCursor(ByteRegion(try MappedFile(name: "bytes", copying: bytes)))
    }

    @Test func readsInOrder() throws {
        var cursor = try cursor([1, 2, 1, 4, 3, 2, 1, 0x61, 0xC3, 0xA9, 9])
        #expect(try cursor.uint8() == 1)
        #expect(try cursor.uint16() == 0x0102)
        #expect(try cursor.uint32() == 0x0102_0304)
        #expect(try cursor.string(3) == "aé")
        #expect(cursor.peek() == 9 && cursor.remaining == 1)
        #expect(try cursor.take(1).bytes() == [9])
        #expect(cursor.isAtEnd && cursor.peek() == nil)
        let error = #expect(throws: ONNXError.self) { try cursor.uint64() }
        #expect(error?.description == "bytes: offset 11: 8 bytes expected, 0 are left")
    }

    @Test(arguments: [([0x00], 0), ([0x7F], 127), ([0x80, 0x01], 128), ([UInt8](repeating: 0xFF, count: 9) + [1], UInt64.max)] as [([UInt8], UInt64)])
    func readsVarints(_ bytes: [UInt8], _ value: UInt64) throws {
        var cursor = try cursor(bytes)
        #expect(try cursor.varint() == value)
        #expect(cursor.isAtEnd)
    }

    @Test(
        arguments: [
            ([0x80], "bytes: offset 1: 1 bytes expected, 0 are left"),
            ([UInt8](repeating: 0xFF, count: 9) + [2], "bytes: offset 10: an integer of more than 64 bits"),
            ([UInt8](repeating: 0x80, count: 10) + [1], "bytes: offset 10: an integer of more than 64 bits"),
        ] as [([UInt8], String)])
    func refusesBadVarints(_ bytes: [UInt8], _ message: String) throws {
        var cursor = try cursor(bytes)
        let error = #expect(throws: ONNXError.self) { try cursor.varint() }
        #expect(error?.description == message)
    }

    @Test func refusesWhatDoesNotFit() throws {
        var cursor = try cursor([UInt8](repeating: 0xFF, count: 8))
        #expect(throws: ONNXError.self) { try cursor.take(9) }
        #expect(throws: ONNXError.self) { try cursor.take(-1) }
        #expect(throws: ONNXError.self) { try cursor.skip(Int.max) }
        #expect(throws: ONNXError.self) { try cursor.seek(9) }
        #expect(throws: ONNXError.self) { try cursor.size64() }
        #expect(throws: ONNXError.self) { try cursor.string(2) }
    }
}
