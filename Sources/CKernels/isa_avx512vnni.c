#if defined(__x86_64__)
#include <immintrin.h>

#include "internal.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))), apply_to = function)
#define TABLE ck_table_avx512vnni
#define TABLE_ISA CK_AVX512VNNI
#define TABLE_NAME "avx512vnni"
#define F32_TILE_ROWS 8
#define TILE_VECTORS 3
#define BF16_TILE_ROWS 8
#define I8_TILE_ROWS 8
#define V_HAS_F16
#define V_TAILS "tails_avx512.inc"
#define V_PIECE "piece_avx512.inc"
#define V_SCALE "scale_avx512.inc"
#define V_DOT4 "dot4_vnni.inc"
#include "bodies/vectors.inc"
#include "bodies/kernels.inc"
#pragma clang attribute pop
#endif
