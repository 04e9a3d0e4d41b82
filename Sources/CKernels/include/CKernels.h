/// Compute kernels: one table of functions per instruction set, all tables giving the same bits.
///
/// How that holds: every output of a product is the sum, in k order, of chains of fused multiply-adds over 128 k each (one chain over 3072 is 3.4 times as far off as
/// ONNX Runtime); every row reduction sums element i into lane i mod 64 and then folds the lanes in one fixed tree; every function is the same sequence of correctly
/// rounded operations on sixteen lanes, tails included.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Elements of mapped files have any alignment.
typedef float ck_f32 __attribute__((aligned(1)));
typedef uint16_t ck_u16 __attribute__((aligned(1)));
typedef int32_t ck_s32 __attribute__((aligned(1)));

typedef enum { CK_SCALAR, CK_AVX2, CK_AVXVNNI, CK_AVX512, CK_AVX512VNNI, CK_AVX512BF16, CK_NEON, CK_NEONDOT } ck_isa;

/// Largest errors against double precision: see Tests/CKernelsTests, where each is a case.
typedef enum {
    CK_IDENTITY,
    CK_RELU,
    CK_GELU_ERF,
    CK_GELU_TANH,
    CK_SILU,
    CK_TANH,
    CK_SIGMOID,
    CK_EXP,
    CK_LOG,
    CK_ERF,
    CK_SQRT,
    CK_RECIPROCAL,
    CK_ABS,
    CK_NEG,
    CK_FLOOR,
    CK_CEIL,
    CK_ROUND,
} ck_unary;

/// Max and min return NaN where either operand is NaN.
typedef enum { CK_ADD, CK_SUB, CK_MUL, CK_DIV, CK_MAX, CK_MIN } ck_binary;

/// The products that kernels are made of: of floats, of bfloat16 and of bytes.
typedef enum { CK_PRODUCT_F32, CK_PRODUCT_BF16, CK_PRODUCT_I8 } ck_product;

/// Which operand of a binary function is one element instead of n.
typedef enum { CK_BOTH_ARRAYS, CK_LEFT_IS_SCALAR, CK_RIGHT_IS_SCALAR } ck_operands;

/// What a step of an element-wise program does with its operands a, b and c. Functions of one and two arrays are those above.
typedef enum {
    CK_STEP_UNARY,
    CK_STEP_BINARY,
    CK_STEP_AT_LEAST, // a < b ? b : a
    CK_STEP_AT_MOST, // a > b ? b : a
    CK_STEP_CLIP, // at least b, then at most c
    CK_STEP_LEAKY_RELU, // a < 0 ? a * b : a
    CK_STEP_CUBE, // in double precision, rounded once
    CK_STEP_ROOT, // as pow has it: -infinity gives infinity, -0 gives 0
    CK_STEP_WHERE, // a ? b : c, where a is a condition
    CK_STEP_TRUTH, // a ? 1 : 0
} ck_step_kind;

/// Operands below `input_count` are inputs, the others registers from there on; those that a step doesn't take are 0.
typedef struct {
    ck_step_kind kind;
    int32_t function; // a ck_unary or ck_binary
    uint8_t operands[3];
    uint8_t target; // a register, which may be an operand; the last step's is the result
} ck_step;

enum { CK_PROGRAM_REGISTERS = 8, CK_PROGRAM_BLOCK = 1024 };

typedef struct {
    size_t input_count, step_count;
    const ck_step *steps;
} ck_program;

/// An input of a program: n floats, or n bytes that are conditions where they aren't 0; or one of them for all.
typedef struct {
    const void *data;
    bool is_condition, repeats;
} ck_stream;

/// What a product does with alpha * A * B before it leaves the cache: + beta * C, + bias[column], activation, + residual[row][column], in this order.
/// The residual may not be C itself.
typedef struct {
    float alpha;
    float beta; // 0 never reads C
    const ck_f32 *_Nullable bias;
    ck_unary activation;
    const ck_f32 *_Nullable residual;
    size_t ld_residual;
} ck_epilogue;

/// C[m][n] = epilogue(A[m][k] * B[k][n]). Leading dimensions are in elements; where one is the caller's choice, off a multiple of 1024 is faster for long A.
typedef struct {
    size_t m, n, k;
    const ck_f32 *a;
    size_t lda;
    const ck_f32 *packed_b;
    ck_f32 *c;
    size_t ldc;
    ck_epilogue epilogue;
} ck_gemm_f32;

/// The same with A and B in bfloat16 and sums in float. A's rows have an even number of elements, as `rows_to_bf16` makes them.
typedef struct {
    size_t m, n, k;
    const ck_u16 *a;
    size_t lda;
    const ck_u16 *packed_b;
    ck_f32 *c;
    size_t ldc;
    ck_epilogue epilogue;
} ck_gemm_bf16;

/// C[m][n] = sum over k of (A[m][k] - a_zero[m]) * (B[k][n] - b_zero[n]), exact modulo 2^32; or, where y is not null, y = epilogue(that as float * (a_scale[m] * b_scale[n])).
typedef struct {
    size_t m, n, k;
    const uint8_t *a; // bytes of int8 where a_signed
    size_t lda;
    bool a_signed;
    bool b_signed; // as B was packed
    const uint8_t *packed_b;
    const ck_s32 *_Nullable a_zero; // null is zero; one a row, or one for all where a_zero_stride is 0
    size_t a_zero_stride;
    const ck_s32 *_Nullable b_zero; // the same for columns
    size_t b_zero_stride;
    ck_s32 *_Nullable c; // null where y is not
    size_t ldc;
    ck_f32 *_Nullable y;
    const ck_f32 *_Nullable a_scale; // with strides as the zero points
    size_t a_scale_stride;
    const ck_f32 *_Nullable b_scale;
    size_t b_scale_stride;
    ck_epilogue epilogue;
} ck_gemm_i8;

/// One head: out = softmax(scale * Q * K^T + mask) * V; rows have strides, so a head can be a view into interleaved heads.
typedef struct {
    size_t queries, keys, head_size, value_size;
    const ck_f32 *q;
    size_t ldq;
    const ck_f32 *k;
    size_t ldk;
    const ck_f32 *v;
    size_t ldv;
    const ck_f32 *_Nullable mask; // additive
    size_t ld_mask; // 0: one row for all queries
    float scale;
    bool masked_rows_are_zero; // a row whose scores are all -inf gives 0 instead of NaN
    ck_f32 *out;
    size_t ldo;
} ck_attention;

/// y = (x + residual - mean) / sqrt(variance + epsilon) * gamma + beta, row by row. For RMS normalisation the mean is not subtracted and beta is added all the same.
typedef struct {
    size_t rows, columns;
    const ck_f32 *x;
    size_t ldx;
    const ck_f32 *_Nullable residual;
    size_t ld_residual;
    const ck_f32 *_Nullable gamma;
    const ck_f32 *_Nullable beta;
    float epsilon;
    ck_f32 *y;
    size_t ldy;
    ck_f32 *_Nullable sum; // x + residual, with y's leading dimension
    ck_f32 *_Nullable mean; // one a row
    ck_f32 *_Nullable inverse_deviation; // one a row
} ck_norm_f32;

/// x may be y wherever both are float arrays of the same length. Nothing here allocates, blocks or keeps state.
typedef struct {
    ck_isa isa;
    const char *name;

    /// Columns of a packed panel, and the rows of A that one pass over a panel serves.
    size_t f32_panel_columns, f32_tile_rows;
    size_t bf16_panel_columns;
    size_t i8_panel_columns, i8_tile_rows;

    /// Floats of a packed K x N matrix; SIZE_MAX where that overflows.
    size_t (*packed_b_f32_count)(size_t k, size_t n);
    /// Packs panels [first, last) of B (K x N with leading dimension ldb; N x K where transposed) into their places in packed.
    void (*pack_b_f32)(size_t k, size_t n, const ck_f32 *b, size_t ldb, bool transposed, size_t first_panel, size_t last_panel, ck_f32 *packed);
    /// Computes the columns of panels [first, last).
    void (*gemm_f32)(const ck_gemm_f32 *gemm, size_t first_panel, size_t last_panel);

    /// Elements of a packed K x N matrix of bfloat16; SIZE_MAX where that overflows.
    size_t (*packed_b_bf16_count)(size_t k, size_t n);
    /// Rounds and packs panels [first, last) of a float matrix, as `pack_b_f32` does.
    void (*pack_b_bf16)(size_t k, size_t n, const ck_f32 *b, size_t ldb, bool transposed, size_t first_panel, size_t last_panel, ck_u16 *packed);
    /// Rounds rows of k floats to rows of k elements and, where k is odd, a zero.
    void (*rows_to_bf16)(size_t rows, size_t k, const ck_f32 *x, size_t ldx, ck_u16 *y, size_t ldy);
    void (*gemm_bf16)(const ck_gemm_bf16 *gemm, size_t first_panel, size_t last_panel);

    /// Bytes of a packed K x N matrix with its column sums; SIZE_MAX where that overflows.
    size_t (*packed_b_i8_size)(size_t k, size_t n);
    void (*pack_b_i8)(size_t k, size_t n, const uint8_t *b, size_t ldb, bool transposed, bool b_signed, size_t first_panel, size_t last_panel, uint8_t *packed);
    void (*gemm_i8)(const ck_gemm_i8 *gemm, size_t first_panel, size_t last_panel);
    /// Rotates each row and quantizes it by its own range, 0 included: a scale and a zero point a row. Rows of k are rotated in blocks of the greatest power of two
    /// from 16 to 128 that divides k, by the Hadamard matrix of that order: element j is the sum of the block's elements i, negated where i & j has an odd number of bits.
    void (*rows_to_u8)(size_t rows, size_t k, const ck_f32 *x, size_t ldx, uint8_t *y, size_t ldy, ck_f32 *scales, ck_s32 *zeros);
    /// Rotates each column of B (N x K where transposed) in the same way and quantizes it by its greatest magnitude; q is as B without gaps. The scales are divided by
    /// the length of a block, so that a product of what these two give is the product of what they were given.
    void (*columns_to_s8)(size_t k, size_t n, const ck_f32 *b, size_t ldb, bool transposed, int8_t *q, ck_f32 *scales);

    /// Floats of scratch for a call of either; SIZE_MAX where that overflows.
    size_t (*attention_scratch)(size_t keys, size_t head_size, size_t value_size);
    void (*attention_f32)(const ck_attention *attention, ck_f32 *scratch);
    /// Q, K, V and the exponentials of scores are rounded to bfloat16 for their products; scores, sums and the result are float.
    void (*attention_bf16)(const ck_attention *attention, ck_f32 *scratch);

    void (*unary_f32)(ck_unary function, const ck_f32 *x, ck_f32 *y, size_t n);
    void (*binary_f32)(ck_binary function, ck_operands operands, const ck_f32 *a, const ck_f32 *b, ck_f32 *y, size_t n);
    /// The same bits as step by step. An input that doesn't repeat may be y.
    void (*program_f32)(const ck_program *program, const ck_stream *streams, ck_f32 *y, size_t n);

    float (*sum_f32)(const ck_f32 *x, size_t n);
    /// The least and the greatest; NaN where any element is NaN; +inf and -inf of an empty array.
    void (*min_max_f32)(const ck_f32 *x, size_t n, float *min, float *max);
    void (*softmax_f32)(const ck_f32 *x, ck_f32 *y, size_t n, bool masked_row_is_zero);
    void (*log_softmax_f32)(const ck_f32 *x, ck_f32 *y, size_t n);
    void (*layer_norm_f32)(const ck_norm_f32 *norm);
    void (*rms_norm_f32)(const ck_norm_f32 *norm);

    /// Round to nearest even; NaN stays NaN (made quiet, upper bits of its payload kept).
    void (*f32_to_f16)(const ck_f32 *x, ck_u16 *y, size_t n);
    void (*f16_to_f32)(const ck_u16 *x, ck_f32 *y, size_t n);
    void (*f32_to_bf16)(const ck_f32 *x, ck_u16 *y, size_t n);
    void (*bf16_to_f32)(const ck_u16 *x, ck_f32 *y, size_t n);

    /// y = saturate(round half even(x / scale) + zero); NaN gives the least value.
    void (*quantize_u8)(const ck_f32 *x, float scale, int32_t zero, uint8_t *y, size_t n);
    void (*quantize_s8)(const ck_f32 *x, float scale, int32_t zero, int8_t *y, size_t n);
    /// y = (x - zero) * scale.
    void (*dequantize_u8)(const uint8_t *x, float scale, int32_t zero, ck_f32 *y, size_t n);
    void (*dequantize_s8)(const int8_t *x, float scale, int32_t zero, ck_f32 *y, size_t n);

    /// y[j][i] = x[i][j] for elements of 1, 2, 4 or 8 bytes; false for any other size. Leading dimensions in elements.
    bool (*transpose)(size_t element_size, size_t rows, size_t columns, const void *x, size_t ldx, void *y, size_t ldy);

    /// Multiplies and adds on registers, as fast as the calling thread can, and returns the operations done (two a product): a limit of every product of the kind.
    double (*peak)(ck_product product, size_t steps);
} ck_table;

/// The table for this CPU, chosen once. The environment variable ONNX_RUN_ISA (scalar, avx2, avxvnni, avx512, avx512vnni, avx512bf16, neon, neondot) lowers it; a set that the CPU lacks, or an
/// unknown name, is ignored: `ck_isa_name` says what runs.
const ck_table *ck_kernels(void);

/// The name of the instruction set that `ck_kernels` uses.
const char *ck_isa_name(void);

/// The table of one instruction set; null where this CPU lacks it.
const ck_table *_Nullable ck_table_for(ck_isa isa);

#pragma clang assume_nonnull end
#endif
