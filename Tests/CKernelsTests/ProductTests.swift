import CKernels
import Glibc
import Testing

/// Every product against a loop in double precision, and against the bits of the scalar oracle.
@Suite struct ProductTests {
    @Test(arguments: InstructionSet.available) func float(isa: InstructionSet) {
        var random = Seeded(seed)
        for _ in 0..<12 {
            let m = Int.random(in: 1...20, using: &random)
            let n = Int.random(in: 1...110, using: &random)
            let k = Int.random(in: 0...50, using: &random)
            let a = random.floats(m * k)
            let b = random.floats(k * n)
            let bias = random.floats(n)
            let transposed = Bool.random(using: &random)
            let found = isa.product(a, b, bias: bias, m: m, n: n, k: k, transposed: transposed)
            let oracle = InstructionSet.available[0].product(a, b, bias: bias, m: m, n: n, k: k, transposed: transposed)
            #expect(found.map(\.bitPattern) == oracle.map(\.bitPattern), "\(m)x\(n)x\(k)")
            for i in 0..<m {
                for j in 0..<n {
                    let exact = (0..<k).reduce(Double(bias[j])) { $0 + Double(a[i * k + $1]) * Double(transposed ? b[j * k + $1] : b[$1 * n + j]) }
                    #expect(abs(Double(found[i * n + j]) - exact) <= 1e-5, "[\(i), \(j)] of \(m)x\(n)x\(k)")
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available, [(false, false), (false, true), (true, false), (true, true)])
    func bytes(isa: InstructionSet, signed: (a: Bool, b: Bool)) {
        var random = Seeded(seed)
        for _ in 0..<8 {
            let m = Int.random(in: 1...10, using: &random)
            let n = Int.random(in: 1...60, using: &random)
            let k = Int.random(in: 0...40, using: &random)
            let a = random.bytes(m * k)
            let b = random.bytes(k * n)
            let aZero = value(of: random.bytes(1)[0], signed.a)
            let bZeros = random.bytes(n).map { value(of: $0, signed.b) }
            let found = isa.product(a, b, signed: signed, aZero: aZero, bZeros: bZeros, m: m, n: n, k: k)
            for i in 0..<m {
                for j in 0..<n {
                    let exact = (0..<k).reduce(Int32(0)) { sum, l in
                        sum + (value(of: a[i * k + l], signed.a) - aZero) * (value(of: b[l * n + j], signed.b) - bZeros[j])
                    }
                    #expect(found[i * n + j] == exact, "[\(i), \(j)] of \(m)x\(n)x\(k)")
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available) func attention(isa: InstructionSet) {
        var random = Seeded(seed)
        for _ in 0..<6 {
            let queries = Int.random(in: 1...20, using: &random)
            let keys = Int.random(in: 1...60, using: &random)
            let size = Int.random(in: 1...40, using: &random)
            let q = random.floats(queries * size)
            let k = random.floats(keys * size)
            let v = random.floats(keys * size)
            let mask = (0..<keys).map { $0 > 0 && Bool.random(using: &random) ? -Float.infinity : 0 }
            let found = isa.attention(q, k, v, mask: mask, queries: queries, keys: keys, size: size, scale: 0.5)
            for i in 0..<queries {
                let weights = (0..<keys).map { j in
                    exp((0..<size).reduce(0.0) { $0 + Double(q[i * size + $1]) * Double(k[j * size + $1]) } * 0.5 + Double(mask[j]))
                }
                let sum = weights.reduce(0, +)
                for d in 0..<size {
                    let exact = (0..<keys).reduce(0.0) { $0 + weights[$1] * Double(v[$1 * size + d]) } / sum
                    #expect(abs(Double(found[i * size + d]) - exact) <= 2e-6)
                }
            }
        }
    }

    private func value(of byte: UInt8, _ isSigned: Bool) -> Int32 { isSigned ? Int32(Int8(bitPattern: byte)) : Int32(byte) }
}

extension InstructionSet {
    fileprivate func product(_ a: [Float], _ b: [Float], bias: [Float], m: Int, n: Int, k: Int, transposed: Bool) -> [Float] {
        let (a, b, bias, c) = (Unaligned(a), Unaligned(b), Unaligned(bias), Unaligned(repeating: Float.nan, count: m * n))
        let packed = unsafe Unaligned(repeating: Float.nan, count: kernels.pointee.packed_b_f32_count(k, n))
        let panels = unsafe (n - 1) / kernels.pointee.f32_panel_columns + 1
        unsafe kernels.pointee.pack_b_f32(k, n, b.pointer, transposed ? k : n, transposed, 0, panels, packed.pointer)
        let epilogue = unsafe ck_epilogue(alpha: 1, beta: 0, bias: bias.pointer, activation: CK_IDENTITY, residual: nil, ld_residual: 0)
        var gemm = unsafe ck_gemm_f32(
            m: m, n: n, k: k, a: a.pointer, lda: k, packed_b: packed.pointer, c: c.pointer, ldc: n, epilogue: epilogue)
        for panel in (0..<panels).reversed() { unsafe kernels.pointee.gemm_f32(&gemm, panel, panel + 1) }
        #expect(c.guardsAreIntact && packed.guardsAreIntact)
        return c.elements
    }

    fileprivate func product(_ a: [UInt8], _ b: [UInt8], signed: (a: Bool, b: Bool), aZero: Int32, bZeros: [Int32], m: Int, n: Int, k: Int) -> [Int32] {
        let (a, b, aZero, bZeros, c) = (Unaligned(a), Unaligned(b), Unaligned([aZero]), Unaligned(bZeros), Unaligned(repeating: Int32.min, count: m * n))
        let packed = unsafe Unaligned(repeating: UInt8(77), count: kernels.pointee.packed_b_i8_size(k, n))
        let panels = unsafe (n - 1) / kernels.pointee.i8_panel_columns + 1
        unsafe kernels.pointee.pack_b_i8(k, n, b.pointer, n, false, signed.b, 0, panels, packed.pointer)
        var gemm = unsafe ck_gemm_i8(
            m: m, n: n, k: k, a: a.pointer, lda: k, a_signed: signed.a, b_signed: signed.b, packed_b: packed.pointer, a_zero: aZero.pointer, a_zero_stride: 0,
            b_zero: bZeros.pointer, b_zero_stride: 1, c: c.pointer, ldc: n, y: nil, a_scale: nil, a_scale_stride: 0, b_scale: nil, b_scale_stride: 0,
            epilogue: ck_epilogue())
        unsafe kernels.pointee.gemm_i8(&gemm, 0, panels)
        #expect(c.guardsAreIntact && packed.guardsAreIntact)
        return c.elements
    }

    fileprivate func attention(_ q: [Float], _ k: [Float], _ v: [Float], mask: [Float], queries: Int, keys: Int, size: Int, scale: Float) -> [Float] {
        let (q, k, v, mask, out) = (Unaligned(q), Unaligned(k), Unaligned(v), Unaligned(mask), Unaligned(repeating: Float.nan, count: queries * size))
        let scratch = unsafe Unaligned(repeating: Float.nan, count: kernels.pointee.attention_scratch(keys, size, size))
        var attention = unsafe ck_attention(
            queries: queries, keys: keys, head_size: size, value_size: size, q: q.pointer, ldq: size, k: k.pointer, ldk: size, v: v.pointer, ldv: size,
            mask: mask.pointer, ld_mask: 0, scale: scale, masked_rows_are_zero: false, out: out.pointer, ldo: size)
        unsafe kernels.pointee.attention_f32(&attention, scratch.pointer)
        #expect(out.guardsAreIntact && scratch.guardsAreIntact)
        return out.elements
    }
}
