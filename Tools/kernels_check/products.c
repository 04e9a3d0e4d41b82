#include "check.h"

#include <float.h>
#include <math.h>

/// Any of what an epilogue can do.
static void randomise(ck_epilogue *epilogue, const ck_f32 *bias, const ck_f32 *residual, size_t n) {
    epilogue->alpha = random_bits() & 1 ? 0.3f : 1.0f;
    if (random_bits() & 1) epilogue->beta = 0.7f;
    if (random_bits() & 1) epilogue->bias = bias;
    if (random_bits() & 1) epilogue->activation = CK_RELU + random_bits() % 6;
    if (random_bits() & 1) epilogue->residual = residual, epilogue->ld_residual = n;
}

static float finished(const ck_epilogue *epilogue, float total, float before, size_t i, size_t j) {
    ck_f32 value = total * epilogue->alpha;
    if (epilogue->beta != 0.0f) value += before * epilogue->beta;
    if (epilogue->bias != NULL) value += epilogue->bias[j];
    ck_table_for(CK_SCALAR)->unary_f32(epilogue->activation, &value, &value, 1);
    if (epilogue->residual != NULL) value += epilogue->residual[i * epilogue->ld_residual + j];
    return value;
}

static void check_gemm_f32(const ck_table *kernels) {
    const size_t m = random_size(1, 20), n = random_size(1, 130), k = random_size(0, random_bits() % 4 == 0 ? 300 : 70);
    const size_t lda = k + random_size(0, 3), ldc = n + random_size(0, 3);
    const bool transposed = random_bits() & 1;
    const size_t ldb = (transposed ? k : n) + random_size(0, 3);
    ck_f32 *a = random_floats(m * lda), *b = random_floats((transposed ? n : k) * ldb), *c = random_floats(m * ldc), *before = random_floats(m * ldc);
    for (size_t i = 0; i < m * ldc; i++) before[i] = c[i];
    ck_f32 *bias = random_floats(n), *residual = random_floats(m * n), *packed = random_floats(kernels->packed_b_f32_count(k, n));
    const size_t panels = (n + kernels->f32_panel_columns - 1) / kernels->f32_panel_columns, split = random_size(0, panels);

    ck_gemm_f32 gemm = {.m = m, .n = n, .k = k, .a = a, .lda = lda, .packed_b = packed, .c = c, .ldc = ldc};
    randomise(&gemm.epilogue, bias, residual, n);

    kernels->pack_b_f32(k, n, b, ldb, transposed, 0, split, packed);
    kernels->pack_b_f32(k, n, b, ldb, transposed, split, panels, packed);
    kernels->gemm_f32(&gemm, split, panels);
    kernels->gemm_f32(&gemm, 0, split);

    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float total = 0.0f, chain = 0.0f;
            for (size_t l = 0; l < k; l++) {
                chain = fmaf(a[i * lda + l], transposed ? b[j * ldb + l] : b[l * ldb + j], chain);
                if (l % 128 == 127 || l + 1 == k) total += chain, chain = 0.0f;
            }
            const float expected = finished(&gemm.epilogue, total, before[i * ldc + j], i, j);
            expect(same_float(c[i * ldc + j], expected), "gemm_f32", i * n + j, c[i * ldc + j], expected);
        }
    for (size_t i = 0; i < m; i++)
        for (size_t j = n; j < ldc; j++) expect(c[i * ldc + j] == before[i * ldc + j], "gemm_f32 beyond its columns", i, c[i * ldc + j], before[i * ldc + j]);
    release_blocks();
}

static float brain(const ck_table *kernels, float x) {
    ck_u16 bits;
    ck_f32 value = x;
    kernels->f32_to_bf16(&value, &bits, 1);
    kernels->bf16_to_f32(&bits, &value, 1);
    return value;
}

static void check_gemm_bf16(const ck_table *kernels) {
    const size_t m = random_size(1, 20), n = random_size(1, 130), k = random_size(0, random_bits() % 4 == 0 ? 300 : 70), even = k + k % 2;
    const size_t ldx = k + random_size(0, 3), lda = even + random_size(0, 3), ldc = n + random_size(0, 3);
    const bool transposed = random_bits() & 1;
    const size_t ldb = (transposed ? k : n) + random_size(0, 3);
    ck_f32 *x = random_floats(m * ldx), *b = random_floats((transposed ? n : k) * ldb), *c = random_floats(m * ldc), *before = random_floats(m * ldc);
    for (size_t i = 0; i < m * ldc; i++) before[i] = c[i];
    ck_f32 *bias = random_floats(n), *residual = random_floats(m * n);
    ck_u16 *a = block(m * lda * sizeof *a), *packed = block(kernels->packed_b_bf16_count(k, n) * sizeof *packed);
    const size_t panels = (n + kernels->bf16_panel_columns - 1) / kernels->bf16_panel_columns, split = random_size(0, panels);
    ck_gemm_bf16 gemm = {.m = m, .n = n, .k = k, .a = a, .lda = lda, .packed_b = packed, .c = c, .ldc = ldc};
    randomise(&gemm.epilogue, bias, residual, n);

    kernels->rows_to_bf16(m, k, x, ldx, a, lda);
    kernels->pack_b_bf16(k, n, b, ldb, transposed, 0, split, packed);
    kernels->pack_b_bf16(k, n, b, ldb, transposed, split, panels, packed);
    kernels->gemm_bf16(&gemm, split, panels);
    kernels->gemm_bf16(&gemm, 0, split);

    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float total = 0.0f;
            for (size_t l = 0; l < even; l++) {
                const size_t at = l ^ 1; // of each pair the upper one first
                if (at < k) total = fmaf(brain(kernels, x[i * ldx + at]), brain(kernels, transposed ? b[j * ldb + at] : b[at * ldb + j]), total);
            }
            const float expected = finished(&gemm.epilogue, total, before[i * ldc + j], i, j);
            expect(same_float(c[i * ldc + j], expected), "gemm_bf16", i * n + j, c[i * ldc + j], expected);
        }
    for (size_t i = 0; i < m; i++)
        for (size_t j = n; j < ldc; j++) expect(c[i * ldc + j] == before[i * ldc + j], "gemm_bf16 beyond its columns", i, c[i * ldc + j], before[i * ldc + j]);
    release_blocks();
}

static uint8_t *random_bytes(size_t count) {
    uint8_t *bytes = block(count);
    // Extremes often: they are what saturates.
    for (size_t i = 0; i < count; i++) bytes[i] = (random_bits() & 1) ? (uint8_t)random_bits() : (uint8_t[]){0, 127, 128, 255}[random_bits() % 4];
    return bytes;
}

static int32_t value_of(uint8_t byte, bool is_signed) { return is_signed ? (int8_t)byte : byte; }

static void check_gemm_i8(const ck_table *kernels) {
    const size_t m = random_size(1, 70), n = random_size(1, 110), k = random_size(0, 70), lda = k + random_size(0, 3), ldc = n + random_size(0, 3);
    const bool transposed = random_bits() & 1, a_signed = random_bits() & 1, b_signed = random_bits() & 1;
    const size_t ldb = (transposed ? k : n) + random_size(0, 3);
    const uint8_t *a = random_bytes(m * lda), *b = random_bytes((transposed ? n : k) * ldb);
    uint8_t *packed = block(kernels->packed_b_i8_size(k, n));
    ck_s32 *c = block(m * ldc * sizeof(int32_t)), *a_zero = block(m * sizeof(int32_t)), *b_zero = block(n * sizeof(int32_t));
    for (size_t i = 0; i < m; i++) a_zero[i] = value_of((uint8_t)random_bits(), a_signed);
    for (size_t j = 0; j < n; j++) b_zero[j] = value_of((uint8_t)random_bits(), b_signed);

    ck_gemm_i8 gemm = {.m = m, .n = n, .k = k, .a = a, .lda = lda, .a_signed = a_signed, .b_signed = b_signed, .packed_b = packed, .c = c, .ldc = ldc};
    if (random_bits() & 1) gemm.a_zero = a_zero, gemm.a_zero_stride = random_bits() & 1;
    if (random_bits() & 1) gemm.b_zero = b_zero, gemm.b_zero_stride = random_bits() & 1;
    const size_t panels = (n + kernels->i8_panel_columns - 1) / kernels->i8_panel_columns, split = random_size(0, panels);
    kernels->pack_b_i8(k, n, b, ldb, transposed, b_signed, 0, split, packed);
    kernels->pack_b_i8(k, n, b, ldb, transposed, b_signed, split, panels, packed);
    kernels->gemm_i8(&gemm, 0, split);
    kernels->gemm_i8(&gemm, split, panels);

    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            const int32_t az = gemm.a_zero == NULL ? 0 : a_zero[i * gemm.a_zero_stride], bz = gemm.b_zero == NULL ? 0 : b_zero[j * gemm.b_zero_stride];
            int32_t expected = 0;
            for (size_t l = 0; l < k; l++)
                expected += (value_of(a[i * lda + l], a_signed) - az) * (value_of(transposed ? b[j * ldb + l] : b[l * ldb + j], b_signed) - bz);
            expect(c[i * ldc + j] == expected, "gemm_i8", i * n + j, c[i * ldc + j], expected);
        }
    release_blocks();
}

/// Element l of the Hadamard rotation of x, k elements `step` apart, in blocks of the greatest power of two from 16 to 128 that divides k.
static double rotated(const ck_f32 *x, size_t k, size_t step, size_t l, size_t *length) {
    *length = 1;
    for (size_t power = 16; power <= 128; power *= 2)
        if (k % power == 0) *length = power;
    const size_t start = l / *length * *length;
    double sum = 0.0;
    for (size_t i = 0; i < *length; i++) {
        const double value = x[(start + i) * step];
        sum += __builtin_parityll(i & (l - start)) ? -value : value;
    }
    return sum;
}

static void check_scaled_i8(const ck_table *kernels) {
    // Of three depths two are whole blocks, and some of those are longer than what the kernel keeps of a row.
    const size_t unit = (size_t)1 << random_size(4, 7), depth = random_bits() & 15 ? random_size(1, 4) * unit : 4096 + random_size(0, 2) * unit;
    const size_t m = random_size(1, 30), n = random_size(1, 110), k = random_bits() % 3 == 0 ? random_size(1, 200) : depth, ldx = k + random_size(0, 3), ldc = n + random_size(0, 3);
    const bool transposed = random_bits() & 1;
    const size_t ldb = (transposed ? k : n) + random_size(0, 3), ldq = transposed ? k : n;
    ck_f32 *x = random_floats(m * ldx), *b = random_floats((transposed ? n : k) * ldb), *c = random_floats(m * ldc), *before = random_floats(m * ldc);
    const float offset = random_float(-2.0f, 2.0f);
    for (size_t i = 0; i < m * ldx; i++) x[i] += offset;
    for (size_t i = 0; i < m * ldc; i++) before[i] = c[i];
    ck_f32 *bias = random_floats(n), *residual = random_floats(m * n), *a_scale = random_floats(m), *b_scale = random_floats(n);
    uint8_t *a = block(m * k), *packed = block(kernels->packed_b_i8_size(k, n));
    int8_t *q = block(k * n);
    ck_s32 *a_zero = block(m * sizeof(int32_t));
    const size_t panels = (n + kernels->i8_panel_columns - 1) / kernels->i8_panel_columns;
    kernels->rows_to_u8(m, k, x, ldx, a, k, a_scale, a_zero);
    kernels->columns_to_s8(k, n, b, ldb, transposed, q, b_scale);
    kernels->pack_b_i8(k, n, (const uint8_t *)q, ldq, transposed, true, 0, panels, packed);

    size_t length;
    double exact[4096 + 2 * 128];
    for (size_t i = 0; i < m; i++) {
        double least = 0.0, greatest = 0.0;
        for (size_t l = 0; l < k; l++) {
            exact[l] = rotated(x + i * ldx, k, 1, l, &length);
            least = fmin(least, exact[l]), greatest = fmax(greatest, exact[l]);
        }
        expect(fabs(a_scale[i] * 255.0 - (greatest - least)) <= 1e-5 * (greatest - least), "rows_to_u8 scale", i, a_scale[i], (greatest - least) / 255.0);
        for (size_t l = 0; l < k; l++) {
            const double value = (a[i * k + l] - a_zero[i]) * (double)a_scale[i];
            expect(fabs(value - exact[l]) <= 1.01 * a_scale[i], "rows_to_u8", l, value, exact[l]);
        }
    }
    for (size_t j = 0; j < n; j++) {
        double greatest = 0.0;
        for (size_t l = 0; l < k; l++) {
            const double value = q[transposed ? j * k + l : l * n + j] * (double)b_scale[j] * length;
            exact[l] = rotated(b + (transposed ? j * ldb : j), k, transposed ? 1 : ldb, l, &length);
            greatest = fmax(greatest, fabs(exact[l]));
            expect(fabs(value - exact[l]) <= 0.501 * b_scale[j] * length, "columns_to_s8", l, value, exact[l]);
        }
        expect(fabs(b_scale[j] * 127.0 * length - greatest) <= 1e-5 * greatest, "columns_to_s8 scale", j, b_scale[j] * 127.0 * length, greatest);
    }

    ck_gemm_i8 gemm = {
        .m = m, .n = n, .k = k, .a = a, .lda = k, .b_signed = true, .packed_b = packed, .a_zero = a_zero, .a_zero_stride = random_bits() & 1, .y = c, .ldc = ldc,
        .a_scale = a_scale, .a_scale_stride = random_bits() & 1, .b_scale = b_scale, .b_scale_stride = random_bits() & 1,
    };
    randomise(&gemm.epilogue, bias, residual, n);
    kernels->gemm_i8(&gemm, 0, panels);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            int32_t sum = 0;
            for (size_t l = 0; l < k; l++) sum += (a[i * k + l] - a_zero[i * gemm.a_zero_stride]) * q[transposed ? j * k + l : l * n + j];
            const float value = (float)sum * (a_scale[i * gemm.a_scale_stride] * b_scale[j * gemm.b_scale_stride]);
            const float expected = finished(&gemm.epilogue, value, before[i * ldc + j], i, j);
            expect(same_float(c[i * ldc + j], expected), "gemm_i8 scaled", i * n + j, c[i * ldc + j], expected);
        }
    for (size_t i = 0; i < m; i++)
        for (size_t j = n; j < ldc; j++) expect(c[i * ldc + j] == before[i * ldc + j], "gemm_i8 scaled beyond its columns", i, c[i * ldc + j], before[i * ldc + j]);
    release_blocks();
}

typedef enum { ATTENTION_F32, ATTENTION_BF16 } attention_kind;

static void attend(const ck_table *kernels, attention_kind kind, const ck_attention *attention) {
    ck_f32 *scratch = random_floats(kernels->attention_scratch(attention->keys, attention->head_size, attention->value_size));
    (kind == ATTENTION_F32 ? kernels->attention_f32 : kernels->attention_bf16)(attention, scratch);
}

/// What an element of Q, K or V is to a kind of attention.
static double taken(const ck_table *kernels, attention_kind kind, float x) { return kind == ATTENTION_F32 ? x : brain(kernels, x); }

static void check_attention(const ck_table *kernels, attention_kind kind) {
    const size_t queries = random_size(1, 40), keys = random_size(1, random_bits() % 4 == 0 ? 300 : 100), head = random_size(1, 70), values = random_size(1, 150);
    const size_t ldq = head + random_size(0, 3), ldk = head + random_size(0, 3), ldv = values + random_size(0, 3), ldo = values + random_size(0, 3);
    const size_t kept = random_size(1, keys);
    ck_f32 *q = random_floats(queries * ldq), *k = random_floats(keys * ldk), *v = random_floats(keys * ldv), *out = random_floats(queries * ldo);
    ck_f32 *mask = random_floats(queries * keys), *other = random_floats(queries * ldo), *before = random_floats(queries * ldo);
    const bool one_row = random_bits() & 1;
    for (size_t i = 0; i < queries * keys; i++)
        if (i % keys >= kept) mask[i] = -INFINITY;
    for (size_t i = 0; i < queries * ldo; i++) before[i] = out[i];
    ck_attention attention = {
        .queries = queries, .keys = keys, .head_size = head, .value_size = values, .q = q, .ldq = ldq, .k = k, .ldk = ldk, .v = v, .ldv = ldv,
        .mask = random_bits() & 1 ? mask : NULL, .ld_mask = one_row ? 0 : keys, .scale = 0.4f, .out = out, .ldo = ldo,
    };
    attend(kernels, kind, &attention);

    // Weights in bfloat16 are off by up to 2^-9 of themselves, each in its own direction.
    const double tolerance = kind == ATTENTION_F32 ? 3e-6 : 4e-3;
    double weights[300];
    for (size_t i = 0; i < queries; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < keys; j++) {
            double score = 0.0;
            for (size_t l = 0; l < head; l++) score += taken(kernels, kind, q[i * ldq + l]) * taken(kernels, kind, k[j * ldk + l]);
            weights[j] = exp(score * attention.scale + (attention.mask == NULL ? 0.0 : mask[i * attention.ld_mask + j]));
            sum += weights[j];
        }
        for (size_t d = 0; d < values; d++) {
            double weighted = 0.0;
            for (size_t j = 0; j < keys; j++) weighted += weights[j] * taken(kernels, kind, v[j * ldv + d]);
            const float found = out[i * ldo + d];
            expect(fabs(found - weighted / sum) < tolerance, kind == ATTENTION_F32 ? "attention_f32" : "attention_bf16", i * values + d, found, weighted / sum);
        }
        for (size_t d = values; d < ldo; d++)
            expect(same_float(out[i * ldo + d], before[i * ldo + d]), "attention beyond its columns", i, out[i * ldo + d], before[i * ldo + d]);
    }

    attention.out = other;
    attend(ck_table_for(CK_SCALAR), kind, &attention);
    for (size_t i = 0; i < queries; i++)
        for (size_t d = 0; d < values; d++) expect(same_float(out[i * ldo + d], other[i * ldo + d]), "attention's bits", i, out[i * ldo + d], other[i * ldo + d]);

    if (attention.mask != NULL) {
        // Keys masked off at the end change no bit.
        attention.keys = kept;
        attend(kernels, kind, &attention);
        for (size_t i = 0; i < queries; i++)
            for (size_t d = 0; d < values; d++)
                expect(same_float(out[i * ldo + d], other[i * ldo + d]), "attention without masked keys", i, other[i * ldo + d], out[i * ldo + d]);
    }
    // A query alone is what it is among others.
    const size_t query = random_size(0, queries - 1);
    attention.q += query * ldq, attention.queries = 1;
    if (attention.mask != NULL) attention.mask += query * attention.ld_mask;
    attend(kernels, kind, &attention);
    for (size_t d = 0; d < values; d++) expect(same_float(other[d], out[query * ldo + d]), "attention of one query", query, other[d], out[query * ldo + d]);
    release_blocks();
}

static void check_masked_rows(const ck_table *kernels, attention_kind kind) {
    ck_f32 *q = random_floats(4), *k = random_floats(8), *v = random_floats(8), *out = random_floats(4), *mask = random_floats(2);
    mask[0] = mask[1] = -INFINITY;
    ck_attention attention = {1, 2, 4, 4, q, 4, k, 4, v, 4, mask, 0, 1.0f, false, out, 4};
    attend(kernels, kind, &attention);
    expect(isnan(out[0]), "attention of a masked row", 0, out[0], NAN);
    attention.masked_rows_are_zero = true;
    attend(kernels, kind, &attention);
    expect(out[0] == 0.0f, "attention of a masked row that is to be zero", 0, out[0], 0.0);
    // The lowest number in the place of minus infinity weighs all keys alike.
    mask[0] = mask[1] = -FLT_MAX;
    attend(kernels, kind, &attention);
    const double mean = (taken(kernels, kind, v[0]) + taken(kernels, kind, v[4])) / 2;
    expect(fabs(out[0] - mean) < 1e-6, "attention of a row masked by the lowest number", 0, out[0], mean);
    release_blocks();
}

static void check_limits(const ck_table *kernels) {
    expect(kernels->attention_scratch(SIZE_MAX / 8, 64, 64) == SIZE_MAX, "scratch that overflows", 0, 0, 0);
    expect(kernels->packed_b_f32_count(SIZE_MAX / 8, 48) == SIZE_MAX, "panels that overflow", 0, 0, 0);
    expect(kernels->packed_b_bf16_count(SIZE_MAX / 4, 48) == SIZE_MAX, "bfloat16 panels that overflow", 0, 0, 0);
    expect(kernels->packed_b_i8_size(SIZE_MAX / 8, 480) == SIZE_MAX, "byte panels that overflow", 0, 0, 0);
}

void check_products(const ck_table *kernels) {
    for (int i = 0; i < 60; i++) {
        check_gemm_f32(kernels);
        check_gemm_bf16(kernels);
        check_gemm_i8(kernels);
        check_scaled_i8(kernels);
        check_attention(kernels, ATTENTION_F32);
        check_attention(kernels, ATTENTION_BF16);
    }
    check_masked_rows(kernels, ATTENTION_F32);
    check_masked_rows(kernels, ATTENTION_BF16);
    check_limits(kernels);
}
