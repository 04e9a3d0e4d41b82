#if defined(__x86_64__)
#include <immintrin.h>

#include "internal.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#define TABLE ck_table_avxvnni
#define TABLE_ISA CK_AVXVNNI
#define TABLE_NAME "avxvnni"
#define F32_TILE_ROWS 6
#define TILE_VECTORS 1
#define BF16_TILE_ROWS 4
#define I8_TILE_ROWS 4
#define V_HAS_F16
#define V_TAILS "tails_avx2.inc"
#define V_PIECE "piece_avx2.inc"
#define V_DOT4 "dot4_avxvnni.inc"
#include "bodies/vectors.inc"
#include "bodies/kernels.inc"
#pragma clang attribute pop
#endif
