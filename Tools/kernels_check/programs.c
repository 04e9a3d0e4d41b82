#include "check.h"

#include <math.h>

/// What a step gives, element by element; functions of one and two arrays from the kernels that `functions.c` checks.
static float plain_step(const ck_table *kernels, const ck_step *step, float a, float b, float c, bool condition) {
    float y = 0.0f;
    switch (step->kind) {
    case CK_STEP_UNARY: kernels->unary_f32((ck_unary)step->function, &a, &y, 1); return y;
    case CK_STEP_BINARY: kernels->binary_f32((ck_binary)step->function, CK_BOTH_ARRAYS, &a, &b, &y, 1); return y;
    case CK_STEP_AT_LEAST: return a < b ? b : a;
    case CK_STEP_AT_MOST: return a > b ? b : a;
    case CK_STEP_CLIP: y = a < b ? b : a; return y > c ? c : y;
    case CK_STEP_LEAKY_RELU: return a < 0.0f ? a * b : a;
    case CK_STEP_CUBE: return (float)((double)a * (double)a * (double)a);
    case CK_STEP_ROOT: return a == -INFINITY ? INFINITY : (float)sqrt((double)a + 0.0);
    case CK_STEP_WHERE: return condition ? b : c;
    case CK_STEP_TRUTH: return condition ? 1.0f : 0.0f;
    }
    return y;
}

static int operand_count(const ck_step *step) {
    switch (step->kind) {
    case CK_STEP_UNARY: case CK_STEP_CUBE: case CK_STEP_ROOT: case CK_STEP_TRUTH: return 1;
    case CK_STEP_CLIP: case CK_STEP_WHERE: return 3;
    default: return 2;
    }
}

enum { INPUTS = 4, CONDITION = 3, STEPS = 12 };

/// Random steps over three inputs of floats and one of conditions, any of which may repeat.
void check_programs(const ck_table *kernels) {
    static const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e-45f, -3.4e38f, 0.5f};
    for (int round = 0; round < 300; round++) {
        const size_t n = round % 10 == 0 ? random_size(1020, 3100) : random_size(1, 70);
        const size_t step_count = random_size(1, STEPS);
        ck_step steps[STEPS];
        for (size_t s = 0; s < step_count; s++) {
            ck_step *step = &steps[s];
            step->kind = (ck_step_kind)(s == 0 ? round % (CK_STEP_TRUTH + 1) : random_size(0, CK_STEP_TRUTH));
            step->function = step->kind == CK_STEP_UNARY ? (int32_t)random_size(0, CK_ROUND) : (int32_t)random_size(0, CK_MIN);
            // A register is the last one or one that may be its own operand.
            step->target = (uint8_t)(s % CK_PROGRAM_REGISTERS);
            for (int k = 0; k < 3; k++) {
                const size_t known = s < CK_PROGRAM_REGISTERS ? s : CK_PROGRAM_REGISTERS;
                const size_t place = random_size(0, 2 + known);
                step->operands[k] = (uint8_t)(place < CONDITION ? place : place + 1);
            }
            if (step->kind == CK_STEP_WHERE || step->kind == CK_STEP_TRUTH) step->operands[0] = CONDITION;
            for (int k = operand_count(step); k < 3; k++) step->operands[k] = 0;
        }
        ck_stream streams[INPUTS];
        for (int k = 0; k < INPUTS; k++) {
            const bool repeats = random_size(0, 2) == 0;
            const size_t count = repeats ? 1 : n;
            if (k == CONDITION) {
                uint8_t *bytes = block(count);
                for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)random_size(0, 2);
                streams[k] = (ck_stream){bytes, true, repeats};
            } else {
                ck_f32 *x = random_floats(count);
                for (size_t i = 0; i < count; i++)
                    if (random_size(0, 9) == 0) x[i] = special[random_size(0, sizeof special / sizeof *special - 1)];
                streams[k] = (ck_stream){x, false, repeats};
            }
        }
        ck_f32 *expected = random_floats(n);
        for (size_t i = 0; i < n; i++) {
            float registers[CK_PROGRAM_REGISTERS] = {0}, result = 0.0f;
            for (size_t s = 0; s < step_count; s++) {
                float x[3] = {0};
                bool condition = false;
                for (int k = 0; k < operand_count(&steps[s]); k++) {
                    const size_t place = steps[s].operands[k];
                    if (place == CONDITION)
                        condition = ((const uint8_t *)streams[place].data)[streams[place].repeats ? 0 : i] != 0;
                    else
                        x[k] = place >= INPUTS ? registers[place - INPUTS] : ((const ck_f32 *)streams[place].data)[streams[place].repeats ? 0 : i];
                }
                result = plain_step(kernels, &steps[s], x[0], x[1], x[2], condition);
                registers[steps[s].target] = result;
            }
            expected[i] = result;
        }
        const ck_program program = {INPUTS, step_count, steps};
        ck_f32 *y = random_floats(n);
        kernels->program_f32(&program, streams, y, n);
        for (size_t i = 0; i < n; i++) expect(same_float(y[i], expected[i]), "program", i, y[i], expected[i]);
        for (int k = 0; k < CONDITION; k++) {
            if (streams[k].repeats) continue;
            ck_f32 *x = (ck_f32 *)streams[k].data;
            kernels->program_f32(&program, streams, x, n);
            for (size_t i = 0; i < n; i++) expect(same_float(x[i], expected[i]), "program in place", i, x[i], expected[i]);
            break;
        }
        release_blocks();
    }
}
