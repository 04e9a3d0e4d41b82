#include "check.h"

#include <math.h>

static void check_reductions(const ck_table *kernels) {
    const size_t n = random_size(0, 300);
    ck_f32 *x = random_floats(n);
    double sum = 0.0, least = INFINITY, greatest = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
        least = fmin(least, x[i]);
        greatest = fmax(greatest, x[i]);
    }
    float min, max;
    kernels->min_max_f32(x, n, &min, &max);
    expect(min == (float)least, "min", n, min, least);
    expect(max == (float)greatest, "max", n, max, greatest);
    const float found = kernels->sum_f32(x, n);
    expect(fabs(found - sum) < 1e-5, "sum_f32", n, found, sum);
    expect(same_float(found, ck_table_for(CK_SCALAR)->sum_f32(x, n)), "sum_f32 and the oracle", n, found, ck_table_for(CK_SCALAR)->sum_f32(x, n));
    if (n > 0) {
        x[random_size(0, n - 1)] = NAN;
        kernels->min_max_f32(x, n, &min, &max);
        expect(isnan(min) && isnan(max), "min and max of NaN", n, min, NAN);
    }
    release_blocks();
}

static void check_softmax(const ck_table *kernels) {
    const size_t n = random_size(1, 300);
    ck_f32 *x = random_floats(n), *y = random_floats(n), *log_y = random_floats(n), *oracle = random_floats(n);
    for (size_t i = 0; i < n; i++) x[i] = random_bits() % 8 == 0 && i > 0 ? -INFINITY : random_float(-20.0f, 20.0f);
    double max = -INFINITY, sum = 0.0;
    for (size_t i = 0; i < n; i++) max = fmax(max, x[i]);
    for (size_t i = 0; i < n; i++) sum += exp(x[i] - max);
    kernels->softmax_f32(x, y, n, false);
    kernels->log_softmax_f32(x, log_y, n);
    ck_table_for(CK_SCALAR)->softmax_f32(x, oracle, n, false);
    for (size_t i = 0; i < n; i++) {
        // x - max rounds once in float.
        const double exact = exp(x[i] - max) / sum, exact_log = x[i] - max - log(sum);
        expect(fabs(y[i] - exact) <= (4e-7 + 6e-8 * fabs(x[i] - max)) * exact || y[i] == exact, "softmax_f32", i, y[i], exact);
        expect(same_float(y[i], oracle[i]), "softmax_f32 and the oracle", i, y[i], oracle[i]);
        expect(log_y[i] == exact_log || fabs(log_y[i] - exact_log) <= 4e-6, "log_softmax_f32", i, log_y[i], exact_log);
    }
    for (size_t i = 0; i < n; i++) x[i] = -INFINITY;
    kernels->softmax_f32(x, y, n, false);
    expect(isnan(y[n - 1]), "softmax_f32 of a masked row", n, y[n - 1], NAN);
    kernels->softmax_f32(x, y, n, true);
    expect(y[n - 1] == 0.0f, "softmax_f32 of a masked row that is to be zero", n, y[n - 1], 0.0);
    release_blocks();
}

static void check_norm(const ck_table *kernels, bool centred) {
    const size_t rows = random_size(1, 4), n = random_size(1, 300), ldx = n + random_size(0, 3), ldy = n + random_size(0, 3);
    ck_f32 *x = random_floats(rows * ldx), *residual = random_floats(rows * n), *gamma = random_floats(n), *beta = random_floats(n);
    ck_f32 *y = random_floats(rows * ldy), *oracle = random_floats(rows * ldy), *sum = random_floats(rows * ldy), *means = random_floats(rows), *inverses = random_floats(rows);
    const float offset = random_float(-5.0f, 5.0f);
    for (size_t i = 0; i < rows * ldx; i++) x[i] += offset;
    ck_norm_f32 norm = {
        .rows = rows, .columns = n, .x = x, .ldx = ldx, .residual = random_bits() & 1 ? residual : NULL, .ld_residual = n, .gamma = random_bits() & 1 ? gamma : NULL,
        .beta = random_bits() & 1 ? beta : NULL, .epsilon = 1e-5f, .y = y, .ldy = ldy, .sum = sum, .mean = means, .inverse_deviation = inverses,
    };
    (centred ? kernels->layer_norm_f32 : kernels->rms_norm_f32)(&norm);
    norm.y = oracle;
    norm.sum = NULL;
    (centred ? ck_table_for(CK_SCALAR)->layer_norm_f32 : ck_table_for(CK_SCALAR)->rms_norm_f32)(&norm);
    for (size_t row = 0; row < rows; row++) {
        double mean = 0.0, variance = 0.0;
        for (size_t i = 0; i < n; i++) mean += (float)(x[row * ldx + i] + (norm.residual != NULL ? residual[row * n + i] : 0.0f));
        mean = centred ? mean / n : 0.0;
        for (size_t i = 0; i < n; i++) variance += pow((float)(x[row * ldx + i] + (norm.residual != NULL ? residual[row * n + i] : 0.0f)) - mean, 2.0);
        const double inverse = 1.0 / sqrt(variance / n + norm.epsilon);
        expect(fabs(means[row] - mean) < 2e-6, "mean", row, means[row], mean);
        expect(fabs(inverses[row] - inverse) < 1e-4 * inverse, "inverse deviation", row, inverses[row], inverse);
        for (size_t i = 0; i < n; i++) {
            const float value = x[row * ldx + i] + (norm.residual != NULL ? residual[row * n + i] : 0.0f);
            const double exact = (value - mean) * inverse * (norm.gamma != NULL ? gamma[i] : 1.0) + (norm.beta != NULL ? beta[i] : 0.0);
            const float found = y[row * ldy + i];
            expect(fabs(found - exact) < 1e-5 + 2e-6 * inverse, centred ? "layer_norm_f32" : "rms_norm_f32", i, found, exact);
            expect(same_float(found, oracle[row * ldy + i]), "normalisation and the oracle", i, found, oracle[row * ldy + i]);
            expect(sum[row * ldy + i] == value, "sum with the residual", i, sum[row * ldy + i], value);
        }
    }
    release_blocks();
}

void check_rows(const ck_table *kernels) {
    for (int i = 0; i < 60; i++) {
        check_reductions(kernels);
        check_softmax(kernels);
        check_norm(kernels, true);
        check_norm(kernels, false);
    }
}
