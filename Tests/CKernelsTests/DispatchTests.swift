import CKernels
import Testing

@Suite struct DispatchTests {
    @Test func theChosenTableIsOneOfThisMachine() {
        let name = unsafe String(cString: ck_isa_name())
        #expect(InstructionSet.available.map(\.name).contains(name))
    }

    @Test func theOracleIsAlwaysThere() {
        #expect(InstructionSet.available.first?.name == "scalar")
    }
}
