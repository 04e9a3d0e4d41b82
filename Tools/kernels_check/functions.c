#include "check.h"

#include <math.h>
#include <string.h>

static double gelu(double x) { return x == -INFINITY ? 0.0 : 0.5 * x * erfc(-x * sqrt(0.5)); }
static double gelu_tanh(double x) { return 0.5 * x * (1.0 + tanh(0.79788456080286536 * (x + 0.044715 * x * x * x))); }
static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }
static double silu(double x) { return x / (1.0 + exp(-x)); }
static double relu(double x) { return x < 0.0 ? 0.0 : x; }
static double reciprocal(double x) { return 1.0 / x; }
static double identity(double x) { return x; }
static double negative(double x) { return -x; }

// The largest errors over all floats; an error below `absolute` counts as none, for the functions that end near 0 by cancellation.
static const struct {
    ck_unary function;
    const char *name;
    double (*exact)(double);
    double ulps, absolute;
} functions[] = {
    {CK_IDENTITY, "identity", identity, 0.0, 0.0},
    {CK_RELU, "relu", relu, 0.0, 0.0},
    {CK_GELU_ERF, "gelu", gelu, 3.0, 5e-8},
    {CK_GELU_TANH, "gelu_tanh", gelu_tanh, 4.0, 3e-7},
    {CK_SILU, "silu", silu, 3.0, 1e-40},
    {CK_TANH, "tanh", tanh, 1.4, 0.0},
    {CK_SIGMOID, "sigmoid", sigmoid, 2.5, 0.0},
    {CK_EXP, "exp", exp, 1.0, 0.0},
    {CK_LOG, "log", log, 1.0, 0.0},
    {CK_ERF, "erf", erf, 1.0, 0.0},
    {CK_SQRT, "sqrt", sqrt, 0.5, 0.0},
    {CK_RECIPROCAL, "reciprocal", reciprocal, 0.5, 0.0},
    {CK_ABS, "abs", fabs, 0.0, 0.0},
    {CK_NEG, "neg", negative, 0.0, 0.0},
    {CK_FLOOR, "floor", floor, 0.0, 0.0},
    {CK_CEIL, "ceil", ceil, 0.0, 0.0},
    {CK_ROUND, "round", nearbyint, 0.0, 0.0},
};

static double ulps_between(float found, double exact) {
    if (isnan(exact)) return isnan(found) ? 0.0 : INFINITY;
    const float rounded = (float)exact;
    if (isinf(rounded) || isinf(found)) return rounded == found ? 0.0 : INFINITY;
    const int exponent = exact == 0.0 ? -149 : ilogb(exact) - 23;
    return fabs(found - exact) / ldexp(1.0, exponent < -149 ? -149 : exponent);
}

static ck_f32 float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void check_unary(const ck_table *kernels, size_t which) {
    static const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e-45f, -1e-45f, 1.17549435e-38f, 3.4e38f, -3.4e38f, 88.72283f, -103.9721f, 0.5f, 1.5f, -2.5f};
    const size_t n = random_size(1000, 1100);
    ck_f32 *x = random_floats(n), *y = random_floats(n), *oracle = random_floats(n);
    for (size_t i = 0; i < n; i++) {
        if (i < sizeof special / sizeof *special)
            x[i] = special[i];
        else
            x[i] = i % 2 == 0 ? float_of(random_bits()) : random_float(-12.0f, 12.0f);
    }
    kernels->unary_f32(functions[which].function, x, y, n);
    ck_table_for(CK_SCALAR)->unary_f32(functions[which].function, x, oracle, n);
    for (size_t i = 0; i < n; i++) {
        expect(same_float(y[i], oracle[i]), functions[which].name, i, y[i], oracle[i]);
        const bool falls_to_zero = functions[which].function == CK_GELU_TANH || functions[which].function == CK_SILU;
        const double exact = falls_to_zero && x[i] == -INFINITY ? NAN : functions[which].exact(x[i]);
        const bool near = ulps_between(y[i], exact) <= functions[which].ulps || fabs(y[i] - exact) <= functions[which].absolute;
        expect(near, functions[which].name, i, y[i], exact);
    }
    kernels->unary_f32(functions[which].function, x, x, n);
    for (size_t i = 0; i < n; i++) expect(same_float(x[i], y[i]), "unary in place", i, x[i], y[i]);
    release_blocks();
}

static float plain_binary(ck_binary function, float a, float b) {
    switch (function) {
    case CK_ADD: return a + b;
    case CK_SUB: return a - b;
    case CK_MUL: return a * b;
    case CK_DIV: return a / b;
    case CK_MAX: return isnan(a) || isnan(b) ? NAN : a > b ? a : b;
    case CK_MIN: return isnan(a) || isnan(b) ? NAN : a < b ? a : b;
    }
    return NAN;
}

static void check_binary(const ck_table *kernels, ck_binary function, ck_operands operands) {
    const size_t n = random_size(0, 70);
    ck_f32 *a = random_floats(n + 1), *b = random_floats(n + 1), *y = random_floats(n);
    if (random_bits() & 1) a[0] = NAN;
    if (random_bits() & 1) b[0] = NAN;
    kernels->binary_f32(function, operands, a, b, y, n);
    for (size_t i = 0; i < n; i++) {
        const float expected = plain_binary(function, a[operands == CK_LEFT_IS_SCALAR ? 0 : i], b[operands == CK_RIGHT_IS_SCALAR ? 0 : i]);
        expect(same_float(y[i], expected), "binary", i, y[i], expected);
    }
    release_blocks();
}

void check_functions(const ck_table *kernels) {
    for (int i = 0; i < 20; i++) {
        for (size_t which = 0; which < sizeof functions / sizeof *functions; which++) check_unary(kernels, which);
        for (ck_binary function = CK_ADD; function <= CK_MIN; function++)
            for (ck_operands operands = CK_BOTH_ARRAYS; operands <= CK_RIGHT_IS_SCALAR; operands++) check_binary(kernels, function, operands);
    }
}
