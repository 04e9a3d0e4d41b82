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

    /// Whole rounds of two operations a product, in every lane of every chain.
    @Test(arguments: InstructionSet.available) func peakCountsWhatItDoes(set: InstructionSet) {
        for (kind, products) in [(CK_PRODUCT_F32, 1.0), (CK_PRODUCT_BF16, 2), (CK_PRODUCT_I8, 4)] {
            let once = unsafe set.kernels.pointee.peak(kind, 1)
            #expect(once >= 2 * 16 * products && once.remainder(dividingBy: 2 * 16 * products) == 0)
            #expect(unsafe set.kernels.pointee.peak(kind, 100) == 100 * once)
        }
    }
}
