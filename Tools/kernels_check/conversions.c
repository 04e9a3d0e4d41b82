#include "check.h"

#include <math.h>
#include <string.h>

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/// The value of a small float of 5 or 8 exponent bits, exactly.
static double value_of(uint16_t bits, int exponent_bits) {
    const int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
    const int exponent = (bits & 0x7fff) >> fraction_bits, fraction = bits & ((1 << fraction_bits) - 1);
    double value;
    if (exponent == (1 << exponent_bits) - 1)
        value = fraction == 0 ? INFINITY : NAN;
    else if (exponent == 0)
        value = ldexp(fraction, 1 - bias - fraction_bits);
    else
        value = ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
    return bits & 0x8000 ? -value : value;
}

/// No other small float is nearer, and of two as near the even one was taken.
static bool is_nearest(float x, uint16_t found, int exponent_bits) {
    const uint16_t infinity = (uint16_t)(((1 << exponent_bits) - 1) << (15 - exponent_bits));
    if (isnan(x)) return (found & 0x7fff) > infinity && (found >> 15) == (bits_of(x) >> 31);
    if ((found & 0x7fff) > infinity || (found >> 15) != (bits_of(x) >> 31)) return false;
    if (isinf(x)) return (found & 0x7fff) == infinity;
    // Beyond the largest finite one comes what would be next, as if there were no infinity.
    const double largest = value_of(infinity - 1, exponent_bits), step = largest - value_of(infinity - 2, exponent_bits);
    const double value = (found & 0x7fff) == infinity ? copysign(largest + step, x) : value_of(found, exponent_bits);
    const uint16_t magnitude = found & 0x7fff;
    const double below = magnitude == 0 ? -1.0 : fabs(value_of(magnitude - 1, exponent_bits));
    const double above = magnitude == infinity ? INFINITY : magnitude + 1 == infinity ? largest + step : value_of(magnitude + 1, exponent_bits);
    const double error = fabs(fabs((double)x) - fabs(value)), to_below = magnitude == 0 ? INFINITY : fabs(fabs((double)x) - below), to_above = fabs(above - fabs((double)x));
    const bool even = magnitude % 2 == 0;
    return (even ? error <= to_below && error <= to_above : error < to_below && error < to_above);
}

static void check_narrowing(const ck_table *kernels) {
    const size_t n = random_size(1, 500);
    ck_f32 *x = random_floats(n);
    ck_u16 *half = block(2 * n), *brain = block(2 * n);
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = random_bits();
        switch (i % 4) {
        case 0: x[i] = float_of(bits); break;
        case 1: x[i] = float_of((bits & 0x80000fff) | (random_bits() % 0x90 + 90) << 23); break;
        case 2: x[i] = float_of((bits & 0xfffff000) | 0x1000); break; // ties
        default: x[i] = random_float(-70000.0f, 70000.0f); break;
        }
    }
    kernels->f32_to_f16(x, half, n);
    kernels->f32_to_bf16(x, brain, n);
    for (size_t i = 0; i < n; i++) {
        expect(is_nearest(x[i], half[i], 5), "f32_to_f16", i, half[i], x[i]);
        expect(is_nearest(x[i], brain[i], 8), "f32_to_bf16", i, brain[i], x[i]);
    }
    release_blocks();
}

static void check_widening(const ck_table *kernels) {
    enum { all = 65536 };
    ck_u16 *bits = block(2 * all);
    ck_f32 *half = random_floats(all), *brain = random_floats(all);
    for (size_t i = 0; i < all; i++) bits[i] = (uint16_t)i;
    kernels->f16_to_f32(bits, half, all);
    kernels->bf16_to_f32(bits, brain, all);
    for (size_t i = 0; i < all; i++) {
        expect(same_float(half[i], (float)value_of((uint16_t)i, 5)), "f16_to_f32", i, half[i], value_of((uint16_t)i, 5));
        expect(same_float(brain[i], (float)value_of((uint16_t)i, 8)), "bf16_to_f32", i, brain[i], value_of((uint16_t)i, 8));
    }
    release_blocks();
}

static double saturated(double value, double least, double greatest) { return isnan(value) || value < least ? least : value > greatest ? greatest : value; }

static void check_quantisation(const ck_table *kernels) {
    const size_t n = random_size(1, 100);
    const float scale = random_float(0.01f, 0.1f);
    const int32_t zero_u8 = (int32_t)(random_bits() % 256), zero_s8 = zero_u8 - 128;
    ck_f32 *x = random_floats(n), *y = random_floats(n);
    uint8_t *u8 = block(n);
    int8_t *s8 = block(n);
    for (size_t i = 0; i < n; i++) x[i] = i % 3 == 0 ? ((float)(random_bits() % 300) - 149.5f) * scale : random_float(-30.0f, 30.0f);
    x[0] = NAN;
    if (n > 2) x[1] = INFINITY, x[2] = -INFINITY;
    kernels->quantize_u8(x, scale, zero_u8, u8, n);
    kernels->quantize_s8(x, scale, zero_s8, s8, n);
    for (size_t i = 0; i < n; i++) {
        const double rounded = nearbyintf(x[i] / scale);
        expect(u8[i] == saturated(rounded + zero_u8, 0, 255), "quantize_u8", i, u8[i], rounded + zero_u8);
        expect(s8[i] == saturated(rounded + zero_s8, -128, 127), "quantize_s8", i, s8[i], rounded + zero_s8);
    }
    kernels->dequantize_u8(u8, scale, zero_u8, y, n);
    for (size_t i = 0; i < n; i++) expect(y[i] == (float)(u8[i] - zero_u8) * scale, "dequantize_u8", i, y[i], (float)(u8[i] - zero_u8) * scale);
    kernels->dequantize_s8(s8, scale, zero_s8, y, n);
    for (size_t i = 0; i < n; i++) expect(y[i] == (float)(s8[i] - zero_s8) * scale, "dequantize_s8", i, y[i], (float)(s8[i] - zero_s8) * scale);
    release_blocks();
}

static void check_transpose(const ck_table *kernels, size_t size) {
    const size_t rows = random_size(0, 40), columns = random_size(0, 40), ldx = columns + random_size(0, 3), ldy = rows + random_size(0, 3);
    uint8_t *x = block(rows * ldx * size), *y = block(columns * ldy * size);
    for (size_t i = 0; i < rows * ldx * size; i++) x[i] = (uint8_t)random_bits();
    expect(kernels->transpose(size, rows, columns, x, ldx, y, ldy), "transpose takes this size", size, 0, 1);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) expect(memcmp(y + (j * ldy + i) * size, x + (i * ldx + j) * size, size) == 0, "transpose", i, j, (double)size);
    for (size_t j = 0; j < columns; j++)
        for (size_t i = rows * size; i < ldy * size; i++) expect(y[j * ldy * size + i] == 0xAA, "transpose beyond its rows", j, y[j * ldy * size + i], 0xAA);
    release_blocks();
}

void check_conversions(const ck_table *kernels) {
    check_widening(kernels);
    for (int i = 0; i < 60; i++) {
        check_narrowing(kernels);
        check_quantisation(kernels);
        for (size_t size = 1; size <= 8; size *= 2) check_transpose(kernels, size);
    }
    expect(!kernels->transpose(3, 0, 0, "", 0, (char[1]){0}, 0), "transpose refuses three bytes", 3, 1, 0);
}
